/** What an API refuses; the server answers with status 400 and this text. */
export class Refusal extends Error {}

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

export function refuse(message: string): never {
  throw new Refusal(message);
}

export function check(holds: boolean, message: string): void {
  if (!holds) refuse(message);
}

/** Reads an object that has all required fields and none that are unknown, as strict APIs do. */
export function fields(value: unknown, where: string, required: string, optional = ""): Fields {
  const found = object(value, where);
  const must = required.split(" ").filter(Boolean);
  const may = new Set([...must, ...optional.split(" ").filter(Boolean)]);
  for (const name of Object.keys(found)) check(may.has(name), `${where}: unknown field "${name}"`);
  for (const name of must) check(name in found, `${where}: missing field "${name}"`);
  return found;
}

export function object(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`${where}: expected an object`);
  return { ...value };
}

export function list(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${where}: expected a list`);
}

export function text(value: unknown, where: string): string {
  return typeof value === "string" ? value : refuse(`${where}: expected a string`);
}

export function oneOf(value: unknown, where: string, ...allowed: readonly unknown[]): void {
  check(allowed.includes(value), `${where}: ${JSON.stringify(value)} is none of ${JSON.stringify(allowed)}`);
}

/** The name of a tool or schema, as all these APIs want it. */
export function toolName(value: unknown, where: string): string {
  const name = text(value, where);
  check(/^[a-zA-Z0-9_-]{1,64}$/u.test(name), `${where}: "${name}" is no name`);
  return name;
}

/** Arguments that came as JSON in a string. */
export function jsonArguments(value: unknown, where: string): Fields {
  return object(JSON.parse(text(value, where)), where);
}

/** Fails at any field of a schema, at any depth, whose name an API does not know. */
export function schemaSubset(schema: unknown, where: string, known: string): void {
  const names = new Set(known.split(" "));
  const found = object(schema, where);
  for (const [name, value] of Object.entries(found)) {
    check(names.has(name), `${where}: unknown name "${name}" in a schema`);
    if (name === "properties") {
      for (const [key, member] of Object.entries(object(value, `${where}.properties`)))
        schemaSubset(member, `${where}.${key}`, known);
    }
    if (name === "items") schemaSubset(value, `${where}.items`, known);
    if (name === "anyOf") for (const option of list(value, where)) schemaSubset(option, where, known);
  }
}

/** OpenAI's demands on a strict schema: closed objects whose properties are all required. */
export function strictSchema(schema: unknown, where: string): void {
  const found = object(schema, where);
  if (found.type === "object") {
    const properties = object(found.properties ?? {}, where);
    check(found.additionalProperties === false, `${where}: additionalProperties must be false`);
    const required = new Set(list(found.required ?? [], where));
    for (const name of Object.keys(properties))
      check(required.has(name), `${where}: "${name}" must be required`);
    for (const [name, member] of Object.entries(properties)) strictSchema(member, `${where}.${name}`);
  }
  if (found.type === "array") strictSchema(found.items, `${where}.items`);
}

import { JitRLError } from "./errors.js";

/** What JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/**
 * JSON with sorted keys and without absent members: equal values give equal text, on every machine.
 *
 * @throws JitRLError `invalid-input` for what JSON cannot hold: cycles, bigints, functions, NaN, infinities.
 */
export function canonicalJson(value: unknown, what = "value"): string {
  const ancestors = new Set<object>();
  const write = (node: unknown, path: string): string => {
    if (node === null || typeof node === "boolean" || typeof node === "string") return JSON.stringify(node);
    if (typeof node === "number") {
      if (Number.isFinite(node)) return JSON.stringify(node);
      throw notJson(path, String(node));
    }
    if (typeof node !== "object") throw notJson(path, typeof node);
    if (ancestors.has(node)) throw notJson(path, "a cycle");
    ancestors.add(node);
    let text: string;
    if (Array.isArray(node)) {
      text = `[${node.map((item, i) => (item === undefined ? "null" : write(item, `${path}[${i}]`))).join(",")}]`;
    } else if ("toJSON" in node && typeof node.toJSON === "function") {
      text = write(node.toJSON(), path);
    } else {
      const members = Object.entries(node)
        .filter(([, member]) => member !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([key, member]) => `${JSON.stringify(key)}:${write(member, `${path}.${key}`)}`);
      text = `{${members.join(",")}}`;
    }
    ancestors.delete(node);
    return text;
  };
  return write(value, what);
}

/**
 * A copy such as {@link canonicalJson} read back would be, in one pass: keys sorted, absent members left out.
 *
 * @throws JitRLError `invalid-input` for what JSON cannot hold: cycles, bigints, functions, NaN, infinities.
 */
export function copyJson(value: unknown, what = "value"): JsonValue {
  const ancestors: object[] = [];
  const keys: (string | number)[] = [];
  const refuse = (found: string) =>
    notJson(
      keys.reduce<string>((path, key) => path + (typeof key === "number" ? `[${key}]` : `.${key}`), what),
      found,
    );
  const copy = (node: unknown): JsonValue => {
    if (node === null || typeof node === "boolean" || typeof node === "string") return node;
    if (typeof node === "number") {
      // JSON knows no negative zero.
      if (Number.isFinite(node)) return node === 0 ? 0 : node;
      throw refuse(String(node));
    }
    if (typeof node !== "object") throw refuse(typeof node);
    if (ancestors.includes(node)) throw refuse("a cycle");
    ancestors.push(node);
    const copied = Array.isArray(node)
      ? Array.from(node, (item: unknown, i) => (item === undefined ? null : copyAt(i, item)))
      : "toJSON" in node && typeof node.toJSON === "function"
        ? copy(node.toJSON())
        : copyMembers(node);
    ancestors.pop();
    return copied;
  };
  const copyAt = (key: string | number, node: unknown): JsonValue => {
    keys.push(key);
    const copied = copy(node);
    keys.pop();
    return copied;
  };
  const copyMembers = (node: object): JsonValue => {
    const copied: Record<string, JsonValue> = {};
    const members = node as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(node).sort()) {
      if (members[key] !== undefined) setMember(copied, key, copyAt(key, members[key]));
    }
    return copied;
  };
  return copy(value);
}

/** Sets a member of an object, also one named `__proto__`, to which nothing can be assigned. */
export function setMember<T>(members: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") members[name] = value;
  else Object.defineProperty(members, name, { configurable: true, enumerable: true, writable: true, value });
}

function notJson(path: string, found: string): JitRLError {
  return new JitRLError("invalid-input", `Expected ${path} to be plain JSON, found ${found}.`, {
    details: { path },
  });
}

import { canonicalJson } from "@jitrl/core";
import { type BoundTool, parametersOf, type ToolForm, toolForms } from "./bound-tool.js";

/**
 * Names the shape of a tool: the same as long as its parameters are, whatever is said about them; `undefined` for a
 * tool that is not bound, or whose parameters cannot be told.
 *
 * @returns eight hexadecimal digits
 */
export function toolFingerprint(name: string, tools: readonly BoundTool[]): string | undefined {
  const form = toolForms(tools).callable.get(name);
  if (!form) return undefined;
  if (!fingerprints.has(form.schema)) fingerprints.set(form.schema, fingerprintOf(form));
  return fingerprints.get(form.schema);
}

/** The fingerprints of all tools that have one, by name. */
export function toolFingerprints(tools: readonly BoundTool[]): Readonly<Record<string, string>> {
  const names = [...toolForms(tools).callable.keys()];
  return Object.fromEntries(
    names.flatMap((name) => {
      const fingerprint = toolFingerprint(name, tools);
      return fingerprint === undefined ? [] : [[name, fingerprint]];
    }),
  );
}

/** By schema, since telling one in JSON takes time, and schemas are not changed once they are bound. */
const fingerprints = new WeakMap<object, string | undefined>();

function fingerprintOf(form: ToolForm): string | undefined {
  try {
    return hash(canonicalJson(shapeOf(parametersOf(form))));
  } catch {
    // What cannot be told in JSON has no fingerprint: the tool is then known by its name alone.
    return undefined;
  }
}

/** Says something about a parameter, but not what it may be. */
const remarks = new Set([
  "$comment",
  "$id",
  "$schema",
  "deprecated",
  "description",
  "examples",
  "readOnly",
  "title",
  "writeOnly",
]);
/** Keywords whose members are named by the caller, each a schema. */
const named = new Set(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"]);
/** Keywords whose value is data, no schema. */
const data = new Set(["const", "default", "enum", "required", "type"]);
/** Keywords whose lists are sets. */
const sets = new Set(["allOf", "anyOf", "enum", "oneOf", "required", "type"]);

/** A JSON schema less what does not change which arguments it takes. */
function shapeOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(shapeOf);
  if (!isRecord(schema)) return schema;
  const members = Object.entries(schema).filter(([key]) => !remarks.has(key));
  return Object.fromEntries(members.map(([key, value]) => [key, memberOf(key, value)]));
}

function memberOf(key: string, value: unknown): unknown {
  if (named.has(key) && isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, shapeOf(schema)]));
  }
  const member = data.has(key) ? value : shapeOf(value);
  if (!sets.has(key) || !Array.isArray(member)) return member;
  return member.map((one) => canonicalJson(one)).sort();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** FNV-1a, 32 bits: it tells two shapes of one tool apart, and guards nothing. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, "0");
}

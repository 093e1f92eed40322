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

function notJson(path: string, found: string): JitRLError {
  return new JitRLError("invalid-input", `Expected ${path} to be plain JSON, found ${found}.`, {
    details: { path },
  });
}

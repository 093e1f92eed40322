import { canonicalJson, type JsonValue, normalizeText } from "@jitrl/core";

/** A complete call of a tool. */
export interface ToolCallSpec {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Gives the canonical key under which a call is learned. */
export type ActionKey = (call: ToolCallSpec) => string;

/**
 * The default {@link ActionKey}: the tool's name and its arguments as canonical JSON, with identifiers masked in
 * texts as in states, so that refunding order 123 and refunding order 456 are the same action.
 *
 * @example toolCallKey({ name: "refund", args: { order: "#4711", amount: 30 } }) // 'refund {"amount":30,"order":"<id>"}'
 */
export const toolCallKey: ActionKey = ({ name, args }) => {
  const masked = canonicalJson(mask(args), "the arguments of a tool call");
  return masked === "{}" ? name : `${name} ${masked}`;
};

/** The {@link ActionKey} for tools whose arguments do not matter to what is learned, only which tool is called. */
export const toolNameKey: ActionKey = ({ name }) => name;

function mask(value: unknown): unknown {
  if (typeof value === "string") return normalizeText(value);
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mask(member)]));
  }
  return value;
}

/** A call as the payload of a candidate or step. */
export function toPayload({ name, args }: ToolCallSpec, id?: string): JsonValue {
  const copy: JsonValue = JSON.parse(canonicalJson(args, "the arguments of a tool call"));
  return { name, args: copy, ...(id === undefined ? {} : { id }) };
}

/** Reads a payload back, or `undefined` where it is no tool call. */
export function fromPayload(
  payload: JsonValue | undefined,
): (ToolCallSpec & { readonly id?: string }) | undefined {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  const { name, args, id } = payload as { readonly [key: string]: JsonValue | undefined };
  if (typeof name !== "string" || typeof args !== "object" || args === null || Array.isArray(args))
    return undefined;
  return { name, args: { ...args }, ...(typeof id === "string" ? { id } : {}) };
}

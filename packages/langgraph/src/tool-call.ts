import { canonicalJson, type JsonValue } from "@jitrl/core";

/** A complete call of a tool. */
export interface ToolCallSpec {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A call as it stands in a payload, with the id by which its answer finds it, where it has been executed. */
export type ExecutedCall = ToolCallSpec & { readonly id?: string };

/** A call as the payload of a candidate or step. */
export function toPayload({ name, args }: ToolCallSpec, id?: string): JsonValue {
  const copy: JsonValue = JSON.parse(canonicalJson(args, "the arguments of a tool call"));
  return { name, args: copy, ...(id === undefined ? {} : { id }) };
}

/** Reads the payload of one call back, or `undefined` where it is none, or several. */
export function fromPayload(payload: JsonValue | undefined): ExecutedCall | undefined {
  if (!isRecord(payload)) return undefined;
  const { name, args, id } = payload;
  if (typeof name !== "string" || !isRecord(args)) return undefined;
  return { name, args: { ...args }, ...(typeof id === "string" ? { id } : {}) };
}

/**
 * Calls that are made at once, as one payload: that of the call where it is one, else `{ calls }`. A set of calls is
 * one action, under its `joinedKey`.
 */
export function callsToPayload(calls: readonly ExecutedCall[]): JsonValue {
  const payloads = calls.map((call) => toPayload(call, call.id));
  const [only] = payloads;
  return payloads.length === 1 && only !== undefined ? only : { calls: payloads };
}

/** Reads the calls of a payload back, one or several; `undefined` where it is no call, such as an answer. */
export function callsFromPayload(payload: JsonValue | undefined): readonly ExecutedCall[] | undefined {
  const one = fromPayload(payload);
  if (one) return [one];
  if (!isRecord(payload) || !Array.isArray(payload.calls)) return undefined;
  const listed: readonly JsonValue[] = payload.calls;
  const calls = listed.flatMap((call) => fromPayload(call) ?? []);
  return calls.length === listed.length && calls.length > 0 ? calls : undefined;
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

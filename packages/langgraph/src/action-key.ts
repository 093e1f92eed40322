import { canonicalJson, normalizeText } from "@jitrl/core";
import type { BoundTool } from "./bound-tool.js";
import type { ToolCallSpec } from "./tool-call.js";
import { toolFingerprint } from "./tool-fingerprint.js";

/** What is known where a call is named. */
export interface ActionContext<S = unknown> {
  /** The tools that are bound to the agent now; without them keys carry no fingerprint. */
  readonly tools?: readonly BoundTool[];
  /** Where the tools are not at hand: the fingerprints that they had when the call was decided, by name. */
  readonly fingerprints?: Readonly<Record<string, string>>;
  /** The graph's state, as the source of candidates sees it. */
  readonly state?: S;
}

/**
 * Gives the canonical key under which a call is learned. Any function of the call will do, such as
 * {@link toolNameKey}; of the tools and the state too, where they are known.
 */
export type ActionKey<S = unknown> = (call: ToolCallSpec, context?: ActionContext<S>) => string;

/** An {@link ActionKey} that has its context: what sources of candidates and descriptions of states are given. */
export type BoundActionKey = (call: ToolCallSpec) => string;

/** Gives a key its context: the tools and the state of this step. */
export function bindActionKey<S>(actionKey: ActionKey<S>, context: ActionContext<S>): BoundActionKey {
  return (call) => actionKey(call, context);
}

/**
 * The default {@link ActionKey}: the tool's name, a fingerprint of its parameters where the tools are known, and the
 * call's arguments as canonical JSON, with identifiers masked in texts as in states, so that refunding order 123 and
 * refunding order 456 are the same action, and so that experience with an older shape of a tool is told apart.
 *
 * @example
 * toolCallKey({ name: "refund", args: { order: "#4711", amount: 30 } })          // 'refund {"amount":30,"order":"<id>"}'
 * toolCallKey({ name: "refund", args: { amount: 30 } }, { tools: [refundTool] }) // 'refund#1c7d20fe {"amount":30}'
 */
export const toolCallKey: ActionKey = (call, context) => keyOf(call, context, mask);

/** The {@link ActionKey} for tools whose arguments do not matter to what is learned, only which tool is called. */
export const toolNameKey: ActionKey = ({ name }) => name;

/**
 * One key for several calls that are made at once: the same whatever their order, since they run side by side. The
 * key of one call is that call's.
 */
export function joinedKey(calls: readonly ToolCallSpec[], actionKey: BoundActionKey): string {
  return calls.map(actionKey).sort().join(" + ");
}

/** A key of name, fingerprint and arguments. */
export function keyOf(
  { name, args }: ToolCallSpec,
  { tools = [], fingerprints = {} }: ActionContext = {},
  change: (args: unknown) => unknown = (same) => same,
): string {
  const known = Object.hasOwn(fingerprints, name) ? fingerprints[name] : undefined;
  const fingerprint = known ?? toolFingerprint(name, tools);
  const called = fingerprint === undefined ? name : `${name}#${fingerprint}`;
  const told = canonicalJson(change(args), "the arguments of a tool call");
  return told === "{}" ? called : `${called} ${told}`;
}

/** A key, or several joined, without the fingerprints of tools: what was done, whatever shape the tools had. */
export function withoutFingerprint(action: string): string {
  return action.replace(/(?<=^| \+ )([^\s#]+)#[0-9a-f]{8}(?=\s|$)/gu, "$1");
}

/** True if the default key masks something in these arguments: values that hold here, and nowhere else. */
export function hasMasked(args: unknown): boolean {
  return holdsMask(mask(args));
}

/** True if a text in this value holds a mask. */
export function holdsMask(value: unknown): boolean {
  if (typeof value === "string") return /<(?:email|id|time|uuid)>/u.test(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsMask);
}

function mask(value: unknown): unknown {
  if (typeof value === "string") return normalizeText(value);
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mask(member)]));
  }
  return value;
}

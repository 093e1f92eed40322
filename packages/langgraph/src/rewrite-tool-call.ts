import { canonicalJson, JitRLError } from "@jitrl/core";
import { AIMessage } from "@langchain/core/messages";
import { v4 } from "@langchain/core/utils/uuid";
import { isGoogle, type PlacedCall, rewriteContent, SKIP_SIGNATURE } from "./rewrite-content.js";
import type { ExecutedCall, ToolCallSpec } from "./tool-call.js";

/**
 * Beyond `tool_calls`, each provider's client keeps a call in places from which it is sent to the API again. What
 * must go and what must stay, as the clients' sources and reports of refused requests have it:
 *
 * | provider | kept | dropped |
 * |---|---|---|
 * | OpenAI, completions; OpenRouter | text, `reasoning_details` | `additional_kwargs.tool_calls`, `function_call` |
 * | DeepSeek | `reasoning_content`, which the API wants beside calls in thinking mode | as OpenAI |
 * | OpenAI, Responses | text | `response_metadata.output`; reasoning items **and** the item ids of the calls: the API refuses one without the other, and the reasoning led to another call |
 * | Anthropic | thinking blocks with their signatures, which the API wants unchanged before a call | nothing: the signature covers the thought alone |
 * | Google | thoughts | a call's `thoughtSignature` belongs to that call; {@link SKIP_SIGNATURE} takes its place |
 * | Ollama | text | – |
 *
 * What a server remembers itself cannot be rewritten: an agent that goes on by OpenAI's `previous_response_id` or by
 * Google's stateful interactions still shows the model its old call.
 */
const echoedOutput = "output";
const reasoningItem = "reasoning";
const echoedKwargs = new Set(["tool_calls", "function_call", reasoningItem, "__openai_function_call_ids__"]);
/** Records by the id of a call. */
const kwargsByCall = new Set([
  "__openai_custom_tool_call_ids__",
  "__gemini_function_call_thought_signatures__",
]);

/**
 * A copy of an AI message with one tool call in the place of all that it holds, everywhere where providers keep it:
 * in `tool_calls`, in content blocks, and in the metadata that clients echo to the API. The ids of the message and
 * of its first call stay, so that the message replaces the old one and a tool's answer finds its call. Text beside
 * the call stays too: users may have seen it.
 */
export function rewriteToolCall(
  message: AIMessage,
  call: ToolCallSpec,
  metadata: Record<string, unknown> = {},
): AIMessage {
  return rewriteToolCalls(message, [{ name: call.name, args: call.args }], metadata);
}

/**
 * A copy of an AI message with these tool calls in the place of all that it holds: see {@link rewriteToolCall}. A call
 * with the id of one in the message takes that one's place, any other call that of the first one left; calls beyond
 * that are added, with ids of their own. A call that is there already, with the same arguments, stays as it is.
 *
 * @throws JitRLError `invalid-input` without calls: {@link rewriteAsAnswer} makes an answer of a call
 */
export function rewriteToolCalls(
  message: AIMessage,
  calls: readonly ExecutedCall[],
  metadata: Record<string, unknown> = {},
): AIMessage {
  if (calls.length === 0) {
    throw new JitRLError(
      "invalid-input",
      "Expected at least one call; rewriteAsAnswer makes an answer of a call.",
    );
  }
  const old = message.tool_calls ?? [];
  const placed = place(message, calls);
  const same = placed.length === old.length && placed.every(({ changed, from }, i) => !changed && from === i);
  if (same && (message.invalid_tool_calls ?? []).length === 0) return annotate(message, metadata);
  return copy(message, {
    content: rewriteContent(message, placed),
    tool_calls: placed.map(({ call }) => call),
    invalid_tool_calls: [],
    additional_kwargs: keptKwargs(
      message,
      new Set(placed.flatMap(({ changed, call }) => (changed ? [] : call.id))),
    ),
    response_metadata: { ...without(message.response_metadata, [echoedOutput]), ...metadata },
  });
}

/**
 * A copy of an AI message that says this text to the user and calls no tool. Whatever else it said is gone: text,
 * thoughts and calls.
 */
export function rewriteAsAnswer(
  message: AIMessage,
  text: string,
  metadata: Record<string, unknown> = {},
): AIMessage {
  return copy(message, {
    content: text,
    tool_calls: [],
    invalid_tool_calls: [],
    additional_kwargs: without(keptKwargs(message, new Set()), ["originalTextContentBlock"]),
    response_metadata: { ...without(message.response_metadata, [echoedOutput]), ...metadata },
  });
}

/** A copy of an AI message with more metadata and nothing else changed. */
export function annotate(message: AIMessage, metadata: Record<string, unknown>): AIMessage {
  const placed = (message.tool_calls ?? []).map((call, from) => ({ call, from, changed: false }));
  // Standard blocks may carry other ids than the calls; a copy would then hold the calls twice.
  const standard = message.response_metadata.output_version === "v1" && placed.length > 0;
  return copy(message, {
    response_metadata: { ...message.response_metadata, ...metadata },
    ...(standard ? { content: rewriteContent(message, placed) } : {}),
  });
}

/** Gives each call its place among those that the message holds. */
function place(message: AIMessage, calls: readonly ExecutedCall[]): PlacedCall[] {
  const old = message.tool_calls ?? [];
  const free = new Set(old.keys());
  const named = calls.map(({ id }) => {
    const at = id === undefined ? -1 : old.findIndex((held, i) => held.id === id && free.has(i));
    free.delete(at);
    return at;
  });
  const wasSigned = old.some((call) => "thoughtSignature" in call && call.thoughtSignature);
  return calls.map((call, i): PlacedCall => {
    const [next = -1] = free;
    const from = named[i]! >= 0 ? named[i]! : next;
    free.delete(from);
    const held = old[from];
    if (held && isSame(held, call)) return { call: { ...held }, from, changed: false };
    const id = held ? held.id : (call.id ?? newId(message, i));
    return {
      call: {
        name: call.name,
        args: { ...call.args },
        ...(id === undefined ? {} : { id }),
        type: "tool_call",
        ...(wasSigned && i === 0 ? { thoughtSignature: SKIP_SIGNATURE } : {}),
      },
      from,
      changed: true,
    };
  });
}

function isSame(a: ToolCallSpec, b: ToolCallSpec): boolean {
  const told = ({ args }: ToolCallSpec) => canonicalJson(args, "the arguments of a tool call");
  return a.name === b.name && told(a) === told(b);
}

/** Like the ids that the message holds, so that it pleases the provider: some limit length and characters. */
function newId(message: AIMessage, i: number): string {
  const like = message.tool_calls?.[0]?.id;
  if (like !== undefined) return `${like}_${i}`;
  const random = v4().replaceAll("-", "");
  // ChatGoogle tells by this prefix which ids the API does not know.
  return isGoogle(message) ? `lc-tool-call-${random}` : `call_${random}`;
}

/** @param unchanged ids of the calls that stay as they are */
function keptKwargs(message: AIMessage, unchanged: ReadonlySet<string | undefined>): Record<string, unknown> {
  const kwargs: Record<string, unknown> = message.additional_kwargs;
  const gone = new Set(
    (message.tool_calls ?? []).flatMap(({ id }) => (id && !unchanged.has(id) ? [id] : [])),
  );
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kwargs)) {
    if (echoedKwargs.has(key)) continue;
    if (kwargsByCall.has(key) && isRecord(value)) kept[key] = without(value, [...gone]);
    else if (key === "tool_outputs" && Array.isArray(value)) {
      // What a provider's own tools did is an item of OpenAI's as well, refused without its reasoning.
      if (!(reasoningItem in kwargs)) kept[key] = value.filter((item: unknown) => !belongsTo(item, gone));
    } else kept[key] = value;
  }
  return kept;
}

function belongsTo(item: unknown, calls: ReadonlySet<string>): boolean {
  return isRecord(item) && typeof item.call_id === "string" && calls.has(item.call_id);
}

type Fields = Partial<
  Pick<AIMessage, "content" | "tool_calls" | "invalid_tool_calls" | "additional_kwargs" | "response_metadata">
>;

function copy(message: AIMessage, changes: Fields): AIMessage {
  const { content, additional_kwargs, response_metadata, tool_calls, id, name, usage_metadata } = message;
  const { invalid_tool_calls } = message;
  return new AIMessage({
    content,
    additional_kwargs,
    response_metadata,
    ...(tool_calls ? { tool_calls } : {}),
    ...(invalid_tool_calls ? { invalid_tool_calls } : {}),
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(usage_metadata === undefined ? {} : { usage_metadata }),
    ...changes,
  });
}

function without(record: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import type { AIMessage } from "@langchain/core/messages";

/** A tool call where it shall stand in a message. */
export interface PlacedCall {
  readonly call: NonNullable<AIMessage["tool_calls"]>[number];
  /** Index of the call that it replaces or is; -1 where there was none. */
  readonly from: number;
  readonly changed: boolean;
}

/**
 * What Google's API takes as the signature of a call that its model did not make. Models from Gemini 3 on refuse a
 * turn whose first call has none, and any model may refuse one that was made for another call.
 */
export const SKIP_SIGNATURE = "skip_thought_signature_validator";

/** Kinds of content blocks in which clients repeat a tool call, whole or in pieces. */
const callBlocks = new Set([
  "tool_use",
  "input_json_delta",
  "tool_call",
  "tool_call_chunk",
  "function_call",
  "functionCall",
]);

/** True for messages of `@langchain/google`, which sends the calls in content and not those in `tool_calls`. */
export function isGoogle(message: AIMessage): boolean {
  return message.response_metadata.model_provider === "google";
}

/**
 * The content of a message with other calls in the places of those that it holds. Calls that no block has are added
 * where the client sends none but those in content.
 */
export function rewriteContent(message: AIMessage, placed: readonly PlacedCall[]): AIMessage["content"] {
  const { content } = message;
  if (typeof content === "string") {
    if (!isGoogle(message) || placed.length === 0) return content;
    return [...(content ? [{ type: "text", text: content }] : []), ...googleBlocks(placed, true)];
  }
  const claimed = new Set<number>();
  const rewritten = content.flatMap((block) => {
    if (!isCallBlock(block)) return isReasoningItem(message, block) ? [] : [block];
    const from = isHead(block) ? oldCallOf(message, block, claimed) : -1;
    claimed.add(from);
    const replacement = placed.find((other) => other.from === from && from >= 0);
    return replacement ? [rewriteBlock(block, replacement)] : [];
  });
  if (!isGoogle(message) || message.response_metadata.output_version === "v1") return rewritten;
  const signed = content.some((block) => isCallBlock(block) && "thoughtSignature" in block);
  const none = !rewritten.some(isCallBlock);
  const added = placed.filter(({ from }) => !claimed.has(from) || from < 0);
  return signFirst([...rewritten, ...googleBlocks(added, none)], signed);
}

type ContentBlock = Exclude<AIMessage["content"], string>[number];
type Block = Readonly<Record<string, unknown>>;

function isCallBlock(block: Block): boolean {
  return (typeof block.type === "string" && callBlocks.has(block.type)) || "functionCall" in block;
}

/** Reasoning as OpenAI's Responses tell it; a standard block of it would go back as an item of its own. */
function isReasoningItem({ response_metadata }: AIMessage, block: Block): boolean {
  return block.type === "reasoning" && response_metadata.model_provider === "openai";
}

/** False for further pieces of a call that was streamed: its first one gets all of the new call. */
function isHead(block: Block): boolean {
  return "functionCall" in block || typeof block.name === "string" || typeof block.id === "string";
}

/** The index of the call that a block tells: by its id, or else the first one that no block has told yet. */
function oldCallOf(message: AIMessage, block: Block, claimed: ReadonlySet<number>): number {
  const calls = message.tool_calls ?? [];
  const inner = isRecord(block.functionCall) ? block.functionCall.id : undefined;
  const id = block.call_id ?? inner ?? block.id;
  const known = calls.findIndex((call) => call.id === id && id !== undefined);
  // Some standard blocks have the id of the message; any other unknown id is that of a call that is not valid.
  if (known >= 0 || (id !== undefined && id !== message.id && inner === undefined)) return known;
  return calls.findIndex((_, i) => !claimed.has(i));
}

/** Each provider names the same three things in its own way; only those that are there are replaced. */
function rewriteBlock(block: ContentBlock, { call, changed }: PlacedCall): ContentBlock {
  const { name, args } = call;
  const signature = changed && "thoughtSignature" in block ? { thoughtSignature: SKIP_SIGNATURE } : {};
  if (block.type === "tool_call" || block.type === "tool_call_chunk") {
    return {
      ...(changed ? {} : block),
      type: "tool_call",
      name,
      args: { ...args },
      ...idOf(call),
      ...signature,
    };
  }
  const inner = block.functionCall;
  return {
    ...block,
    ...("name" in block ? { name } : {}),
    ...("input" in block ? { input: { ...args } } : {}),
    ...("args" in block ? { args: typeof block.args === "string" ? JSON.stringify(args) : { ...args } } : {}),
    ...("arguments" in block ? { arguments: JSON.stringify(args) } : {}),
    ...(isRecord(inner)
      ? { functionCall: { ...("id" in inner ? { id: inner.id } : {}), name, args: { ...args } } }
      : {}),
    ...signature,
  };
}

/** Calls as the Gemini API tells them; the first one of a turn wants a signature. */
function googleBlocks(added: readonly PlacedCall[], first: boolean): ContentBlock[] {
  return added.map(({ call }, i) => ({
    type: "functionCall",
    functionCall: {
      ...(call.id?.startsWith("lc-tool-call-") ? {} : idOf(call)),
      name: call.name,
      args: { ...call.args },
    },
    ...(first && i === 0 ? { thoughtSignature: SKIP_SIGNATURE } : {}),
  }));
}

/** Only the first of parallel calls has a signature: where that one is gone, the next one is the first. */
function signFirst(blocks: readonly ContentBlock[], signed: boolean): ContentBlock[] {
  const first = blocks.findIndex(isCallBlock);
  return blocks.map((block, i) =>
    signed && i === first && !("thoughtSignature" in block)
      ? { ...block, thoughtSignature: SKIP_SIGNATURE }
      : block,
  );
}

function idOf({ id }: PlacedCall["call"]): { id?: string } {
  return id === undefined ? {} : { id };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { AIMessage } from "@langchain/core/messages";
import type { ToolCallSpec } from "./tool-call.js";

/** Kinds of content blocks in which providers repeat a tool call. */
const callBlocks = new Set(["tool_use", "input_json_delta", "tool_call", "function_call", "functionCall"]);

/** Metadata from which clients would send the old call again. */
const echoingMetadata = ["output"];
const echoingKwargs = ["tool_calls", "function_call"];

/**
 * A copy of an AI message with another tool call in the place of its only one, everywhere where providers keep it:
 * in `tool_calls`, in content blocks, and in the metadata that clients echo to the API. The ids of the message and
 * of the call stay, so that the message replaces the old one and a tool's answer finds its call.
 */
export function rewriteToolCall(
  message: AIMessage,
  call: ToolCallSpec,
  metadata: Record<string, unknown> = {},
): AIMessage {
  const old = message.tool_calls?.[0];
  const id = old?.id;
  const args = { ...call.args };
  const rewritten = {
    name: call.name,
    args,
    ...(id === undefined ? {} : { id }),
    type: "tool_call" as const,
  };
  return copy(message, {
    content: Array.isArray(message.content)
      ? message.content.map((block) => (isCallBlock(block) ? rewriteBlock(block, call) : block))
      : message.content,
    tool_calls: [rewritten],
    invalid_tool_calls: [],
    additional_kwargs: without(message.additional_kwargs, echoingKwargs),
    response_metadata: { ...without(message.response_metadata, echoingMetadata), ...metadata },
  });
}

/** A copy of an AI message with more metadata and nothing else changed. */
export function annotate(message: AIMessage, metadata: Record<string, unknown>): AIMessage {
  return copy(message, { response_metadata: { ...message.response_metadata, ...metadata } });
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

type Block = { readonly type?: unknown; readonly [key: string]: unknown };

function isCallBlock(block: Block): boolean {
  return (typeof block.type === "string" && callBlocks.has(block.type)) || "functionCall" in block;
}

/** Each provider names the same three things in its own way; only those that are there are replaced. */
function rewriteBlock<B extends Block>(block: B, { name, args }: ToolCallSpec): B {
  const inner = block.functionCall;
  return {
    ...block,
    ...("name" in block ? { name } : {}),
    ...("input" in block ? { input: { ...args } } : {}),
    ...("args" in block ? { args: typeof block.args === "string" ? JSON.stringify(args) : { ...args } } : {}),
    ...("arguments" in block ? { arguments: JSON.stringify(args) } : {}),
    ...(typeof inner === "object" && inner !== null
      ? { functionCall: { ...inner, name, args: { ...args } } }
      : {}),
  };
}

function without(record: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

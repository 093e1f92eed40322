import { AIMessage } from "@langchain/core/messages";
import type { Decided } from "./decision-options.js";
import { rewriteAsAnswer, rewriteToolCalls } from "./rewrite-tool-call.js";
import { callsToPayload, type ExecutedCall } from "./tool-call.js";

/** A message to execute, and the steps of its calls, which now have the ids by which their answers find them. */
export interface Executed extends Decided {
  readonly message: AIMessage;
}

/**
 * The agent's message with what was decided in the place of its own calls.
 *
 * @param message the agent's, or one that proposes what to do; nothing of it but its form remains then
 */
export function executed(message: AIMessage, decided: Decided): Executed {
  const { execute, steps } = decided;
  if (!execute) return { ...decided, message };
  if ("answer" in execute)
    return { ...decided, message: rewriteAsAnswer(message, execute.answer.text ?? "") };
  const rewritten = rewriteToolCalls(message, execute.calls);
  const payload = callsToPayload((rewritten.tool_calls ?? []).map(toExecuted));
  return { ...decided, steps: steps.map((step) => ({ ...step, payload })), message: rewritten };
}

/**
 * A message that says nothing but its calls: what a model says beside proposals is not meant for the user.
 *
 * @param usage_metadata what it cost
 */
export function withoutText(message: AIMessage, usage_metadata = message.usage_metadata): AIMessage {
  const { content, id, name, additional_kwargs, response_metadata } = message;
  return new AIMessage({
    content: typeof content === "string" ? "" : content.filter(({ type }) => type !== "text"),
    tool_calls: message.tool_calls ?? [],
    additional_kwargs,
    response_metadata,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(usage_metadata === undefined ? {} : { usage_metadata }),
  });
}

function toExecuted({ name, args, id }: { name: string; args: Record<string, unknown>; id?: string }) {
  const call: ExecutedCall = { name, args, ...(id === undefined ? {} : { id }) };
  return call;
}

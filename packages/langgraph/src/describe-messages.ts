import { bag, normalizeText, type State, words } from "@jitrl/core";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { type ActionKey, toolCallKey } from "./tool-call.js";

/** Version of the features of {@link describeMessages}. */
export const MESSAGES_FEATURES = "messages/1";

/**
 * The default state of a graph with messages: what the user asked for (`task`, weight 0.5), which calls were made
 * since then (`done`, 0.2) and what the last of them brought (`seen`, 0.3), as sets of words with identifiers masked.
 */
export function describeMessages(
  messages: readonly BaseMessage[],
  actionKey: ActionKey = toolCallKey,
): State {
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const since = messages.slice(asked + 1);
  const done = since.flatMap((message) =>
    AIMessage.isInstance(message)
      ? (message.tool_calls ?? []).map(({ name, args }) => actionKey({ name, args }))
      : [],
  );
  const lastAnswer = since.findLastIndex((message) => !ToolMessage.isInstance(message));
  const seen = since.slice(lastAnswer + 1).map(({ text }) => text);
  return {
    features: {
      task: words(messages[asked]?.text ?? "", { weight: 0.5, normalize: normalizeText }),
      done: bag(done, { weight: 0.2 }),
      seen: words(seen.join("\n"), { weight: 0.3, normalize: normalizeText }),
    },
  };
}

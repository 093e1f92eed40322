import { type BaseMessage, isBaseMessage } from "@langchain/core/messages";

/** The messages of a state that has some. */
export function messagesOf(state: object): readonly BaseMessage[] | undefined {
  if (!("messages" in state) || !Array.isArray(state.messages)) return undefined;
  return state.messages.filter((message) => isBaseMessage(message));
}

import { bag, normalizeText, type State, type Step, words } from "@jitrl/core";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { type BoundActionKey, toolCallKey, withoutFingerprint } from "./action-key.js";
import { callsFromPayload } from "./tool-call.js";

/** Version of the features of {@link describeMessages}. */
export const MESSAGES_FEATURES = "messages/1";

/**
 * The default state of a graph with messages, as sets of words with identifiers masked:
 *
 * | feature | weight | what it holds |
 * |---|---|---|
 * | `task` | 0.5 | what the user asked for: the user's last message |
 * | `done` | 0.2 | which calls were made since then, by their keys, whatever shape their tools had |
 * | `seen` | 0.3 | what the last of them brought |
 *
 * Where the user's message was trimmed away, or a summary stands in its place, the earlier steps of the run still say
 * what the task was and what was done; without them the summary is the task.
 *
 * @param earlier the steps of this run so far: their actions also stand for the calls that they made
 */
export function describeMessages(
  messages: readonly BaseMessage[],
  actionKey: BoundActionKey = toolCallKey,
  earlier: readonly Step[] = [],
): State {
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message) && !isSummary(message));
  const since = messages.slice(asked + 1);
  const lastAnswer = since.findLastIndex((message) => !ToolMessage.isInstance(message));
  const seen = since.slice(lastAnswer + 1).map(({ text }) => text);
  return {
    features: {
      task: taskOf(messages, asked, earlier),
      done: bag(doneIn(since, asked < 0, earlier, actionKey).map(withoutFingerprint), { weight: 0.2 }),
      seen: words(seen.join("\n"), { weight: 0.3, normalize: normalizeText }),
    },
  };
}

function taskOf(messages: readonly BaseMessage[], asked: number, earlier: readonly Step[]) {
  const known = asked < 0 ? earlier.at(-1)?.state.features.task : undefined;
  if (known) return known;
  const task = messages[asked] ?? messages.find(isSummary);
  return words(task?.text.replace(summaryPrefix, "") ?? "", { weight: 0.5, normalize: normalizeText });
}

/** The actions of steps whose calls are here, or of all steps where messages are missing; and calls that are no step. */
function doneIn(
  messages: readonly BaseMessage[],
  trimmed: boolean,
  earlier: readonly Step[],
  actionKey: BoundActionKey,
): string[] {
  const stepOf = new Map(
    earlier.flatMap((step) => (callsFromPayload(step.payload) ?? []).map(({ id }) => [id, step] as const)),
  );
  const steps = new Set(trimmed ? earlier : []);
  const others: string[] = [];
  for (const message of messages) {
    for (const { name, args, id } of AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []) {
      const step = id === undefined ? undefined : stepOf.get(id);
      if (step) steps.add(step);
      else others.push(actionKey({ name, args }));
    }
  }
  return [...[...steps].map(({ action }) => action), ...others];
}

/** How langchain's `summarizationMiddleware` begins a summary, unless told otherwise. */
const summaryPrefix = /^Here is a summary of the conversation to date:\s*/u;

/** True for the message by which langchain's `summarizationMiddleware` replaces what was said before. */
function isSummary(message: BaseMessage): boolean {
  return HumanMessage.isInstance(message) && message.additional_kwargs.lc_source === "summarization";
}

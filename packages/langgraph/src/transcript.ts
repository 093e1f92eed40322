import type { JsonValue, Step } from "@jitrl/core";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { shortened } from "./shortened.js";
import { callsFromPayload } from "./tool-call.js";

/** Longest text of a transcript, in characters; of a longer one the middle is left out. */
export const MAX_TRANSCRIPT_TEXT = 4_000;

/** What was said in words around the steps of a run. Plain JSON. */
export interface Transcript {
  /** What the run was asked to do. */
  readonly task?: string;
  /** One a step, in order; shorter where nothing is known of the last steps. */
  readonly steps: readonly TranscriptStep[];
  /** How it came out, e.g. the agent's last words. */
  readonly outcome?: string;
}

export interface TranscriptStep {
  /** What the agent said with its action. */
  readonly said?: string;
  /** What the action brought, e.g. the answer of the tool. */
  readonly result?: string;
}

/** Reads the transcript of a run from the messages of its thread, by the ids of its tool calls. */
export function transcriptOf(steps: readonly Step[], messages: readonly BaseMessage[]): Transcript {
  const callers = new Map<string, number>();
  const answers = new Map<string, string>();
  messages.forEach((message, i) => {
    if (ToolMessage.isInstance(message)) answers.set(message.tool_call_id, message.text);
    else if (AIMessage.isInstance(message)) {
      for (const { id } of message.tool_calls ?? []) if (id) callers.set(id, i);
    }
  });
  const calls = steps.map(({ payload }) => (callsFromPayload(payload) ?? []).flatMap(({ id }) => id ?? []));
  const placeOf = (ids: readonly string[]) => ids.map((id) => callers.get(id)).find((at) => at !== undefined);
  const places = calls.flatMap((ids) => placeOf(ids) ?? []);
  // Without calls that could be found, the run is taken to be what came after the last input.
  const lastInput = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const first = places[0] ?? lastInput + 1;
  const last = places.at(-1) ?? lastInput;
  const task = messages.slice(0, first).findLast((message) => HumanMessage.isInstance(message));
  const following = messages.slice(last + 1);
  const nextInput = following.findIndex((message) => HumanMessage.isInstance(message));
  const outcome = following
    .slice(0, nextInput < 0 ? undefined : nextInput)
    .findLast((message) => AIMessage.isInstance(message));
  return {
    ...textAs("task", task?.text),
    steps: calls.map((ids, i) => {
      const place = placeOf(ids);
      // What was said with several calls at once is told once.
      const told = calls.slice(0, i).some((others) => place !== undefined && placeOf(others) === place);
      return {
        ...textAs("said", place === undefined || told ? undefined : messages[place]?.text),
        ...textAs("result", ids.flatMap((id) => answers.get(id) ?? []).join("\n")),
      };
    }),
    ...textAs("outcome", outcome?.text),
  };
}

/** Reads back what was kept with an episode; what is not of the form is left out. */
export function transcriptFrom(stored: JsonValue | undefined): Transcript {
  const { task, steps, outcome } = membersOf(stored);
  const list: readonly JsonValue[] = Array.isArray(steps) ? steps : [];
  return {
    ...textAs("task", task),
    steps: list.map((step) => {
      const { said, result } = membersOf(step);
      return { ...textAs("said", said), ...textAs("result", result) };
    }),
    ...textAs("outcome", outcome),
  };
}

/** As it is kept with an episode; nothing where nothing is known. */
export function toStored({ steps, task, outcome }: Transcript): JsonValue | undefined {
  const known = task !== undefined || outcome !== undefined || steps.some((step) => Object.keys(step).length);
  if (!known) return undefined;
  return { task, outcome, steps: steps.map(({ said, result }) => ({ said, result })) };
}

function textAs<Name extends string>(name: Name, text: unknown): { readonly [N in Name]?: string } {
  if (typeof text !== "string" || text.trim() === "") return {};
  const member: { [N in Name]?: string } = {};
  member[name] = shortened(text, MAX_TRANSCRIPT_TEXT);
  return member;
}

function membersOf(value: JsonValue | undefined): { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !isList(value) ? value : {};
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

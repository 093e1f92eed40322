import type { Candidate, JsonValue } from "@jitrl/core";

/**
 * The key under which answering the user is learned, whatever the answer says. No provider allows a tool of this
 * name.
 */
export const ANSWER_ACTION = "(answer)";

/** Answering the user in the place of calling a tool. */
export interface Answer {
  /** The complete answer; absent where the agent's model is still to be asked for it. */
  readonly text?: string;
}

/** An answer as the payload of a candidate or step; without its text it says only that the user was answered. */
export function answerPayload(text?: string): JsonValue {
  return { answer: text === undefined ? {} : { text } };
}

/** Reads an answer back, or `undefined` where the payload is something else, such as a tool call. */
export function readAnswer(payload: JsonValue | undefined): Answer | undefined {
  if (!isRecord(payload) || !isRecord(payload.answer)) return undefined;
  const { text } = payload.answer;
  return typeof text === "string" ? { text } : {};
}

/** Answering the user, among other candidates. */
export function answerCandidate(logit: number, text?: string): Candidate {
  return { action: ANSWER_ACTION, logit, payload: answerPayload(text) };
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

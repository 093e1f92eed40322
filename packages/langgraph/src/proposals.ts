import { type Candidate, logitsFromScores } from "@jitrl/core";
import { type BoundActionKey, joinedKey } from "./action-key.js";
import { ANSWER_ACTION, type Answer, answerPayload } from "./answer.js";
import type { ToolForm } from "./bound-tool.js";
import { callsToPayload, type ToolCallSpec } from "./tool-call.js";
import { validCall } from "./valid-arguments.js";

/** How the text of an answer is got: as part of the proposal, or by asking for it once it is chosen. */
export type AnswerMode = "inline" | "stream";

/** What a model proposes to do next. */
export interface Proposal {
  /** Calls that are made at once, complete; none where the user is answered. */
  readonly calls: readonly ToolCallSpec[];
  readonly answer?: Answer;
  /** In [0, 100]. */
  readonly score: number;
}

/** Proposals beyond these are not looked at. */
const MAX_PROPOSALS = 50;

/**
 * Reads proposals `{ calls: [{ tool, arguments }], answer, score }`, or in short `{ tool, arguments, score }`. What is
 * not of the form is left out: a model may write anything.
 *
 * @param answer how the user may be answered; without it proposals to answer are left out
 */
export function readProposals(list: readonly unknown[], answer?: AnswerMode): Proposal[] {
  return list.slice(0, MAX_PROPOSALS).flatMap((listed): Proposal[] => {
    if (typeof listed !== "object" || listed === null) return [];
    const score = readScore("score" in listed ? listed.score : undefined);
    if (score === undefined) return [];
    const listedCalls = "calls" in listed ? parsed(listed.calls) : undefined;
    const calls = "tool" in listed ? [listed] : isList(listedCalls) ? listedCalls : [];
    if (calls.length === 0) {
      const read = answer && proposedAnswer("answer" in listed ? listed.answer : undefined, answer);
      return read ? [{ calls: [], answer: read, score }] : [];
    }
    const complete = calls.flatMap((call) => readCall(call) ?? []);
    // A set of calls of which one cannot be read is another action than the one that was proposed.
    return complete.length === calls.length ? [{ calls: complete, score }] : [];
  });
}

/** A score beyond the scale is read as its end, a number in a text as that number. */
export function readScore(score: unknown): number | undefined {
  const value = typeof score === "string" && score.trim() !== "" ? Number(score) : score;
  return typeof value === "number" && Number.isFinite(value) ? Math.min(100, Math.max(0, value)) : undefined;
}

/** The proposals that can be carried out now: all their tools are bound, and take these arguments. */
export async function validProposals(
  proposals: readonly Proposal[],
  tools: ReadonlyMap<string, ToolForm>,
): Promise<Proposal[]> {
  const valid = await Promise.all(
    proposals.map(async ({ calls }) => {
      const each = await Promise.all(calls.map((call) => validCall(call, tools)));
      return each.every(Boolean);
    }),
  );
  return proposals.filter((_, i) => valid[i]);
}

/** One action that was proposed, once or more. */
export interface ProposedAction {
  readonly action: string;
  readonly proposal: Proposal;
}

/**
 * Proposals with one key as one action, the likeliest first: their scores add up, to 100 at the most, and the one
 * with the highest score says what is executed.
 */
export function mergeProposals(proposals: readonly Proposal[], actionKey: BoundActionKey): ProposedAction[] {
  const merged = new Map<string, { best: Proposal; score: number }>();
  for (const proposal of proposals) {
    const action = proposal.answer ? ANSWER_ACTION : joinedKey(proposal.calls, actionKey);
    const held = merged.get(action);
    merged.set(action, {
      best: held && held.best.score >= proposal.score ? held.best : proposal,
      score: Math.min(100, (held?.score ?? 0) + proposal.score),
    });
  }
  return [...merged]
    .map(([action, { best, score }]) => ({ action, proposal: { ...best, score } }))
    .sort((a, b) => b.proposal.score - a.proposal.score);
}

/** Actions as candidates: `softmax` of the logits is each score's share. */
export function proposedCandidates(actions: readonly ProposedAction[]): Candidate[] {
  const logits = logitsFromScores(actions.map(({ proposal }) => proposal.score));
  return actions.map(({ action, proposal: { calls, answer } }, i) => ({
    action,
    logit: logits[i]!,
    payload: answer ? answerPayload(answer.text) : callsToPayload(calls),
  }));
}

function readCall(call: unknown): ToolCallSpec | undefined {
  if (typeof call !== "object" || call === null || !("tool" in call) || typeof call.tool !== "string")
    return undefined;
  const args = readArguments("arguments" in call ? call.arguments : undefined);
  return args && { name: call.tool, args };
}

function readArguments(written: unknown): Record<string, unknown> | undefined {
  const args = parsed(written);
  return typeof args === "object" && args !== null && !Array.isArray(args) ? { ...args } : undefined;
}

/** What was meant by JSON in a text, as models write it where a list or an object was asked for. */
export function parsed(written: unknown): unknown {
  if (typeof written !== "string") return written;
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}

function proposedAnswer(answer: unknown, mode: AnswerMode): Answer | undefined {
  const text = typeof answer === "string" ? answer.trim() : "";
  if (mode === "inline") return text === "" ? undefined : { text };
  return answer === true || (text !== "" && text.toLowerCase() !== "false") ? {} : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

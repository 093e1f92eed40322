import { finite, integer, invalid, list, record, text } from "./check.js";

/** A candidate of a past decision: its action, and its logit under the base policy. */
export type LoggedCandidate = readonly [action: string, logit: number];

/** Most candidates that are kept with a step. */
export const MAX_LOGGED_CANDIDATES = 64;

/** Most characters that the actions of the candidates kept with a step may have together. */
export const MAX_LOGGED_CHARACTERS = 4_000;

/** A decision in short, as it is kept with its step. */
export interface DecisionSummary {
  readonly mode: "on" | "shadow" | "off";
  readonly reason: string;
  /** What the agent would have done without learning. */
  readonly baseAction: string;
  /** In `shadow`, what learning would have chosen, where that is not the base action; else absent. */
  readonly preferredAction?: string;
  /** True where chance made it the base action, among candidates with the highest logit; else absent. */
  readonly baseDrawn?: true;
  /** Probability with which the executed action was chosen, given the candidates and the recorded draws. */
  readonly propensity: number;
  /** Divergence of what was executed from the base policy, nats. */
  readonly kl: number;
  /** Number of past steps that the estimate rested on. */
  readonly evidence: number;
  /**
   * What the action was chosen from, in order, equal candidates merged: all of it or nothing. Kept as
   * `PolicyOptions.logCandidates` says, for at most {@link MAX_LOGGED_CANDIDATES} candidates whose actions have at most
   * {@link MAX_LOGGED_CHARACTERS} characters together. Offline evaluation needs it.
   */
  readonly candidates?: readonly LoggedCandidate[];
}

/** The candidates as they are kept; `undefined` where they are too many: a part of them would be another choice. */
export function loggedCandidates(
  candidates: readonly { readonly action: string; readonly logit: number }[],
): LoggedCandidate[] | undefined {
  const characters = candidates.reduce((sum, { action }) => sum + action.length, 0);
  if (candidates.length > MAX_LOGGED_CANDIDATES || characters > MAX_LOGGED_CHARACTERS) return undefined;
  return candidates.map(({ action, logit }) => [action, logit]);
}

/** Checks what claims to be a summary. @throws JitRLError `invalid-input` */
export function parseDecisionSummary(value: unknown, what: string): DecisionSummary {
  const summary = record(value, what);
  const { mode, baseDrawn } = summary;
  if (mode !== "on" && mode !== "shadow" && mode !== "off")
    throw invalid(`${what}.mode`, "on, shadow or off", mode);
  if (baseDrawn !== undefined && baseDrawn !== true)
    throw invalid(`${what}.baseDrawn`, "true or absent", baseDrawn);
  return {
    mode,
    reason: text(summary.reason, `${what}.reason`),
    baseAction: text(summary.baseAction, `${what}.baseAction`),
    ...(summary.preferredAction === undefined
      ? {}
      : { preferredAction: text(summary.preferredAction, `${what}.preferredAction`) }),
    ...(baseDrawn ? { baseDrawn } : {}),
    propensity: finite(summary.propensity, `${what}.propensity`),
    kl: finite(summary.kl, `${what}.kl`),
    evidence: integer(summary.evidence, `${what}.evidence`, 0),
    ...(summary.candidates === undefined
      ? {}
      : { candidates: parseCandidates(summary.candidates, `${what}.candidates`) }),
  };
}

function parseCandidates(value: unknown, what: string): LoggedCandidate[] {
  const candidates = list(value, what).map((candidate, i): LoggedCandidate => {
    const pair = list(candidate, `${what}[${i}]`);
    if (pair.length !== 2) throw invalid(`${what}[${i}]`, "an action and its logit", `${pair.length} values`);
    return [text(pair[0], `${what}[${i}][0]`), finite(pair[1], `${what}[${i}][1]`)];
  });
  if (candidates.length === 0 || candidates.length > MAX_LOGGED_CANDIDATES)
    throw invalid(what, `1 to ${MAX_LOGGED_CANDIDATES} candidates`, candidates.length);
  if (new Set(candidates.map(([action]) => action)).size < candidates.length)
    throw invalid(what, "candidates with different actions", "one action twice");
  return candidates;
}

import { type Candidate, JitRLError, mergeCandidates } from "@jitrl/core";
import type { CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";

/** A source whose candidates count more, or less, than as they come. */
export interface WeightedSource<S extends object> {
  readonly source: CandidateSource<S>;
  /** What the probabilities of its candidates are multiplied by, above 0. @default 1 */
  readonly weight?: number;
}

/**
 * The candidates of several sources, which are asked at the same time. Equal actions become one, executed as the
 * first source that lists it says.
 *
 * Logits are taken as they stand, and those of one action add up as probabilities do: `z = ln Σ w·exp z`. Sources
 * that give logarithms of shares (`verbalizedCandidates`, `sampledCandidates`, `logprobCandidates`) so form a mixture
 * in which each counts by its `weight`; a source with other logits, such as `functionCandidates` with its 0s, weighs
 * in by their size: mind it, or give it a weight.
 *
 * Where one source asks the agent's model in the place of its call, that model's likeliest action stays the base
 * action: the others make none as likely as that. There can be but one such source, and if it lists nothing, neither
 * does the combination. If one source fails, the combination fails: an action that is missing changes what the others
 * mean.
 *
 * @example combineCandidates(verbalizedCandidates(), recalledCandidates({ memory, ground }))
 * @throws JitRLError `invalid-input` for no source, a weight out of range, or two sources in the place of the call
 */
export function combineCandidates<S extends object = MessagesState>(
  ...sources: readonly (CandidateSource<S> | WeightedSource<S>)[]
): CandidateSource<S> {
  const weighted = sources.map((one) => (typeof one === "function" ? { source: one } : one));
  const inPlace = weighted.findIndex(({ source }) => source.inPlaceOfCall);
  if (weighted.length === 0)
    throw new JitRLError("invalid-input", "Expected at least one source of candidates, found none.");
  if (inPlace !== weighted.findLastIndex(({ source }) => source.inPlaceOfCall)) {
    throw new JitRLError(
      "invalid-input",
      "Expected at most one source that asks the agent's model in the place of its call, found several. Give all but one of them a model of their own.",
    );
  }
  for (const { weight = 1 } of weighted) {
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new JitRLError(
        "invalid-input",
        `Expected weight to be a finite number above 0, found ${weight}.`,
      );
  }

  const combined: CandidateSource<S> = async (request) => {
    const lists = await Promise.all(
      weighted.map(async ({ source, weight = 1 }) =>
        (await source(request)).map((candidate) => ({
          ...candidate,
          logit: candidate.logit + Math.log(weight),
        })),
      ),
    );
    const own = lists[inPlace];
    if (own?.length === 0) return [];
    const merged = merge(lists.flat());
    return own ? belowBase(merged, own) : merged;
  };
  return inPlace < 0 ? combined : Object.assign(combined, { inPlaceOfCall: true });
}

/** Equal actions as one, executed as the first of them says. */
function merge(candidates: readonly Candidate[]): Candidate[] {
  if (candidates.length === 0) return [];
  const first = new Map<string, Candidate>();
  for (const candidate of candidates) {
    if (!first.has(candidate.action)) first.set(candidate.action, candidate);
  }
  return mergeCandidates(candidates.map((one) => ({ ...first.get(one.action)!, logit: one.logit })));
}

/** By how much logits stay below that of the base action, so that neither rounding nor chance makes them one. */
const MARGIN = 1e-6;

/** Keeps the likeliest action of the agent's own model the likeliest of all. */
function belowBase(merged: readonly Candidate[], listed: readonly Candidate[]): Candidate[] {
  const own = merge(listed);
  const top = own.reduce((max, { logit }) => Math.max(max, logit), Number.NEGATIVE_INFINITY);
  const tops = new Set(own.filter(({ logit }) => logit === top).map(({ action }) => action));
  const limit = merged.reduce(
    (min, { action, logit }) => (tops.has(action) ? Math.min(min, logit) : min),
    Number.POSITIVE_INFINITY,
  );
  return merged.map((one) =>
    tops.has(one.action) ? { ...one, logit: limit } : { ...one, logit: Math.min(one.logit, limit - MARGIN) },
  );
}

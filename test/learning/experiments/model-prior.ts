import type { Candidate, Random } from "@jitrl/core";
import { shuffled } from "./draws.js";

/**
 * Logits as a model gives them: log-probabilities, `confidence` for what it likes best and the rest for the other
 * actions, in shares that differ by up to three times.
 */
export function modelLogits(
  random: Random,
  actions: readonly string[],
  favourite: string,
  confidence: number,
): Map<string, number> {
  const shares = actions.map((action) => (action === favourite ? 0 : 0.5 + random()));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return new Map(
    actions.map((action, i) => [
      action,
      Math.log(action === favourite ? confidence : ((1 - confidence) * shares[i]!) / total),
    ]),
  );
}

/** A model that knows nothing. */
export function uniformLogits(actions: readonly string[]): Map<string, number> {
  return new Map(actions.map((action) => [action, 0]));
}

/** Candidates in a random order, as models list them. */
export function candidatesOf(logits: ReadonlyMap<string, number>, random: Random): Candidate[] {
  return shuffled(
    random,
    [...logits].map(([action, logit]) => ({ action, logit })),
  );
}

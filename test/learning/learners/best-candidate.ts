import type { Candidate, Random } from "@jitrl/core";

/** The candidate of the highest value, chance deciding among equals: with the logits as values, the base action. */
export function bestCandidate(
  candidates: readonly Candidate[],
  random: Random,
  value: (candidate: Candidate, index: number) => number = ({ logit }) => logit,
): Candidate {
  const values = candidates.map(value);
  const top = Math.max(...values);
  const best = candidates.filter((_, i) => values[i] === top);
  // No draw where there is nothing to decide.
  const chosen = best.length === 1 ? best[0] : best[Math.floor(random() * best.length)];
  if (!chosen) throw new Error("Expected at least one candidate, found none.");
  return chosen;
}

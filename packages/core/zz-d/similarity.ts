import type { Feature, State } from "./state.js";

/** Similarities are compared with floors up to this rounding error, so that a floor is inclusive. */
export const SIMILARITY_TOLERANCE = 1e-12;

/** Is a past state of this similarity the present one, in all that the present one's features tell? */
export function isSameState(similarity: number): boolean {
  return similarity >= 1 - SIMILARITY_TOLERANCE;
}

/**
 * Jaccard similarity of two bags, `Σ min(a, b) / Σ max(a, b)` over the counts of their tokens, in [0, 1]; for sets
 * that is `|a ∩ b| / |a ∪ b|`. Two empty bags are equal, so their similarity is 1.
 */
export function jaccard(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const token of a) counts.set(token, (counts.get(token) ?? 0) + 1);
  let shared = 0;
  for (const token of b) {
    const left = counts.get(token);
    if (left) {
      shared++;
      counts.set(token, left - 1);
    }
  }
  return jaccardOf(shared, a.length, b.length);
}

/** Jaccard similarity from the size of the overlap and the two sizes, with repeats counted. */
export function jaccardOf(shared: number, sizeA: number, sizeB: number): number {
  const union = sizeA + sizeB - shared;
  return union === 0 ? 1 : shared / union;
}

const absent: Feature = { tokens: [], weight: 0 };

/**
 * Similarity of a past state to the present one, in [0, 1]: `Σ w_f J_f / Σ w_f` over the features of the present
 * state, 0 across partitions. A feature that the past state lacks counts as an empty bag there.
 */
export function similarity(present: State, past: State): number {
  if (present.partition !== past.partition) return 0;
  let sum = 0;
  let weights = 0;
  for (const [name, { tokens, weight }] of Object.entries(present.features)) {
    const other = Object.hasOwn(past.features, name) ? past.features[name]! : absent;
    sum += weight * jaccard(tokens, other.tokens);
    weights += weight;
  }
  return sum / weights;
}

import { type Estimate, estimate, meanOf } from "../../examples/text-adventure/src/statistics.js";
import type { Experiment } from "./experiment.js";

/** What one run is worth: 0 is the random policy, 1 the best. */
export interface Score {
  /** Over all episodes that count. */
  readonly score: number;
  /** Over the last tenth of the episodes, at least five. */
  readonly final: number;
}

/** @param returns the true return of each episode */
export function scoreOf(
  { best, random, from = 0 }: Pick<Experiment, "best" | "random" | "from">,
  returns: readonly number[],
): Score {
  const scaled = (values: readonly number[]) => (meanOf(values) - random) / (best - random);
  const last = Math.max(5, Math.ceil(returns.length / 10));
  return { score: scaled(returns.slice(from)), final: scaled(returns.slice(-last)) };
}

/** How a learner compares with a reference, seed by seed. */
export interface Comparison {
  /** The learner's score less the reference's: mean and 95 % interval over seeds. */
  readonly difference: Estimate;
  /** `tied` when the interval holds 0. */
  readonly verdict: "better" | "worse" | "tied";
}

/**
 * A paired comparison: both met the same situations and the same luck on each seed.
 *
 * @param scores the learner's, one a seed
 * @param reference the reference's on the same seeds
 */
export function compare(scores: readonly number[], reference: readonly number[]): Comparison {
  const difference = estimate(scores.map((score, i) => score - reference[i]!));
  const verdict = difference.low > 0 ? "better" : difference.high < 0 ? "worse" : "tied";
  return { difference, verdict };
}

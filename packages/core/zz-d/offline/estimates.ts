import type { Sample } from "./samples.js";
import { type ClusterSum, ratioOfSums, type ValueEstimate } from "./value-estimate.js";

/** What a target would have earned, by three estimators, and what was earned. */
export interface Estimates {
  /** Inverse propensity scoring, `Σ w G / n`: unbiased, and the least certain. */
  readonly ips: ValueEstimate;
  /** Self-normalised, `Σ w G / Σ w`: a little biased in small samples, and indifferent to a constant added to all returns. */
  readonly snips: ValueEstimate;
  /** Doubly robust, `Σ (Σ_a π(a) q̂(a) + w (G − q̂)) / n`: unbiased, and mostly the most certain. */
  readonly dr: ValueEstimate;
  /** What was earned: the mean return as logged. */
  readonly logged: ValueEstimate;
  /** `dr` less `logged`, sample by sample: whether the target would have done better than what was done. */
  readonly gain: ValueEstimate;
}

/** How far the log reaches towards the target. */
export interface Overlap {
  /** Mean weight; 1 but for chance where the log reaches everything that the target does. */
  readonly meanWeight: ValueEstimate;
  readonly maxWeight: number;
  /** `(Σ w)² / Σ w²` over samples: how many of them, under the target itself, would say as much. */
  readonly effectiveSamples: number;
  /** The same over episodes, which are what is independent. */
  readonly effectiveEpisodes: number;
  /** Share of the target's choices at steps where the log always acts alike, and differently. */
  readonly unsupported: number;
}

/** @param samples of at least two episodes, and not all with weight 0 */
export function estimatesOf(samples: readonly Sample[]): Estimates {
  const one = () => 1;
  return {
    ips: estimate(samples, ({ weight, reward }) => weight * reward, one),
    snips: estimate(
      samples,
      ({ weight, reward }) => weight * reward,
      ({ weight }) => weight,
    ),
    dr: estimate(samples, ({ robust }) => robust, one),
    logged: estimate(samples, ({ reward }) => reward, one),
    gain: estimate(samples, ({ robust, reward }) => robust - reward, one),
  };
}

/** @param samples of at least two episodes */
export function overlapOf(samples: readonly Sample[]): Overlap {
  const weights = samples.map(({ weight }) => weight);
  const clusters = clustered(
    samples,
    ({ weight }) => weight,
    () => 1,
  );
  return {
    meanWeight: ratioOfSums(clusters),
    maxWeight: weights.reduce((most, weight) => Math.max(most, weight), 0),
    effectiveSamples: effectiveSize(weights),
    effectiveEpisodes: effectiveSize(clusters.map(({ numerator }) => numerator)),
    unsupported: samples.reduce((sum, { unsupported }) => sum + unsupported, 0) / samples.length,
  };
}

/** What one target would have earned more than another on the same samples, in the same order, doubly robust. */
export function difference(samples: readonly Sample[], others: readonly Sample[]): ValueEstimate {
  const differences = samples.map((sample, i) => ({ ...sample, robust: sample.robust - others[i]!.robust }));
  return estimate(
    differences,
    ({ robust }) => robust,
    () => 1,
  );
}

function effectiveSize(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const squares = weights.reduce((total, weight) => total + weight ** 2, 0);
  return squares === 0 ? 0 : sum ** 2 / squares;
}

function estimate(
  samples: readonly Sample[],
  numerator: (sample: Sample) => number,
  denominator: (sample: Sample) => number,
): ValueEstimate {
  return ratioOfSums(clustered(samples, numerator, denominator));
}

function clustered(
  samples: readonly Sample[],
  numerator: (sample: Sample) => number,
  denominator: (sample: Sample) => number,
): ClusterSum[] {
  const clusters = new Map<string, ClusterSum>();
  for (const sample of samples) {
    const held = clusters.get(sample.cluster) ?? { numerator: 0, denominator: 0 };
    clusters.set(sample.cluster, {
      numerator: held.numerator + numerator(sample),
      denominator: held.denominator + denominator(sample),
    });
  }
  return [...clusters.values()];
}

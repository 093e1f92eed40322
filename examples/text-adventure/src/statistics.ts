import { seededRandom } from "@jitrl/core";

/** A mean over seeds with its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;

/**
 * Percentile bootstrap over seeds, reproducible; with one seed there is no interval to speak of and it is the mean.
 *
 * @param resamples fewer do where an interval is only drawn
 */
export function estimate(values: readonly number[], resamples = RESAMPLES): Estimate {
  const random = seededRandom(1);
  const means = Array.from({ length: resamples }, () =>
    meanOf(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return {
    mean: meanOf(values),
    low: means[Math.floor(resamples * 0.025)]!,
    high: means[Math.floor(resamples * 0.975)]!,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Value by value over runs of the same length: the mean and its 95 % interval. */
export function curveOf(
  runs: readonly (readonly number[])[],
  resamples = RESAMPLES,
): {
  values: number[];
  band: { low: number[]; high: number[] };
} {
  const points = (runs[0] ?? []).map((_, i) =>
    estimate(
      runs.map((run) => run[i]!),
      resamples,
    ),
  );
  return {
    values: points.map(({ mean }) => mean),
    band: { low: points.map(({ low }) => low), high: points.map(({ high }) => high) },
  };
}

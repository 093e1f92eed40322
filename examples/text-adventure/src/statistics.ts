import { seededRandom } from "@jitrl/core";

/** A mean over seeds with its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;

/** Percentile bootstrap over seeds, reproducible; with one seed there is no interval to speak of and it is the mean. */
export function estimate(values: readonly number[]): Estimate {
  const random = seededRandom(1);
  const means = Array.from({ length: RESAMPLES }, () =>
    meanOf(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return {
    mean: meanOf(values),
    low: means[Math.floor(RESAMPLES * 0.025)]!,
    high: means[Math.floor(RESAMPLES * 0.975)]!,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Value by value over runs of the same length: the mean, and half of the width of its 95 % interval. */
export function curveOf(runs: readonly (readonly number[])[]): { values: number[]; margins: number[] } {
  const points = (runs[0] ?? []).map((_, i) => runs.map((run) => run[i]!));
  const values = points.map(meanOf);
  const margins = points.map((point, i) => {
    const variance =
      point.reduce((sum, value) => sum + (value - values[i]!) ** 2, 0) / Math.max(1, point.length - 1);
    return 1.96 * Math.sqrt(variance / point.length);
  });
  return { values, margins };
}

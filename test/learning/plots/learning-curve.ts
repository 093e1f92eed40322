import { movingAverage, type Series, svgChart } from "../../../examples/charts/src/index.js";
import { curveOf } from "../../../examples/text-adventure/src/statistics.js";
import type { ExperimentResult } from "../results.js";
import { colorOf } from "./palette.js";

/** Most points of a line. */
const POINTS = 100;
/** An interval that is only drawn. */
const RESAMPLES = 500;

/**
 * How each learner's score grew with the episodes: the mean over seeds with its 95 % interval, each point the mean of
 * the episodes since the last twentieth of the run.
 *
 * @returns an SVG, or nothing where no learner has a result
 */
export function learningCurve({ experiment, learners, reference }: ExperimentResult): string | undefined {
  const { name, best, random, episodes } = experiment;
  const window = Math.max(1, Math.round(episodes / 20));
  const measured = learners.filter(({ seeds }) => seeds.length > 0);
  if (measured.length === 0) return undefined;
  const series = measured.map(({ learner, seeds }): Series => {
    const runs = seeds.map(({ returns }) =>
      thinned(
        movingAverage(
          returns.map((value) => (value - random) / (best - random)),
          window,
        ),
      ),
    );
    const { values, band } = curveOf(runs, RESAMPLES);
    const color = colorOf(learner, reference);
    return { name: learner, values, color, ...(runs.length > 1 ? { band } : {}) };
  });
  // The reference is drawn last, above the others.
  series.sort((a, b) => Number(a.name === reference) - Number(b.name === reference));
  const seeds = measured[0]!.seeds.length;
  const over = seeds === 1 ? "1 seed" : `${seeds} seeds, 95 % intervals`;
  const averaged = window === 1 ? "score" : `score over ${window} episodes`;
  return svgChart(series, {
    title: `${name}: ${averaged} (0 random, 1 best; ${over})`,
    xLabel: "episode",
    lastX: episodes,
    legend: "beside",
    min: Math.min(0, lowest(series)),
    max: Math.max(1, ...series.flatMap(({ values }) => values)),
    format: (value) => String(Math.round(value * 100) / 100),
  });
}

function thinned(values: readonly number[]): number[] {
  if (values.length <= POINTS) return [...values];
  return Array.from(
    { length: POINTS },
    (_, i) => values[Math.round((i * (values.length - 1)) / (POINTS - 1))]!,
  );
}

function lowest(series: readonly Series[]): number {
  return Math.min(...series.flatMap(({ values, band }) => [...values, ...(band?.low ?? [])]));
}

import type { Estimate } from "../../examples/text-adventure/src/statistics.js";
import { paceOf } from "./pace.js";
import type { ExperimentResult } from "./results.js";

export interface ReportSettings {
  readonly only: readonly string[];
  readonly learners: readonly string[];
  readonly reference: string;
  /** Discount γ of all learners' returns. */
  readonly gamma: number;
}

/**
 * All results as text of JSON: the same for the same code and settings, on every machine.
 *
 * @param withReturns whether the return of every single episode is in it
 */
export function reportJson(
  results: readonly ExperimentResult[],
  settings: ReportSettings,
  withReturns: boolean,
): string {
  const report = {
    node: process.version,
    settings,
    experiments: results.map((result) => {
      const { experiment, reference, bestOrTied, learners } = result;
      const pace = paceOf(result, "plain");
      const { name, question, episodes, from = 0, best, random } = experiment;
      return {
        ...{ name, question, episodes, from, best, random, reference, bestOrTied },
        pace: pace && { ...pace, level: round(pace.level) },
        learners: learners.map(({ learner, skipped, failed, seeds, score, final, comparison }) => ({
          ...{ learner, skipped, failed },
          score: score && rounded(score),
          final: final && rounded(final),
          comparison: comparison && { ...comparison, difference: rounded(comparison.difference) },
          seeds: seeds.map(({ seed }) => seed),
          scores: seeds.map((run) => round(run.score)),
          finals: seeds.map((run) => round(run.final)),
          ...(withReturns ? { returns: seeds.map(({ returns }) => returns.map(round)) } : {}),
        })),
      };
    }),
  };
  // Lists of numbers, and intervals, stand on one line each.
  const text = JSON.stringify(report, null, 2)
    .replace(/\[[\s\d.,e+-]*\]/g, (list) => list.replace(/\s+/g, "").replaceAll(",", ", "))
    .replace(/\{\s*"mean":[^}]*\}/g, (interval) => interval.replace(/\s+/g, " "));
  return `${text}\n`;
}

function rounded({ mean, low, high }: Estimate): Estimate {
  return { mean: round(mean), low: round(low), high: round(high) };
}

/** Ten digits: beyond them the order of a sum may show. */
function round(value: number): number {
  return Number(value.toPrecision(10));
}

import { meanOf } from "../../examples/text-adventure/src/statistics.js";
import type { ExperimentResult, LearnerResult } from "./results.js";

/** Episodes that a level is averaged over. */
const WINDOW = 5;

/** How soon learners are where another one ends. */
export interface Pace {
  /** The learner whose final level is meant: its mean return over the last five episodes, over all seeds. */
  readonly of: string;
  readonly level: number;
  /**
   * For each learner the number of episodes after which its mean over five episodes, over all seeds, first came to
   * that level; `undefined` if never.
   */
  readonly episodes: Readonly<Record<string, number | undefined>>;
}

/** @returns `undefined` where that learner has no result, or fewer than five episodes */
export function paceOf({ learners }: ExperimentResult, of: string): Pace | undefined {
  const measured = learners.filter(({ seeds }) => seeds.length > 0);
  const target = measured.find(({ learner }) => learner === of);
  const level = target && levels(target).at(-1);
  if (level === undefined) return undefined;
  // Sums of the same numbers in another order differ in the last digits.
  const enough = level - 1e-9 * Math.max(1, Math.abs(level));
  const firstReached = (learner: LearnerResult) => {
    const at = levels(learner).findIndex((mean) => mean >= enough);
    return at < 0 ? undefined : at + WINDOW;
  };
  const entries = measured.map((one): [string, number | undefined] => [one.learner, firstReached(one)]);
  return { of, level, episodes: Object.fromEntries(entries) };
}

/** Mean return over all seeds and five episodes, for each five that follow each other. */
function levels({ seeds }: LearnerResult): number[] {
  const count = Math.min(...seeds.map(({ returns }) => returns.length));
  const means = Array.from({ length: count }, (_, episode) =>
    meanOf(seeds.map(({ returns }) => returns[episode]!)),
  );
  return means.slice(WINDOW - 1).map((_, from) => meanOf(means.slice(from, from + WINDOW)));
}

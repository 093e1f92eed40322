import { type Estimate, estimate } from "../../examples/text-adventure/src/statistics.js";
import type { Experiment } from "./experiment.js";
import { type Comparison, compare, scoreOf } from "./score.js";
import type { Task, TaskOutcome } from "./task.js";

/** One run that was carried out. */
export interface SeedResult {
  readonly seed: number;
  readonly score: number;
  readonly final: number;
  /** The true return of each episode. */
  readonly returns: readonly number[];
}

/** What a learner reached in an experiment. */
export interface LearnerResult {
  readonly learner: string;
  /** One a seed; none where it was skipped or failed. */
  readonly seeds: readonly SeedResult[];
  /** `undefined` where it was skipped or failed: then nothing of it counts. */
  readonly score?: Estimate;
  readonly final?: Estimate;
  /** How it compares with the reference; `undefined` for the reference itself. */
  readonly comparison?: Comparison;
  readonly skipped?: string;
  readonly failed?: string;
}

export interface ExperimentResult {
  readonly experiment: Experiment;
  readonly learners: readonly LearnerResult[];
  /** The learner that the others are compared with; `undefined` where it has no result. */
  readonly reference?: string;
  /** The learner with the highest mean score, and those whose paired difference from it has an interval that holds 0. */
  readonly bestOrTied: readonly string[];
}

/** All runs of the given experiments, one learner after the other. @param from the first seed */
export function plan(
  experiments: readonly Experiment[],
  learners: readonly string[],
  seeds: number | undefined,
  from: number,
): Task[] {
  return experiments.flatMap((experiment) =>
    learners.flatMap((learner) =>
      Array.from({ length: seeds ?? experiment.seeds }, (_, i) => ({
        experiment: experiment.name,
        learner,
        seed: from + i,
      })),
    ),
  );
}

/** A task with what became of it. */
export interface Run {
  readonly task: Task;
  readonly outcome: TaskOutcome;
}

/**
 * @param runs all of the experiment's
 * @param reference the learner that the others are compared with
 */
export function summarizeRuns(
  experiment: Experiment,
  runs: readonly Run[],
  reference: string,
): ExperimentResult {
  const names = [...new Set(runs.map(({ task }) => task.learner))];
  const learners = names.map((name) =>
    learnerResult(
      experiment,
      name,
      runs.filter(({ task }) => task.learner === name),
    ),
  );
  const bestOrTied = leadersOf(learners);
  const against = learners.find(({ learner, score }) => learner === reference && score);
  if (!against) return { experiment, learners, bestOrTied };
  const scores = scoresOf(against);
  return {
    experiment,
    reference,
    bestOrTied,
    learners: learners.map((result) =>
      result === against || !result.score
        ? result
        : { ...result, comparison: compare(scoresOf(result), scores) },
    ),
  };
}

/** A learner whose run failed or was skipped on any seed has no result: the seeds that remain would be a choice. */
function learnerResult(experiment: Experiment, learner: string, runs: readonly Run[]): LearnerResult {
  const seeds: SeedResult[] = [];
  for (const { task, outcome } of runs) {
    const { seed } = task;
    if (outcome.status === "failed") return { learner, seeds: [], failed: `seed ${seed}: ${outcome.reason}` };
    if (outcome.status === "skipped") return { learner, seeds: [], skipped: outcome.reason };
    seeds.push({ seed, ...scoreOf(experiment, outcome.returns), returns: outcome.returns });
  }
  return {
    learner,
    seeds,
    score: estimate(seeds.map(({ score }) => score)),
    final: estimate(seeds.map(({ final }) => final)),
  };
}

function leadersOf(learners: readonly LearnerResult[]): string[] {
  const measured = learners.filter(({ score }) => score);
  const [best] = measured.toSorted((a, b) => b.score!.mean - a.score!.mean);
  if (!best) return [];
  return measured
    .filter((result) => result === best || compare(scoresOf(result), scoresOf(best)).verdict === "tied")
    .map(({ learner }) => learner);
}

function scoresOf({ seeds }: LearnerResult): number[] {
  return seeds.map(({ score }) => score);
}

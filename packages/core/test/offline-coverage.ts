import { seededRandom } from "@jitrl/core";
import { evaluateOffline, type OfflineOptions, type Target } from "@jitrl/core/offline";
import {
  createWorld,
  leaning,
  logEpisodes,
  targetOf,
  trueValue,
  trueValueOfSettings,
} from "./offline-world.js";

/** One way to value a policy from logs, in a world that knows the policy's worth. */
export interface CoverageCase {
  readonly name: string;
  readonly target: Target;
  readonly options: OfflineOptions;
  /** Episodes in one log. */
  readonly episodes: number;
  /** Fixed policies have one worth; settings have that of the policies that they were as the log went on. */
  readonly fixed?: readonly (readonly number[])[];
}

export interface Coverage {
  readonly name: string;
  readonly runs: number;
  /** Runs that were refused. */
  readonly refused: number;
  readonly estimators: Readonly<Record<"ips" | "snips" | "dr", CoverageOfEstimator>>;
}

export interface CoverageOfEstimator {
  /** Share of the intervals that hold the truth. */
  readonly covered: number;
  /** Mean of estimate less truth. */
  readonly bias: number;
  /** Mean width of the intervals. */
  readonly width: number;
}

const world = createWorld(3);
const better = leaning(world, 2);
// Few are enough here: what is asked is whether intervals hold, not whether they are short.
const options: OfflineOptions = { minEffectiveEpisodes: 20 };

export const CASES: readonly CoverageCase[] = [
  { name: "a fixed policy", target: targetOf(world, better), options, episodes: 100, fixed: better },
  {
    name: "a fixed policy, cross-fitted model",
    target: targetOf(world, better),
    options: { ...options, memory: "cross-fitted" },
    episodes: 100,
    fixed: better,
  },
  {
    name: "a fixed policy, whole episodes",
    target: targetOf(world, better),
    options: { ...options, per: "episode" },
    episodes: 150,
    fixed: better,
  },
  {
    name: "settings that sample",
    target: { estimator: "plain", beta: 2, explorationBonus: 0, selection: "sample" },
    options,
    episodes: 100,
  },
  {
    name: "greedy settings",
    target: { estimator: "plain", beta: 3, explorationBonus: 0 },
    options,
    episodes: 170,
  },
  {
    name: "the default estimator, sampled",
    target: { beta: 0.3, selection: "sample" },
    options,
    episodes: 120,
  },
  { name: "the default settings", target: {}, options, episodes: 200 },
];

/** @param told called after each run */
export async function coverageOf(
  { name, target, options, episodes, fixed }: CoverageCase,
  runs: number,
  told: (run: number) => void = () => undefined,
): Promise<Coverage> {
  const sums = { ips: [0, 0, 0], snips: [0, 0, 0], dr: [0, 0, 0] };
  let refused = 0;
  for (let run = 0; run < runs; run++) {
    const log = logEpisodes(world, episodes, seededRandom(1 + run));
    const evaluation = await evaluateOffline(log, target, options);
    told(run);
    if (evaluation.status === "refused") {
      refused++;
      continue;
    }
    const truth = fixed
      ? trueValue(world, fixed, options.per ?? "step")
      : trueValueOfSettings(world, log, evaluation);
    for (const estimator of ["ips", "snips", "dr"] as const) {
      const { value, low, high } = evaluation[estimator];
      const sum = sums[estimator];
      sum[0]! += low <= truth && truth <= high ? 1 : 0;
      sum[1]! += value - truth;
      sum[2]! += high - low;
    }
  }
  const mean = ([covered = 0, bias = 0, width = 0]: readonly number[]): CoverageOfEstimator => {
    const answered = runs - refused;
    return { covered: covered / answered, bias: bias / answered, width: width / answered };
  };
  const estimators = { ips: mean(sums.ips), snips: mean(sums.snips), dr: mean(sums.dr) };
  return { name, runs, refused, estimators };
}

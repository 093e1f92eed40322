import { invalid } from "../check.js";
import {
  type EvaluatedEpisode,
  type EvaluatedStep,
  evaluateSteps,
  type FrozenMemory,
} from "./evaluated-step.js";
import { judge, type Verdict } from "./judge.js";
import { countReasons, type Episodes, readLog, type SetAside } from "./log.js";
import { horizonRefusals, type Limits, setAsideRefusals } from "./refusal.js";
import { episodeSamples, horizonOf, isEvaluated, stepSamples } from "./samples.js";
import type { Target } from "./target.js";

export interface OfflineOptions {
  /** Discount γ in [0, 1] of the returns that are measured, whatever the target's memory learns from. @default 0.9 */
  gamma?: number;
  /** What the target knows at each step. @default "progressive" */
  memory?: FrozenMemory;
  /** What is valued: single steps, or whole episodes. @default "step" */
  per?: "step" | "episode";
  /** Most decisions in an episode for `per: "episode"`, an integer ≥ 1. @default 5 */
  maxHorizon?: number;
  /** Fewest effective episodes that an estimate is given for, a number ≥ 2. @default 50 */
  minEffectiveEpisodes?: number;
  /** Largest share of the target's choices that the log can say nothing about, in [0, 1]. @default 0.01 */
  maxUnsupported?: number;
}

/** What the logs say about a target. */
export type OfflineEvaluation = Verdict & {
  /** Number of samples: steps, or whole episodes. */
  readonly samples: number;
  /** Number of episodes that they come from. */
  readonly episodes: number;
  /** How many steps say nothing, by reason. */
  readonly setAside: SetAside;
  /** The steps with their weights, in order of time: every number above can be computed again from them. */
  readonly steps: readonly EvaluatedStep[];
};

/**
 * What another policy would have earned, from logs of decisions that chance had a part in.
 *
 * **What is estimated.** Every logged step is taken as a bandit: the situation and the candidates as they were, one
 * choice by the target, and then whatever was done before, to the end. Its reward is the logged return G, discounted by
 * `gamma`. The value is the mean over the logged steps of `Σ_a π(a) E[G | state, a]`, where the target π decides with
 * a memory that is frozen on other episodes of the log. So it is neither the value of following the target for
 * several steps, nor of the memory that the target would have gathered; nor does it show what exploring is worth.
 * With `per: "episode"` it is the value of following the target, with such a frozen memory, for whole episodes.
 *
 * Intervals take the episode as the unit. They hold where episodes do not depend on each other, and where all that
 * the logged choice depended on is in the state, the candidates and the propensity.
 *
 * @param target settings of a policy, or a policy as a function; `{ mode: "off" }` is the base policy
 * @throws JitRLError `invalid-input` for options out of their range and for episodes that are none
 */
export async function evaluateOffline(
  episodes: Episodes,
  target: Target,
  options: OfflineOptions = {},
): Promise<OfflineEvaluation> {
  const checked = checkedOptions(options);
  const log = await readLog(episodes, checked.gamma);
  const evaluated: EvaluatedEpisode[] = [];
  await evaluateSteps(log, [target], checked, (episode, _target, place) => {
    evaluated[place] = episode;
  });
  const steps = evaluated.flatMap((episode) => episode.steps.filter(isEvaluated));
  const setAside = countReasons(evaluated.flatMap((episode) => episode.steps));
  const samples = checked.per === "step" ? stepSamples(evaluated) : episodeSamples(evaluated, checked.gamma);
  const against = [
    ...setAsideRefusals(steps.length, setAside),
    ...(checked.per === "episode" ? horizonRefusals(horizonOf(evaluated), checked.maxHorizon) : []),
  ];
  const episodesOf = new Set(samples.map(({ cluster }) => cluster)).size;
  return {
    ...judge(samples, setAside, checked, against),
    samples: samples.length,
    episodes: episodesOf,
    setAside,
    steps,
  };
}

export interface CheckedOptions extends Limits {
  readonly gamma: number;
  readonly memory: FrozenMemory;
  readonly per: "step" | "episode";
  readonly maxHorizon: number;
}

/** @throws JitRLError `invalid-input` */
export function checkedOptions(options: OfflineOptions): CheckedOptions {
  const {
    gamma = 0.9,
    memory = "progressive",
    per = "step",
    maxHorizon = 5,
    minEffectiveEpisodes = 50,
    maxUnsupported = 0.01,
  } = options;
  if (!(gamma >= 0 && gamma <= 1)) throw invalid("gamma", "in [0, 1]", gamma);
  if (per !== "step" && per !== "episode") throw invalid("per", '"step" or "episode"', per);
  if (!Number.isInteger(maxHorizon) || maxHorizon < 1)
    throw invalid("maxHorizon", "an integer ≥ 1", maxHorizon);
  if (!(minEffectiveEpisodes >= 2))
    throw invalid("minEffectiveEpisodes", "a number ≥ 2", minEffectiveEpisodes);
  if (!(maxUnsupported >= 0 && maxUnsupported <= 1))
    throw invalid("maxUnsupported", "in [0, 1]", maxUnsupported);
  return { gamma, memory, per, maxHorizon, minEffectiveEpisodes, maxUnsupported };
}

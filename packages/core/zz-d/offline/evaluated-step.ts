import { invalid } from "../check.js";
import { FrozenMemories } from "./frozen-memories.js";
import type { EvaluableStep, LoggedEpisode, SetAsideReason } from "./log.js";
import { OutcomeModel } from "./outcome-model.js";
import { fixedRandom, freeze, gammaOf, type Target } from "./target.js";

/**
 * Which episodes the memory of a target holds at a step: `progressive` those before the step's own, as they came;
 * `cross-fitted` those of the other folds, before and after.
 */
export type FrozenMemory = "progressive" | "cross-fitted";

/** A step of the log beside what the target would have done there. All that the estimates are computed from. */
export interface EvaluatedStep {
  readonly episodeId: string;
  /** Index of the step in its episode. */
  readonly index: number;
  /** The action executed. */
  readonly action: string;
  /** G, as it was logged. */
  readonly return: number;
  /** Probability p with which the action was executed. */
  readonly propensity: number;
  /** Probability π of the same action under the target. */
  readonly probability: number;
  /** Importance weight `w = π / p`. */
  readonly weight: number;
  /** q̂ of the action executed. */
  readonly modelled: number;
  /** `Σ_a π(a) q̂(a)`. */
  readonly expected: number;
  readonly candidates: readonly {
    readonly action: string;
    readonly probability: number;
    readonly modelled: number;
  }[];
}

export interface EvaluatedEpisode {
  readonly logged: LoggedEpisode;
  /** One a step of the episode: the step, or why it says nothing. */
  readonly steps: readonly (EvaluatedStep | SetAsideReason)[];
}

/** Folds of `cross-fitted`; an episode belongs to one of them by its place in time. */
const FOLDS = 5;

/**
 * What each of several targets would have done at each step, and what the model expects of that.
 *
 * @param gamma discount of the returns that are measured
 * @param receive told of each target's view of each episode, by their places; `cross-fitted` not in order of time
 */
export async function evaluateSteps(
  log: readonly LoggedEpisode[],
  targets: readonly Target[],
  { gamma, memory }: { gamma: number; memory: FrozenMemory },
  receive: (evaluated: EvaluatedEpisode, target: number, place: number) => void,
): Promise<void> {
  const gammas = new Set([gamma]);
  for (const target of targets) {
    const own = gammaOf(target);
    if (own !== undefined) gammas.add(own);
  }
  if (memory === "progressive") {
    await withMemory(async (ask, learn) => {
      for (const [place, logged] of log.entries()) {
        await ask(logged, place);
        await learn(logged);
      }
    });
  } else if (memory === "cross-fitted") {
    for (let fold = 0; fold < FOLDS; fold++) {
      await withMemory(async (ask, learn) => {
        for (const [i, logged] of log.entries()) if (i % FOLDS !== fold) await learn(logged);
        for (const [i, logged] of log.entries()) if (i % FOLDS === fold) await ask(logged, i);
      });
    }
  } else {
    throw invalid("memory", '"progressive" or "cross-fitted"', memory);
  }

  async function withMemory(
    use: (
      ask: (logged: LoggedEpisode, place: number) => Promise<void>,
      learn: (logged: LoggedEpisode) => Promise<void>,
    ) => Promise<void>,
  ): Promise<void> {
    const memories = await FrozenMemories.open(gammas);
    const model = new OutcomeModel();
    const frozen = targets.map((target) => freeze(target, memories.of(gammaOf(target)), fixedRandom()));
    const ask = async (logged: LoggedEpisode, place: number) => {
      const predictions = logged.steps.map((step) =>
        typeof step === "string" ? [] : model.predict(memories.of(gamma)!, step),
      );
      for (const [i, target] of frozen.entries()) {
        const steps: (EvaluatedStep | SetAsideReason)[] = [];
        for (const [s, step] of logged.steps.entries()) {
          if (typeof step === "string") steps.push(step);
          else steps.push(evaluatedStep(step, (await target(step)).probabilities, predictions[s]!));
        }
        receive({ logged, steps }, i, place);
      }
    };
    const learn = async (logged: LoggedEpisode) => {
      await memories.learn(logged);
      model.learn(logged);
    };
    try {
      await use(ask, learn);
    } finally {
      await memories.close();
    }
  }
}

function evaluatedStep(
  step: EvaluableStep,
  probabilities: readonly number[],
  modelled: readonly number[],
): EvaluatedStep {
  const { episodeId, index, action, propensity, chosen } = step;
  const probability = probabilities[chosen]!;
  return {
    episodeId,
    index,
    action,
    return: step.return,
    propensity,
    probability,
    weight: probability / propensity,
    modelled: modelled[chosen]!,
    expected: probabilities.reduce((sum, p, a) => sum + p * modelled[a]!, 0),
    candidates: step.candidates.map(([name], a) => ({
      action: name,
      probability: probabilities[a]!,
      modelled: modelled[a]!,
    })),
  };
}

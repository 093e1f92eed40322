import { stepRewards } from "../rewards.js";
import type { EvaluatedEpisode, EvaluatedStep } from "./evaluated-step.js";
import type { SetAsideReason } from "./log.js";

/** One observation: a step, or a whole episode. */
export interface Sample {
  /** The episode. */
  readonly cluster: string;
  /** Importance weight: how much more likely it is under the target than it was. */
  readonly weight: number;
  /** Return that was logged. */
  readonly reward: number;
  /** What the doubly robust estimator takes for the return under the target. */
  readonly robust: number;
  /** Share of the target's choices here that the log can never have made, since it always acted alike. */
  readonly unsupported: number;
}

/** Every step by itself: reward is its return, and `Σ_a π(a) q̂(a) + w (G − q̂)` its doubly robust value. */
export function stepSamples(episodes: readonly EvaluatedEpisode[]): Sample[] {
  return episodes.flatMap(({ steps }) => steps.filter(isEvaluated).map(stepSample));
}

/**
 * Every episode as one: reward is the return of its first time step, the weight is the product over its decisions,
 * and the doubly robust value is recursive, with the reward r_t of a time step and γ:
 *
 *     D_t = Σ_a π(a) q̂_t(a) + w_t (r_t + γ D_{t+1} − q̂_t(a_t))       D_t = r_t + γ D_{t+1} where nothing was decided
 *
 * An episode with a decision that says nothing is left out as a whole.
 */
export function episodeSamples(episodes: readonly EvaluatedEpisode[], gamma: number): Sample[] {
  return episodes.flatMap(({ logged: { episode }, steps }) => {
    const rewards = stepRewards(episode);
    if (!rewards || !steps.every((step) => isEvaluated(step) || step === "no-decision")) return [];
    const decided = steps.filter(isEvaluated);
    if (decided.length === 0) return [];
    const times = [...new Set(episode.steps.map(({ t }) => t))];
    let robust = 0;
    let reward = 0;
    for (const [i, t] of [...times.entries()].reverse()) {
      const discount = gamma ** ((times[i + 1] ?? t) - t);
      const last = i === times.length - 1;
      const earned = episode.steps.reduce(
        (sum, step, s) => (step.t === t ? sum + rewards.own[s]! : sum),
        last ? rewards.last : 0,
      );
      reward = earned + discount * reward;
      robust = earned + discount * robust;
      for (const [s, step] of steps.entries()) {
        if (isEvaluated(step) && episode.steps[s]!.t === t) {
          robust = step.expected + step.weight * (robust - step.modelled);
        }
      }
    }
    const weight = decided.reduce((product, step) => product * step.weight, 1);
    const unsupported = decided.reduce((sum, step) => sum + stepSample(step).unsupported, 0) / decided.length;
    return [{ cluster: episode.id, weight, reward, robust, unsupported }];
  });
}

/** Most decisions in one episode. */
export function horizonOf(episodes: readonly EvaluatedEpisode[]): number {
  return episodes.reduce((most, { steps }) => Math.max(most, steps.filter(isEvaluated).length), 0);
}

export function isEvaluated(step: EvaluatedStep | SetAsideReason): step is EvaluatedStep {
  return typeof step !== "string";
}

function stepSample(step: EvaluatedStep): Sample {
  const { episodeId, weight, propensity, probability, expected, modelled } = step;
  return {
    cluster: episodeId,
    weight,
    reward: step.return,
    robust: expected + weight * (step.return - modelled),
    unsupported: propensity >= 1 - 1e-9 ? 1 - probability : 0,
  };
}

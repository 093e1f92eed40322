import { ExactSimilarityIndex, type Random, type State, seededRandom, softmax, toState } from "@jitrl/core";
import type { LearnerKind, Observation, Played } from "../experiment.js";
import { bestCandidate } from "./best-candidate.js";
import { GAMMA } from "./judged-returns.js";

/** The settings are the published ones where core has the same (k, α; λ is 1), else core's (γ, the floor). */
const settings = {
  k: 10,
  explorationBonus: 5,
  minSimilarity: 0.5,
  /** From this similarity on, k is ignored. */
  nearlyEqual: 0.98,
  gamma: GAMMA,
};

interface StoredStep {
  readonly action: string;
  readonly return: number;
  /** Higher is newer. */
  readonly order: number;
}

/**
 * What the authors' released code does, rebuilt from a description of its faults and from nothing else. A baseline:
 *
 * - Advantages are divided by the largest positive one and added to a confidence of 0 to 1 (here `π₀`), and the
 *   action with the highest sum is taken.
 * - In a step's return every later reward of 0 is replaced by the step's own reward.
 * - Reading the memory also writes it: the states that were looked up are stored with the episode's actions in order,
 *   so a look-up that is skipped (here: where there is one candidate and nothing to choose) shifts all that follow.
 * - Steps that nobody judged count as 0, an episode that nobody judged at all is stored in full.
 * - From a similarity of 0.98 on, k is ignored.
 *
 * Where no advantage is positive there is nothing to divide by, and they are added as they stand: the description does
 * not say. Episodes of others are stored as they are: nothing was looked up for them.
 */
export const released: LearnerKind = {
  name: "released",
  about: "the authors' released behaviour, rebuilt from a list of its faults",
  create: (seed) => new ReleasedLearner(seededRandom(seed)),
};

class ReleasedLearner {
  readonly #random: Random;
  readonly #index = new ExactSimilarityIndex();
  readonly #steps = new Map<number, StoredStep[]>();
  /** The states that were looked up in this episode. */
  #lookedUp: State[] = [];
  #stored = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  choose({ state, candidates }: Observation): string {
    if (candidates.length === 1) return candidates[0]!.action;
    const confidences = softmax(candidates.map(({ logit }) => logit));
    const advantages = this.#advantages(
      this.#retrieve(toState(state)),
      candidates.map(({ action }) => action),
    );
    const largest = Math.max(...advantages);
    const scale = largest > 0 ? largest : 1;
    return bestCandidate(candidates, this.#random, (_, a) => confidences[a]! + advantages[a]! / scale).action;
  }

  learn({ steps, source = "agent" }: Played): void {
    const own = source === "agent";
    const states = own ? this.#lookedUp : steps.map(({ observation }) => toState(observation.state));
    if (own) this.#lookedUp = [];
    const returns = returnsOf(steps.map(({ reward = 0 }) => reward));
    // In order, whatever they were looked up for.
    for (const [i, state] of states.entries()) {
      const step = steps[i];
      if (step) this.#store(state, { action: step.action, return: returns[i]!, order: this.#stored++ });
    }
  }

  /** The nearest k steps, and all that are nearly equal. Remembers the state: that is what is stored later. */
  #retrieve(state: State): StoredStep[] {
    this.#lookedUp.push(state);
    const search = { k: this.#index.size + 1, minSimilarity: settings.minSimilarity, budget: Infinity };
    const found: StoredStep[] = [];
    for (const { id, similarity } of this.#index.search(state, search) ?? []) {
      const steps = this.#steps.get(id) ?? [];
      if (similarity >= settings.nearlyEqual) found.push(...steps);
      else if (found.length < settings.k) {
        found.push(...steps.toSorted((a, b) => b.order - a.order).slice(0, settings.k - found.length));
      } else break;
    }
    return found;
  }

  #advantages(neighbors: readonly StoredStep[], actions: readonly string[]): number[] {
    if (neighbors.length === 0) return actions.map(() => 0);
    const value = meanReturn(neighbors);
    return actions.map((action) => {
      const taken = neighbors.filter((step) => step.action === action);
      return taken.length > 0 ? meanReturn(taken) - value : settings.explorationBonus / neighbors.length;
    });
  }

  #store(state: State, step: StoredStep): void {
    const id = this.#index.add(state);
    this.#index.touch(id, step.order);
    const steps = this.#steps.get(id) ?? [];
    steps.push(step);
    this.#steps.set(id, steps);
  }
}

/** `G_t = r_t + Σ_{u>t} γ^(u−t) (r_u, or r_t where r_u is 0)`. */
export function returnsOf(rewards: readonly number[]): number[] {
  return rewards.map((own, t) =>
    rewards
      .slice(t)
      .reduce((sum, reward, ahead) => sum + settings.gamma ** ahead * (reward === 0 ? own : reward), 0),
  );
}

function meanReturn(steps: readonly StoredStep[]): number {
  return steps.reduce((sum, step) => sum + step.return, 0) / steps.length;
}

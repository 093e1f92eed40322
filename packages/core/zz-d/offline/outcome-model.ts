import type { ExperienceMemory } from "../memory.js";
import type { LoggedEpisode, LoggedStep } from "./log.js";

/**
 * What each action would earn, as far as past episodes tell: the model q̂ of the doubly robust estimator. With the
 * weights `w = similarity × count` of the neighbours' actions,
 *
 *     V     = Σ w·mean / Σ w                            over all actions of all neighbours
 *     q̂(a)  = (Σ_a w·mean + V) / (Σ_a w + 1)            V counts as one more step of each action
 *
 * and without neighbours the mean of all returns so far, or 0 before the first. A bad model makes the estimate less
 * certain, not wrong.
 */
export class OutcomeModel {
  #sum = 0;
  #count = 0;

  learn({ returns }: LoggedEpisode): void {
    for (const value of returns ?? []) {
      this.#sum += value;
      this.#count++;
    }
  }

  /** @returns one value a candidate */
  predict(memory: ExperienceMemory, { state, describedBy, candidates }: LoggedStep): number[] {
    const found = memory.neighbors(state, { describedBy, budget: Number.POSITIVE_INFINITY });
    const evidence = (found.status === "found" ? found.neighbors : []).flatMap(({ similarity, actions }) =>
      actions.map(({ action, count, mean }) => ({ action, mean, weight: similarity * count })),
    );
    const total = evidence.reduce((sum, { weight }) => sum + weight, 0);
    if (total === 0) return candidates.map(() => (this.#count === 0 ? 0 : this.#sum / this.#count));
    const value = evidence.reduce((sum, { weight, mean }) => sum + weight * mean, 0) / total;
    return candidates.map(([action]) => {
      let weights = 1;
      let sum = value;
      for (const { action: taken, weight, mean } of evidence) {
        if (taken !== action) continue;
        weights += weight;
        sum += weight * mean;
      }
      return sum / weights;
    });
  }
}

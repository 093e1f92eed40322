import { seededRandom, softmax } from "@jitrl/core";
import type { LearnerKind } from "../experiment.js";
import { bestCandidate } from "./best-candidate.js";
import { hashedFeatures, type Sparse } from "./hashed-features.js";
import { judgedReturns } from "./judged-returns.js";

const settings = {
  /** Places that tokens are hashed into; one more is the base probability. */
  dimension: 256,
  /** Width of the confidence bound, in standard deviations of all returns so far: 1 is the usual choice. */
  alpha: 1,
};

/**
 * Disjoint LinUCB (Li et al., 2010): for each action a ridge regression of the discounted return on the state's
 * hashed tokens, and the action with the highest upper confidence bound `θ·x + α √(xᵀ A⁻¹ x)` is taken. The base
 * probability `π₀(a)` is a feature of its own, which is how it knows the prior: of actions that it knows nothing of it
 * takes the one that the model likes best.
 *
 * Returns are standardized by the mean and the standard deviation of all so far, so that one α serves all scales.
 */
export const linucb: LearnerKind = {
  name: "linucb",
  about: "disjoint LinUCB on the hashed words of the state",
  create(seed) {
    const random = seededRandom(seed);
    const models = new Map<string, RidgeRegression>();
    const moments = new Moments();
    return {
      choose({ state, candidates }) {
        const tokens = hashedFeatures(state, settings.dimension);
        const probabilities = softmax(candidates.map(({ logit }) => logit));
        return bestCandidate(candidates, random, ({ action }, a) => {
          const x = withBase(tokens, probabilities[a]!);
          const model = models.get(action);
          // An action that was never taken: θ = 0 and A is the identity.
          return model
            ? model.upperBound(x, settings.alpha, moments)
            : settings.alpha * Math.hypot(...x.values);
        }).action;
      },
      learn(episode) {
        const returns = judgedReturns(episode);
        if (!returns) return;
        episode.steps.forEach(({ observation, action }, i) => {
          const { state, candidates } = observation;
          const probabilities = softmax(candidates.map(({ logit }) => logit));
          const a = candidates.findIndex((candidate) => candidate.action === action);
          const x = withBase(hashedFeatures(state, settings.dimension), probabilities[a] ?? 0);
          const model = models.get(action) ?? new RidgeRegression(settings.dimension + 1);
          models.set(action, model.update(x, returns[i]!));
          moments.add(returns[i]!);
        });
      },
    };
  },
};

function withBase({ places, values }: Sparse, probability: number): Sparse {
  return { places: [...places, settings.dimension], values: [...values, probability] };
}

/** Mean and standard deviation of numbers that come one after the other. */
class Moments {
  #count = 0;
  #squares = 0;
  mean = 0;

  add(value: number): void {
    const difference = value - this.mean;
    this.mean += difference / ++this.#count;
    this.#squares += difference * (value - this.mean);
  }

  /** 1 while all numbers are the same. */
  get deviation(): number {
    return Math.sqrt(this.#squares / Math.max(1, this.#count)) || 1;
  }
}

/**
 * Ridge regression (λ = 1) of standardized rewards, one observation at a time, with the inverse of its matrix at hand
 * (Sherman–Morrison). Standardizing changes with every reward, but `A⁻¹ Σ (r − m)/d x = (A⁻¹ Σ r x − m A⁻¹ Σ x) / d`.
 */
class RidgeRegression {
  readonly #size: number;
  /** `A⁻¹`, row by row; `A = I + Σ x xᵀ`. */
  readonly #inverse: Float64Array;
  readonly #rewarded: Float64Array;
  readonly #counted: Float64Array;
  /** `A⁻¹ Σ r x` and `A⁻¹ Σ x`. */
  #solved: { readonly rewarded: Float64Array; readonly counted: Float64Array } | undefined;

  constructor(size: number) {
    this.#size = size;
    this.#inverse = new Float64Array(size * size);
    for (let i = 0; i < size; i++) this.#inverse[i * size + i] = 1;
    this.#rewarded = new Float64Array(size);
    this.#counted = new Float64Array(size);
  }

  /** `θ·x + α √(xᵀ A⁻¹ x)` */
  upperBound({ places, values }: Sparse, alpha: number, { mean, deviation }: Moments): number {
    this.#solved ??= { rewarded: this.#solve(this.#rewarded), counted: this.#solve(this.#counted) };
    const { rewarded, counted } = this.#solved;
    let expected = 0;
    let variance = 0;
    places.forEach((i, n) => {
      expected += ((rewarded[i]! - mean * counted[i]!) / deviation) * values[n]!;
      places.forEach((j, m) => {
        variance += values[n]! * this.#inverse[i * this.#size + j]! * values[m]!;
      });
    });
    return expected + alpha * Math.sqrt(Math.max(0, variance));
  }

  /** `A⁻¹ ← A⁻¹ − (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x)` */
  update({ places, values }: Sparse, reward: number): this {
    const size = this.#size;
    const inverse = this.#inverse;
    const product = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      places.forEach((j, m) => {
        product[i]! += inverse[i * size + j]! * values[m]!;
      });
    }
    let denominator = 1;
    places.forEach((i, n) => {
      denominator += values[n]! * product[i]!;
    });
    for (let i = 0; i < size; i++) {
      const factor = product[i]! / denominator;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) inverse[i * size + j]! -= factor * product[j]!;
    }
    places.forEach((i, n) => {
      this.#rewarded[i]! += reward * values[n]!;
      this.#counted[i]! += values[n]!;
    });
    this.#solved = undefined;
    return this;
  }

  /** `A⁻¹ v` */
  #solve(vector: Float64Array): Float64Array {
    const size = this.#size;
    const solution = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += this.#inverse[i * size + j]! * vector[j]!;
      solution[i] = sum;
    }
    return solution;
  }
}

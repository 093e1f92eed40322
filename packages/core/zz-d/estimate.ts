import type { Neighbor, StepReference } from "./neighbor.js";
import type { ReturnSummary } from "./return-summary.js";

/** A past step with the similarity of its state, as an estimate used it. */
export interface EvidenceStep extends StepReference {
  readonly action: string;
  readonly similarity: number;
}

export interface EstimateInput {
  /** At least one. */
  readonly neighbors: readonly Neighbor[];
  /** The candidates' actions, all different. */
  readonly actions: readonly string[];
  /** All returns of the memory, under the same version of the state features. */
  readonly returns: ReturnSummary;
  /** How often the run has taken each of the actions in this very state already. @default never */
  readonly tried?: readonly number[];
  /** A recorded random draw in [0, 1). */
  readonly draw: (purpose: string) => number;
}

export interface ActionEstimate {
  /** `Q(s,a)`. */
  readonly q: number;
  /** What is added to the logit, times β: `A(s,a) = Q(s,a) − V(s)`, or its normalized form. */
  readonly advantage: number;
  /** Number of steps behind `q`; 0 for an action that no neighbour took. */
  readonly count: number;
}

export interface Estimate {
  /** `V(s)`. */
  readonly value: number;
  /** One an action, in their order. */
  readonly actions: readonly ActionEstimate[];
  /** The steps that all numbers were computed from. */
  readonly evidence: readonly EvidenceStep[];
}

/** Estimates values and advantages from neighbours. */
export interface Estimator {
  readonly name: string;
  estimate(input: EstimateInput): Estimate;
}

export interface PlainOptions {
  /** Neighbours k: the estimate rests on the newest k steps of the nearest states. @default 10 */
  k?: number;
  /** Exploration bonus α, in units of return. @default 5 */
  explorationBonus?: number;
  /** Probability λ that an unseen action gets its bonus. @default 1 */
  explorationProbability?: number;
}

/**
 * The published rule. Over the neighbourhood `N(s)`, the newest k steps of the nearest states:
 *
 *     V(s)   = mean return of N(s)
 *     Q(s,a) = mean return of the steps in N(s) that took a
 *     Q(s,a) = V(s) + α / |N(s)|  with probability λ, else V(s), if none took a
 *     A(s,a) = Q(s,a) − V(s)
 */
export function plainEstimator(options: PlainOptions = {}): Estimator {
  const { k = 10, explorationBonus = 5, explorationProbability = 1 } = options;
  return {
    name: "plain",
    estimate({ neighbors, actions, draw }) {
      const evidence = nearestSteps(neighbors, k);
      const value = mean(evidence);
      return {
        value,
        evidence,
        actions: actions.map((action) => {
          const taken = evidence.filter((step) => step.action === action);
          if (taken.length > 0) return estimateOf(mean(taken), value, taken.length);
          const explore = explorationProbability >= 1 || draw("exploration") < explorationProbability;
          return estimateOf(value + (explore ? explorationBonus / evidence.length : 0), value, 0);
        }),
      };
    },
  };
}

/** Keeps the division of {@link normalizedEstimator} defined when all advantages are 0. */
const EPSILON = 1e-8;

/** The paper's form: the plain rule with `Ã = A / (max_a |A| + ε)`, so that β does not depend on the scale of rewards. */
export function normalizedEstimator(options: PlainOptions = {}): Estimator {
  const plain = plainEstimator(options);
  return {
    name: "normalized",
    estimate(input) {
      const { actions, ...estimate } = plain.estimate(input);
      const scale = actions.reduce((max, { advantage }) => Math.max(max, Math.abs(advantage)), 0) + EPSILON;
      return {
        ...estimate,
        actions: actions.map((action) => ({ ...action, advantage: action.advantage / scale })),
      };
    },
  };
}

/** `N(s)`: the k nearest steps, the newest first among equally similar ones. */
export function nearestSteps(neighbors: readonly Neighbor[], k: number): EvidenceStep[] {
  const steps: EvidenceStep[] = [];
  for (const { similarity, actions } of neighbors) {
    for (const { action, latest } of actions) {
      for (const step of latest) steps.push(evidenceOf(step, action, similarity));
    }
  }
  steps.sort((a, b) => b.similarity - a.similarity || b.order - a.order);
  if (steps.length > k) steps.length = k;
  return steps;
}

/** Property by property: to spread the step into it would take most of the time of an estimate. */
function evidenceOf(step: StepReference, action: string, similarity: number): EvidenceStep {
  const { episodeId, step: index, return: value, chosenBy, order, later, novelty, importedFrom } = step;
  const evidence: Writable<EvidenceStep> = {
    episodeId,
    step: index,
    return: value,
    chosenBy,
    order,
    later,
    action,
    similarity,
  };
  if (novelty !== undefined) evidence.novelty = novelty;
  if (importedFrom !== undefined) evidence.importedFrom = importedFrom;
  return evidence;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function estimateOf(q: number, value: number, count: number) {
  return { q, advantage: q - value, count };
}

function mean(steps: readonly EvidenceStep[]): number {
  return steps.reduce((sum, step) => sum + step.return, 0) / steps.length;
}

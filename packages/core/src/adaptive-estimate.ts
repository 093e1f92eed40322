import { type Estimator, type EvidenceStep, nearestSteps } from "./estimate.js";
import type { ReturnSummary } from "./return-summary.js";
import { isSameState } from "./similarity.js";

export interface AdaptiveOptions {
  /** The estimate rests on the newest k steps of the nearest states. @default 100 */
  k?: number;
  /** How much an action is worth trying for what it might bring, without unit; 0 tries nothing new. @default 1.4 */
  explorationBonus?: number;
  /** Probability λ that a decision has an exploration bonus at all. @default 1 */
  explorationProbability?: number;
}

/** Nats that a lead of one standard deviation of all returns is worth, once there is evidence enough for it. */
export const STRENGTH = 15;

/** How much faster a step's weight falls than its similarity: half as similar counts a sixteenth. */
const SHARPNESS = 4;

/** What a step counts less with each newer one of the same action. */
const FADING = 0.98;

/** The same where others came after it: its return rests on what the agent did then, which it may do better by now. */
const FADING_BEFORE_OTHERS = 0.95;

/** Every value begins as if there had been so many steps at the starting point. */
const CAUTION = 1;

/** What is worth hoping for lies so many standard deviations above the mean of all returns, where any was that high. */
const HOPE = 1.5;

/**
 * Values from weighed steps, held against all returns of the memory; docs/algorithm.md derives each term. Over `N(s)`,
 * the newest k steps of the nearest states, with μ, σ and the highest of all returns of the memory:
 *
 *     w_i    = (similarity_i / highest similarity)⁴ · f^(weight of the newer steps of its action and kind),
 *              with f = 0.98 for the last step of an episode and 0.95 for one with others after it
 *     n_a    = Σ w_i over the steps that took a;  N = Σ n_a
 *     V(s)   = Σ w_i·G_i / N
 *     m      = V(s) − max(0, V(s) − μ) / (1 + N)
 *     Q(s,a) = (Σ_a w_i·G_i + m) / (n_a + 1)
 *     H      = min(μ + 1.5·σ, highest return), or highest return + σ where nothing good was ever seen
 *     u_a    = max(1 / (1 + n_a), weighed mean of the novelty of the steps of the very same state that took a)
 *              / (1 + how often this run has taken a in this very state already)
 *     E(s,a) = (√(1 + N) − 1) · u_a · max(0, H − Q(s,a))
 *     A(s,a) = (15·(Q(s,a) − V(s)) + c·E(s,a)) / σ
 *
 * There are three kinds of steps, by how much they can be relied on: those of the very same state, those of similar
 * states, and imported ones (`importedFrom`), whose returns count no further than 1.5·σ from μ. The steps of one kind
 * count 1 / (1 + n_a), with the n_a of the better kinds: hearsay gives way to knowledge.
 */
export function adaptiveEstimator(options: AdaptiveOptions = {}): Estimator {
  const { k = 100, explorationBonus = 1.4, explorationProbability = 1 } = options;
  return {
    name: "adaptive",
    estimate({ neighbors, actions, returns, tried, draw }) {
      const evidence = nearestSteps(neighbors, k);
      const scale = scaleOf(returns);
      const byAction = weigh(evidence, returns, scale);
      let weight = 0;
      let sum = 0;
      for (const taken of byAction.values()) {
        weight += taken.weight;
        sum += taken.sum;
      }
      const value = sum / weight;
      // Where few steps were good, an untried action is not expected to be: it begins between them and what is usual.
      const start = value - Math.max(0, value - returns.mean) / (1 + weight);
      const hope =
        returns.highest > 0
          ? Math.min(returns.mean + HOPE * scale, returns.highest)
          : returns.highest + scale;
      const tries =
        explorationBonus > 0 && (explorationProbability >= 1 || draw("exploration") < explorationProbability);
      const bonus = tries ? explorationBonus * (Math.sqrt(1 + weight) - 1) : 0;
      return {
        value,
        evidence,
        actions: actions.map((action, a) => {
          const taken = byAction.get(action) ?? nothing;
          const q = (taken.sum + CAUTION * start) / (taken.weight + CAUTION);
          const unknown = Math.max(1 / (1 + taken.weight), taken.novelty) / (1 + (tried?.[a] ?? 0));
          const explored = bonus * unknown * Math.max(0, hope - q);
          return { q, advantage: (STRENGTH * (q - value) + explored) / scale, count: taken.count };
        }),
      };
    },
  };
}

interface Taken {
  /** Effective number of steps `n_a`. */
  weight: number;
  /** Sum of weighed returns. */
  sum: number;
  count: number;
  /** Weighed mean of the novelty of what came after its steps, where it is known. */
  novelty: number;
}

const nothing: Readonly<Taken> = { weight: 0, sum: 0, count: 0, novelty: 0 };

/** σ, or where all returns are the same, their size. */
function scaleOf({ mean, spread }: ReturnSummary): number {
  const size = Math.abs(mean);
  if (spread > 1e-9 * size) return spread;
  return size > 0 ? size : 1;
}

function weigh(
  evidence: readonly EvidenceStep[],
  { mean }: ReturnSummary,
  scale: number,
): Map<string, Taken> {
  const nearest = evidence[0]?.similarity ?? 1;
  const newestFirst = [...evidence].sort((a, b) => b.order - a.order);
  const tiers = {
    same: new Map<string, Taken>(),
    alike: new Map<string, Taken>(),
    imported: new Map<string, Taken>(),
  };
  for (const { action, similarity, importedFrom, ...step } of newestFirst) {
    const tier =
      importedFrom !== undefined ? tiers.imported : isSameState(similarity) ? tiers.same : tiers.alike;
    const taken = tier.get(action) ?? { ...nothing };
    tier.set(action, taken);
    const alike = nearest > 0 ? (similarity / nearest) ** SHARPNESS : 1;
    const fading = step.later > 0 ? FADING_BEFORE_OTHERS : FADING;
    const weight = alike * fading ** taken.weight;
    const bound = HOPE * scale;
    const limited = Math.max(mean - bound, Math.min(mean + bound, step.return));
    taken.weight += weight;
    taken.sum += weight * (importedFrom === undefined ? step.return : limited);
    taken.count++;
    if (tier === tiers.same) taken.novelty += (weight / taken.weight) * ((step.novelty ?? 0) - taken.novelty);
  }
  const known = tiers.same;
  for (const tier of [tiers.alike, tiers.imported]) {
    for (const [action, hearsay] of tier) {
      const better = known.get(action) ?? nothing;
      const share = 1 / (1 + better.weight);
      known.set(action, {
        weight: better.weight + share * hearsay.weight,
        sum: better.sum + share * hearsay.sum,
        count: better.count + hearsay.count,
        novelty: better.novelty,
      });
    }
  }
  return known;
}

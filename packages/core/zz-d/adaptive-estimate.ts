import { departureTrust } from "./departures.js";
import { type Estimator, type EvidenceStep, nearestSteps } from "./estimate.js";
import type { ReturnSummary } from "./return-summary.js";
import { isSameState } from "./similarity.js";

export interface AdaptiveOptions {
  /** The estimate rests on the newest k steps of the nearest states. @default 100 */
  k?: number;
  /** How much an action is worth trying for what it might bring, without unit; 0 tries nothing new. @default 2.2 */
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

/** What is worth hoping for lies so many standard deviations above the mean of all returns, where any was that high. */
const HOPE = 1.5;

/** Share of the variance of all returns that lies within one action, before anything is known of it… */
const LUCK = 0.75;

/** … which counts like so many steps that repeat an action. */
const LUCK_WEIGHT = 4;

/** Least and most steps that a value begins with. */
const CAUTION = { least: 0.5, most: 5 };

/**
 * Values from weighed steps, held against all returns of the memory; docs/algorithm.md derives each term. Over `N(s)`,
 * the newest k steps of the nearest states, with μ, σ and the highest of all returns of the memory:
 *
 *     w_i    = (similarity_i / highest similarity)⁴ · f^(weight of the newer steps of its action and kind),
 *              with f = 0.98 for the last step of an episode and 0.95 for one with others after it
 *     n_a    = Σ w_i over the steps that took a;  N = Σ n_a;  N_own = the same without imported steps
 *     V(s)   = Σ w_i·G_i / N
 *     ρ      = (4·¾ + Σ_a Σ_a w_i·(G_i − Ḡ_a)²/σ²) / (4 + Σ_a (n_a − Σ_a w_i²/n_a))
 *     κ      = ρ / (1 − ρ), at least ½ and at most 5
 *     m'     = (Σ_a Z_a·Ḡ_a + μ) / (Σ_a Z_a + 1)  with  Z_a = n_a / (n_a + κ)
 *     m      = m' where m' ≤ V(s), else V(s) + b·(m' − V(s)), with the trust b in leaving the base action
 *     Q(s,a) = (Σ_a w_i·G_i + κ·m) / (n_a + κ)
 *     H      = min(μ + 1.5·σ, highest return), or highest return + σ where nothing good was ever seen
 *     u_a    = max(κ / (κ + n_a), weighed mean of the novelty of the steps of the very same state that took a)
 *              / (1 + how often this run has taken a in this very state already)
 *     E(s,a) = (√(1 + N_own) − 1) · u_a · max(0, H − max_b Q(s,b))
 *     A(s,a) = (15·(Q(s,a) − V(s)) + c·E(s,a)) / σ
 *
 * There are three kinds of steps, by how much they can be relied on: those of the very same state, those of similar
 * states, and imported ones (`importedFrom`), whose returns count no further than 1.5·σ from μ. The steps of one kind
 * count 1 / (1 + n_a), with the n_a of the better kinds: hearsay gives way to knowledge.
 */
export function adaptiveEstimator(options: AdaptiveOptions = {}): Estimator {
  const { k = 100, explorationBonus = 2.2, explorationProbability = 1 } = options;
  return {
    name: "adaptive",
    estimate({ neighbors, actions, returns, tried, draw }) {
      const evidence = nearestSteps(neighbors, k);
      const scale = scaleOf(returns);
      const { byAction, own } = weigh(evidence, returns, scale);
      const { value, caution, start } = levelOf(byAction.values(), returns, scale);
      const tries =
        explorationBonus > 0 && (explorationProbability >= 1 || draw("exploration") < explorationProbability);
      const each = actions.map((action) => {
        const taken = byAction.get(action) ?? nothing;
        return { taken, q: (taken.sum + caution * start) / (taken.weight + caution) };
      });
      const gain = Math.max(0, hopeOf(returns, scale) - Math.max(...each.map(({ q }) => q)));
      const bonus = tries ? explorationBonus * (Math.sqrt(1 + own) - 1) * gain : 0;
      return {
        value,
        evidence,
        actions: each.map(({ taken, q }, a) => {
          const unknown =
            Math.max(caution / (caution + taken.weight), taken.novelty) / (1 + (tried?.[a] ?? 0));
          return { q, advantage: (STRENGTH * (q - value) + bonus * unknown) / scale, count: taken.count };
        }),
      };
    },
  };
}

/** What the steps of one action come to. */
interface Taken {
  /** Effective number of steps `n_a`. */
  weight: number;
  /** Sum of the squared weights. */
  squaredWeight: number;
  /** Sum of weighed returns. */
  sum: number;
  /** Sum of weighed squares of the returns' distances from μ, in σ². */
  squares: number;
  count: number;
  /** Weighed mean of the novelty of what came after its steps, where it is known. */
  novelty: number;
}

const nothing: Readonly<Taken> = {
  weight: 0,
  squaredWeight: 0,
  sum: 0,
  squares: 0,
  count: 0,
  novelty: 0,
};

/** σ, or where all returns are the same, their size. */
function scaleOf({ mean, spread }: ReturnSummary): number {
  const size = Math.abs(mean);
  if (spread > 1e-9 * size) return spread;
  return size > 0 ? size : 1;
}

/** `H`: the best that experience makes likely. */
function hopeOf({ mean, highest }: ReturnSummary, scale: number): number {
  return highest > 0 ? Math.min(mean + HOPE * scale, highest) : highest + scale;
}

/** `V`, `κ` and `m`: what the actions have in common. */
function levelOf(all: Iterable<Taken>, returns: ReturnSummary, scale: number) {
  const tried = [...all];
  let weight = 0;
  let sum = 0;
  let luck = LUCK_WEIGHT * LUCK;
  let repeats = LUCK_WEIGHT;
  for (const taken of tried) {
    const distance = (taken.sum - taken.weight * returns.mean) / scale;
    weight += taken.weight;
    sum += taken.sum;
    luck += Math.max(0, taken.squares - distance ** 2 / taken.weight);
    repeats += Math.max(0, taken.weight - taken.squaredWeight / taken.weight);
  }
  const value = sum / weight;
  const between = Math.max(0, 1 - luck / repeats);
  const caution = Math.min(CAUTION.most, Math.max(CAUTION.least, luck / repeats / between));
  let known = 1;
  let level = returns.mean;
  for (const taken of tried) {
    const credibility = taken.weight / (taken.weight + caution);
    known += credibility;
    level += (credibility * taken.sum) / taken.weight;
  }
  const expected = level / known;
  // Where what was done went badly, others are expected to go better only as far as leaving the base action has paid.
  const trust = expected > value ? departureTrust(returns.departures, scale) : 1;
  return { value, caution, start: Math.min(expected, value + trust * (expected - value)) };
}

function weigh(evidence: readonly EvidenceStep[], { mean }: ReturnSummary, scale: number) {
  const nearest = evidence[0]?.similarity ?? 1;
  const newestFirst = [...evidence].sort((a, b) => b.order - a.order);
  const tiers = {
    same: new Map<string, Taken>(),
    alike: new Map<string, Taken>(),
    imported: new Map<string, Taken>(),
  };
  for (const step of newestFirst) {
    const { action, similarity, importedFrom } = step;
    const tier =
      importedFrom !== undefined ? tiers.imported : isSameState(similarity) ? tiers.same : tiers.alike;
    const taken = tier.get(action) ?? { ...nothing };
    tier.set(action, taken);
    const alike = nearest > 0 ? (similarity / nearest) ** SHARPNESS : 1;
    const fading = step.later > 0 ? FADING_BEFORE_OTHERS : FADING;
    const weight = alike * fading ** taken.weight;
    const bound = HOPE * scale;
    const limited = Math.max(mean - bound, Math.min(mean + bound, step.return));
    const value = importedFrom === undefined ? step.return : limited;
    taken.weight += weight;
    taken.squaredWeight += weight ** 2;
    taken.sum += weight * value;
    taken.squares += weight * ((value - mean) / scale) ** 2;
    taken.count++;
    if (tier === tiers.same) taken.novelty += (weight / taken.weight) * ((step.novelty ?? 0) - taken.novelty);
  }
  const byAction = tiers.same;
  addHearsay(byAction, tiers.alike);
  let own = 0;
  for (const { weight } of byAction.values()) own += weight;
  addHearsay(byAction, tiers.imported);
  return { byAction, own };
}

/** Adds what can be relied on less: it counts the less, the more is known. */
function addHearsay(known: Map<string, Taken>, tier: ReadonlyMap<string, Taken>): void {
  for (const [action, hearsay] of tier) {
    const better = known.get(action) ?? nothing;
    const share = 1 / (1 + better.weight);
    known.set(action, {
      weight: better.weight + share * hearsay.weight,
      squaredWeight: better.squaredWeight + share ** 2 * hearsay.squaredWeight,
      sum: better.sum + share * hearsay.sum,
      squares: better.squares + share * hearsay.squares,
      count: better.count + hearsay.count,
      novelty: better.novelty,
    });
  }
}

import { betaWithinBudget, klDivergence, logSoftmax, softmax, updateLogits } from "./policy-update.js";

/** How the action is chosen from the updated policy. */
export type SelectionMode = "greedy" | "sample" | "epsilon-greedy";

/** Who wins among equally good actions: the base action, else the first in the list; or any, at random. */
export type Ties = "first" | "random";

export interface SelectionInput {
  /** Logits z of the base policy. */
  readonly logits: readonly number[];
  readonly advantages: readonly number[];
  readonly beta: number;
  /** Index of the base action. */
  readonly base: number;
  /** Probability with which chance made it the base action: 1 unless it was drawn among ties. */
  readonly baseShare: number;
  readonly selection: SelectionMode;
  readonly epsilon: number;
  readonly ties: Ties;
  /** Nats. */
  readonly klBudget: number;
  readonly draw: (purpose: string) => number;
}

export interface Selection {
  /** Index of the action to execute. */
  readonly index: number;
  /** Probability of just this action, given the candidates and the draws that were made before selecting. */
  readonly propensity: number;
  /** Divergence from the base policy of the distribution that the action was drawn from, nats; 0 if the base action simply stands. */
  readonly kl: number;
  /** The β that was used: less than asked for when sampling had to stay within the budget. */
  readonly beta: number;
  /** `z + βA`. */
  readonly logits: readonly number[];
}

/** Differences of logits below this, relative to their size, are ties. */
const TIE_TOLERANCE = 1e-12;

/**
 * Selects from `softmax(z + βA)` within a budget on the divergence of **what is executed** from the base policy π₀.
 *
 * - `sample` draws from `softmax(z + β'A)` with the largest `β' ≤ β` whose divergence stays within the budget.
 * - `greedy` executes the best of the actions within reach. Executing `a` for certain diverges by `−ln π₀(a)`, so
 *   within reach are the actions with `−ln π₀(a) ≤ budget`, and the base action, which changes nothing.
 * - `epsilon-greedy` executes, with probability ε, any of the actions within reach, all alike, else the greedy one.
 *   A mixture of actions within reach diverges by no more than the budget.
 */
export function select(input: SelectionInput): Selection {
  return input.selection === "sample" ? sample(input) : greedy(input);
}

function sample({ logits, advantages, beta, klBudget, draw }: SelectionInput): Selection {
  const within = betaWithinBudget(logits, advantages, beta, klBudget);
  const updated = updateLogits(logits, advantages, within);
  const probabilities = softmax(updated);
  const index = drawFrom(probabilities, draw("sample"));
  return {
    index,
    propensity: probabilities[index]!,
    kl: klDivergence(updated, logits),
    beta: within,
    logits: updated,
  };
}

/** @param at a number in [0, 1) */
function drawFrom(probabilities: readonly number[], at: number): number {
  let passed = 0;
  for (const [a, probability] of probabilities.entries()) {
    passed += probability;
    if (at < passed) return a;
  }
  // Rounding may leave a rest beyond the last action: it belongs to the last that is possible at all.
  return probabilities.findLastIndex((probability) => probability > 0);
}

function greedy({
  logits,
  advantages,
  beta,
  base,
  baseShare,
  selection,
  epsilon,
  ties,
  klBudget,
  draw,
}: SelectionInput): Selection {
  const updated = updateLogits(logits, advantages, beta);
  const cost = logSoftmax(logits).map((logPi) => -logPi);
  const affordable = cost.map((c) => c <= klBudget + TIE_TOLERANCE);
  const reach = [...logits.keys()].filter((a) => affordable[a] || a === base);
  // A base action beyond the budget changes nothing for certain, but would in a draw with others.
  const best = breakTie(topOf(updated, reach), base, affordable[base] ? ties : "first");

  // The distribution that is executed: the greedy actions alike, and with probability ε any within reach.
  const exploring = selection === "epsilon-greedy" && affordable[base] === true ? epsilon : 0;
  const distribution = new Array<number>(logits.length).fill(0);
  for (const a of best) distribution[a]! += (1 - exploring) / best.length;
  for (const a of reach) distribution[a]! += exploring / reach.length;

  const explores = exploring > 0 && draw("epsilon") < exploring;
  const index = pick(explores ? reach : best, explores ? "explore" : "tie", draw);
  const stands = distribution[base]! >= 1 - TIE_TOLERANCE;
  return {
    index,
    // Beyond the budget what is within reach depends on the base action, else on the logits alone.
    propensity: distribution[index]! * (affordable[base] ? 1 : baseShare),
    kl: stands ? 0 : divergence(distribution, cost),
    beta,
    logits: updated,
  };
}

/** All of the given actions whose value is the highest. */
export function topOf(values: readonly number[], among: readonly number[]): number[] {
  const top = among.reduce((max, a) => Math.max(max, values[a]!), Number.NEGATIVE_INFINITY);
  return among.filter((a) => top - values[a]! <= TIE_TOLERANCE * Math.max(1, Math.abs(top)));
}

/** The actions among which chance decides: one, unless ties are random. */
export function breakTie(best: readonly number[], base: number | undefined, ties: Ties): readonly number[] {
  if (ties === "random") return best;
  return base !== undefined && best.includes(base) ? [base] : best.slice(0, 1);
}

/** One of several, all alike; without a draw where there is only one. */
export function pick(among: readonly number[], purpose: string, draw: (purpose: string) => number): number {
  return among.length === 1 ? among[0]! : among[Math.floor(draw(purpose) * among.length)]!;
}

/** `Σ p (ln p − ln π₀)`, from the costs `−ln π₀`. */
function divergence(distribution: readonly number[], cost: readonly number[]): number {
  const terms = distribution.map((p, a) => (p > 0 ? p * (Math.log(p) + cost[a]!) : 0));
  return Math.max(
    0,
    terms.reduce((sum, term) => sum + term, 0),
  );
}

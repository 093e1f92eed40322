import { betaWithinBudget, klDivergence, logSoftmax, softmax, updateLogits } from "./policy-update.js";

/** How the action is chosen from the updated policy. */
export type SelectionMode = "greedy" | "sample" | "epsilon-greedy";

/** Who wins among equally good actions: the base action, else the first in the list; or any, at random. */
export type Ties = "first" | "random";

export interface PlanInput {
  /** Logits z of the base policy. */
  readonly logits: readonly number[];
  readonly advantages: readonly number[];
  readonly beta: number;
  readonly selection: SelectionMode;
  readonly epsilon: number;
  readonly ties: Ties;
  /** Nats. */
  readonly klBudget: number;
}

/** From what the action is drawn, where one of the candidates is the base action. */
export interface Plan {
  /** Probability with which each action is executed. */
  readonly distribution: readonly number[];
  /** Its divergence from the base policy, nats; 0 where the base action simply stands. */
  readonly kl: number;
  /** The β that was used: less than asked for when sampling had to stay within the budget. */
  readonly beta: number;
  /** `z + βA`. */
  readonly logits: readonly number[];
  /** `softmax(z + βA)` over the actions that are not barred. */
  readonly probabilities: readonly number[];
  /** The actions that only the budget keeps out. */
  readonly beyondBudget: readonly boolean[];
  /** The index of one action, drawn from the distribution. */
  draw(draw: (purpose: string) => number): number;
}

/** Differences of logits below this, relative to their size, are ties. */
const TIE_TOLERANCE = 1e-12;

/**
 * Plans to select from `softmax(z + βA)` over the actions that are not barred, within a budget on the divergence of
 * **what is executed** from the base policy π₀ over all actions, barred ones included.
 *
 * - `sample` draws from `softmax(z + β'A)` with the largest `β' ≤ β` whose divergence stays within the budget. Where
 *   leaving out the barred actions is beyond it by itself, the base action stands.
 * - `greedy` executes the best of the actions within reach. Executing `a` for certain diverges by `−ln π₀(a)`, so
 *   within reach are the actions with `−ln π₀(a) ≤ budget`, and the base action, which changes nothing.
 * - `epsilon-greedy` executes, with probability ε, any of the actions within reach, all alike, else the greedy one.
 *   A mixture of actions within reach diverges by no more than the budget.
 *
 * @returns the plan for a base action (an index) and the actions that may be executed then, that one among them
 */
export function planner(input: PlanInput): (base: number, open: readonly number[]) => Plan {
  if (input.selection !== "sample") return (base, open) => greedy(input, base, open);
  // Sampling does not depend on the base action where it does not stand, and finding its β takes time.
  const sampled = new Map<string, Plan | undefined>();
  return (base, open) => {
    const key = open.join();
    if (!sampled.has(key)) sampled.set(key, sample(input, open));
    return (open.length > 1 ? sampled.get(key) : undefined) ?? locked(input, base, open);
  };
}

/** The base action, as if there were no experience. */
export function standing(base: number, logits: readonly number[], beta: number): Plan {
  return {
    distribution: logits.map((_, a) => (a === base ? 1 : 0)),
    kl: 0,
    beta,
    logits,
    probabilities: softmax(logits),
    beyondBudget: logits.map(() => false),
    draw: () => base,
  };
}

/** `undefined` where even the base policy, without the barred actions, is beyond the budget. */
function sample(
  { logits, advantages, beta, klBudget }: PlanInput,
  open: readonly number[],
): Plan | undefined {
  const among = (values: readonly number[]) => open.map((a) => values[a]!);
  // Of all distributions over the open actions, π₀ without the barred ones diverges least: by −ln π₀(open).
  const barring = open.length === logits.length ? 0 : costOf(among(logSoftmax(logits)));
  if (barring > klBudget) return undefined;
  const z = among(logits);
  const within = betaWithinBudget(z, among(advantages), beta, klBudget - barring);
  const updated = updateLogits(logits, advantages, within);
  const distribution = softmaxAmong(updated, open);
  return {
    distribution,
    kl: Math.min(Number.MAX_VALUE, klDivergence(among(updated), z) + barring),
    beta: within,
    logits: updated,
    probabilities: distribution,
    beyondBudget: logits.map(() => false),
    draw: (draw) => drawFrom(distribution, draw("sample")),
  };
}

/** `−ln Σ exp(log p)`, ≥ 0. */
function costOf(logProbabilities: readonly number[]): number {
  const top = Math.max(...logProbabilities);
  return Math.max(0, -top - Math.log(logProbabilities.reduce((sum, log) => sum + Math.exp(log - top), 0)));
}

/** Nothing but the base action can be executed within the budget, or at all. */
function locked({ logits, advantages, beta }: PlanInput, base: number, open: readonly number[]): Plan {
  const updated = updateLogits(logits, advantages, beta);
  const plan = standing(base, updated, beta);
  const beyond = new Set(open.filter((a) => a !== base));
  return { ...plan, probabilities: plan.distribution, beyondBudget: logits.map((_, a) => beyond.has(a)) };
}

/** `softmax` over some of the actions; 0 for the others. */
function softmaxAmong(logits: readonly number[], among: readonly number[]): number[] {
  const probabilities = new Array<number>(logits.length).fill(0);
  for (const [i, p] of softmax(among.map((a) => logits[a]!)).entries()) probabilities[among[i]!] = p;
  return probabilities;
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

function greedy(
  { logits, advantages, beta, selection, epsilon, ties, klBudget }: PlanInput,
  base: number,
  open: readonly number[],
): Plan {
  const updated = updateLogits(logits, advantages, beta);
  const cost = logSoftmax(logits).map((logPi) => -logPi);
  const affordable = (a: number) => cost[a]! <= klBudget + TIE_TOLERANCE;
  const reach = open.filter((a) => affordable(a) || a === base);
  // A base action beyond the budget changes nothing for certain, but would in a draw with others.
  const best = breakTie(topOf(updated, reach), base, affordable(base) ? ties : "first");

  // The distribution that is executed: the greedy actions alike, and with probability ε any within reach.
  const exploring = selection === "epsilon-greedy" && affordable(base) ? epsilon : 0;
  const distribution = new Array<number>(logits.length).fill(0);
  for (const a of best) distribution[a]! += (1 - exploring) / best.length;
  for (const a of reach) distribution[a]! += exploring / reach.length;

  const stands = distribution[base]! >= 1 - TIE_TOLERANCE;
  const beyond = new Set(open.filter((a) => !reach.includes(a)));
  return {
    distribution,
    kl: stands ? 0 : divergence(distribution, cost),
    beta,
    logits: updated,
    probabilities: softmaxAmong(updated, open),
    beyondBudget: logits.map((_, a) => beyond.has(a)),
    draw(draw) {
      const explores = exploring > 0 && draw("epsilon") < exploring;
      return pick(explores ? reach : best, explores ? "explore" : "tie", draw);
    },
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

import { type Candidate, type Random, type StateInput, seededRandom, softmax, toState } from "@jitrl/core";
import type { Learner, LearnerKind } from "../experiment.js";
import { judgedReturns } from "./judged-returns.js";
import { VwProcess } from "./vw-process.js";

/**
 * Contextual bandit with action-dependent features; 5 % of exploration; the words of the state crossed with the
 * action. Of what was tried by hand on this suite, to be fair to it, this did best: SquareCB (γ scale 10, 100, 1000),
 * ε = 0.05, doubly robust costs, learning rates of 0.5 and 2. All else is Vowpal Wabbit's default.
 */
const settings = "--cb_explore_adf --epsilon 0.05 --quadratic sa --learning_rate 2 --quiet";

/**
 * Vowpal Wabbit on the words of the state, the action, the base probability `π₀(a)` and whether it is the highest,
 * with the discounted return of each step as reward (its negative as cost), weighed by the probability that the
 * action was taken with. Of actions that others took, that probability is unknown, and an even one is assumed.
 */
export const vw: LearnerKind = {
  name: "vw",
  about: "Vowpal Wabbit's contextual bandit (cb_explore_adf)",
  async create(seed) {
    const shared = await VwProcess.shared();
    const id = await shared.open(`${settings} --random_seed ${seed}`);
    return new VwLearner(shared, id, seededRandom(seed));
  },
};

class VwLearner implements Learner {
  readonly #vw: VwProcess;
  readonly #id: number;
  readonly #random: Random;
  /** With which probability each action of this episode was taken. */
  #propensities: number[] = [];

  constructor(process: VwProcess, id: number, random: Random) {
    this.#vw = process;
    this.#id = id;
    this.#random = random;
  }

  async choose({ state, candidates }: Parameters<Learner["choose"]>[0]): Promise<string> {
    const probabilities = await this.#vw.predict(this.#id, exampleOf(state, candidates));
    const at = this.#random();
    let passed = 0;
    let index = probabilities.findIndex((probability) => {
      passed += probability;
      return at < passed;
    });
    // Rounding may leave a rest beyond the last action.
    if (index < 0) index = probabilities.findLastIndex((probability) => probability > 0);
    this.#propensities.push(probabilities[index]!);
    return candidates[index]!.action;
  }

  async learn(episode: Parameters<Learner["learn"]>[0]): Promise<void> {
    const own = episode.source === undefined || episode.source === "agent";
    const propensities = own ? this.#propensities : [];
    if (own) this.#propensities = [];
    const returns = judgedReturns(episode);
    if (!returns) return;
    const examples = episode.steps.map(({ observation: { state, candidates }, action }, i) => {
      const probability = propensities[i] ?? 1 / candidates.length;
      return exampleOf(state, candidates, { action, label: `0:${-returns[i]!}:${probability} ` });
    });
    await this.#vw.learn(this.#id, examples);
  }

  close(): Promise<void> {
    return this.#vw.close(this.#id);
  }
}

/** An example in Vowpal Wabbit's text format; one that has a label is for learning. */
function exampleOf(
  input: StateInput,
  candidates: readonly Candidate[],
  taken?: { readonly action: string; readonly label: string },
): string {
  const { features, partition = "" } = toState(input);
  const tokens = Object.entries(features).flatMap(([name, feature]) =>
    [...new Set(feature.tokens)].map((token) => escaped(`${name}=${token}`)),
  );
  const probabilities = softmax(candidates.map(({ logit }) => logit));
  const highest = Math.max(...probabilities);
  const actions = candidates.map(({ action }, a) => {
    const label = taken?.action === action ? taken.label : "";
    const top = probabilities[a] === highest ? " top" : "";
    return `${label}|a ${escaped(action)} |b p:${probabilities[a]!.toFixed(6)}${top}`;
  });
  return [`shared |s ${escaped(`partition=${partition}`)} ${tokens.join(" ")}`, ...actions].join("\n");
}

/** Without what the text format reads as its own. */
function escaped(text: string): string {
  return text.replace(/[\s:|%]/gu, (character) => `%${character.codePointAt(0)!.toString(16)}`);
}

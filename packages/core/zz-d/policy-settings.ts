import { invalid } from "./check.js";
import type { DecisionSettings, PolicyMode } from "./decision.js";
import { JitRLError } from "./errors.js";
import type { Estimator } from "./estimate.js";
import { checkGuard, type Guard } from "./guard.js";
import type { ExperienceMemory } from "./memory.js";
import { checkMode, type ModeByRun } from "./mode.js";
import type { Random } from "./random.js";
import type { SelectionMode, Ties } from "./select.js";

export interface PolicyOptions {
  /** Where experience comes from and goes to. */
  memory: ExperienceMemory;
  /** How values are estimated from neighbours. An own one brings its own constants. @default "adaptive" */
  estimator?: "adaptive" | "plain" | "normalized" | Estimator;
  /** Strength β ≥ 0 of learning: advantages are multiplied by it and added to the logits; 0 is the base policy. @default 1 */
  beta?: number;
  /** Neighbours k, an integer ≥ 1: the estimate rests on the newest k steps of the nearest states. @default 100; 10 for "plain" and "normalized" */
  k?: number;
  /**
   * How much an action is worth trying for what it might bring, ≥ 0; 0 tries nothing new. For "adaptive" a number
   * without unit, by the default a compromise between safety and speed; for the others the published α, in units of
   * return.
   *
   * @default 2.2; 5 for "plain" and "normalized"
   */
  explorationBonus?: number;
  /** Probability λ in [0, 1] that there is a bonus: for "adaptive" in a decision, for the others of an action that no neighbour took. @default 1 */
  explorationProbability?: number;
  /** Least similarity of a neighbour, in [0, 1], inclusive; 0 admits every past step. @default 0.5 */
  minSimilarity?: number;
  /** Least Jaccard similarity of single features, by name, inclusive. @default none */
  minFeatureSimilarity?: Readonly<Record<string, number>>;
  /** Fewest past steps that may move a choice, an integer ≥ 1; with fewer the base action stands. @default 1 */
  minEvidence?: number;
  /**
   * Fewest past steps that an action must have been taken in to be chosen in the place of the base action, a number
   * ≥ 0. Above 0 learning tries nothing that nobody has tried. @default 0
   */
  minActionEvidence?: number;
  /** How the action is chosen from the updated policy. @default "greedy" */
  selection?: SelectionMode;
  /** Probability ε in [0, 1] of exploring, for `epsilon-greedy`. @default 0.1 */
  epsilon?: number;
  /** Who wins among equally good actions. @default "first": the base action, else the first in the list */
  ties?: Ties;
  /** Most that what is executed may diverge from the base policy, nats ≥ 0. @default Infinity */
  klBudget?: number;
  /** Most tokens that a search may look at; past it the base action stands. @default 20_000_000, some tens of milliseconds */
  searchBudget?: number;
  /**
   * Whether the candidates are kept with each step, which offline evaluation needs: about 30 bytes a candidate, and its
   * action. @default true unless `selection` is "greedy", whose choices say nothing of other settings
   */
  logCandidates?: boolean;
  /** Which actions learning may neither choose nor replace. @default none */
  guard?: Guard;
  /** Also by a function of the run, e.g. `rollout({ percent: 10 })`; `Policy.mode` changes it later. @default "on" */
  mode?: PolicyMode | ModeByRun;
  /** Source of randomness. @default Math.random */
  random?: Random;
  /** Told when the memory, the estimator, the guard or the mode function failed and the base action stood in. */
  onError?: (error: unknown) => void;
}

/**
 * The settings, with their defaults, checked.
 *
 * @throws JitRLError `invalid-input` for an option out of its range
 */
export function settingsOf(options: PolicyOptions): DecisionSettings {
  checkMemory(options.memory);
  if ("gamma" in options) {
    throw new JitRLError(
      "invalid-input",
      "γ belongs to the memory, since returns are computed there: openMemory({ gamma }).",
    );
  }
  const { estimator = "adaptive", memory } = options;
  const published = estimator === "plain" || estimator === "normalized";
  const klBudget = options.klBudget ?? Number.POSITIVE_INFINITY;
  const searchBudget = options.searchBudget ?? 20_000_000;
  const settings: DecisionSettings = {
    estimator: typeof estimator === "string" ? estimator : estimator.name,
    gamma: memory.gamma,
    beta: options.beta ?? 1,
    k: options.k ?? (published ? 10 : 100),
    minSimilarity: options.minSimilarity ?? 0.5,
    minFeatureSimilarity: options.minFeatureSimilarity ?? {},
    minEvidence: options.minEvidence ?? 1,
    minActionEvidence: options.minActionEvidence ?? 0,
    explorationBonus: options.explorationBonus ?? (published ? 5 : 2.2),
    explorationProbability: options.explorationProbability ?? 1,
    selection: options.selection ?? "greedy",
    epsilon: options.epsilon ?? 0.1,
    ties: options.ties ?? "first",
    klBudget: klBudget === Number.POSITIVE_INFINITY ? null : klBudget,
    searchBudget: searchBudget === Number.POSITIVE_INFINITY ? null : searchBudget,
    logCandidates: options.logCandidates ?? (options.selection ?? "greedy") !== "greedy",
  };
  const check = (name: string, value: number, ok: boolean, expected: string) => {
    if (!ok)
      throw new JitRLError("invalid-input", `Expected ${name} to be ${expected}, found ${value}.`, {
        details: { option: name },
      });
  };
  const unit = (value: number) => value >= 0 && value <= 1;
  check("beta", settings.beta, settings.beta >= 0 && Number.isFinite(settings.beta), "a finite number ≥ 0");
  check("k", settings.k, Number.isInteger(settings.k) && settings.k >= 1, "an integer ≥ 1");
  check(
    "minEvidence",
    settings.minEvidence,
    typeof estimator !== "string" || settings.minEvidence <= settings.k,
    `at most k (${settings.k}), since no estimate rests on more steps than that`,
  );
  check("minSimilarity", settings.minSimilarity, unit(settings.minSimilarity), "in [0, 1]");
  for (const [name, floor] of Object.entries(settings.minFeatureSimilarity)) {
    check(`minFeatureSimilarity.${name}`, floor, unit(floor), "in [0, 1]");
  }
  check(
    "minEvidence",
    settings.minEvidence,
    Number.isInteger(settings.minEvidence) && settings.minEvidence >= 1,
    "an integer ≥ 1",
  );
  check(
    "minActionEvidence",
    settings.minActionEvidence,
    settings.minActionEvidence >= 0 && Number.isFinite(settings.minActionEvidence),
    "a finite number ≥ 0",
  );
  check(
    "explorationBonus",
    settings.explorationBonus,
    settings.explorationBonus >= 0 && Number.isFinite(settings.explorationBonus),
    "a finite number ≥ 0",
  );
  check(
    "explorationProbability",
    settings.explorationProbability,
    unit(settings.explorationProbability),
    "in [0, 1]",
  );
  check("epsilon", settings.epsilon, unit(settings.epsilon), "in [0, 1]");
  check("klBudget", klBudget, klBudget >= 0, "≥ 0");
  check("searchBudget", searchBudget, searchBudget > 0, "above 0");
  const oneOf = (name: string, value: string, names: readonly string[]) => {
    if (!names.includes(value)) throw invalid(name, names.map((n) => `"${n}"`).join(" or "), value);
  };
  checkMode(options.mode ?? "on");
  checkGuard(options.guard);
  oneOf("selection", settings.selection, ["greedy", "sample", "epsilon-greedy"] satisfies SelectionMode[]);
  oneOf("ties", settings.ties, ["first", "random"] satisfies Ties[]);
  if (typeof estimator === "string") oneOf("estimator", estimator, ["adaptive", "plain", "normalized"]);
  return settings;
}

function checkMemory(memory: unknown): void {
  if (typeof memory === "object" && memory !== null && "neighbors" in memory && "learn" in memory) return;
  const found = memory instanceof Promise ? "a promise: write `await openMemory()`" : String(memory);
  throw new JitRLError("invalid-input", `Expected memory to be an ExperienceMemory, found ${found}.`);
}

import { invalid } from "./check.js";
import type { DecisionSettings, PolicyMode } from "./decision.js";
import { JitRLError } from "./errors.js";
import type { Estimator } from "./estimate.js";
import type { ExperienceMemory } from "./memory.js";
import type { Random } from "./random.js";
import type { SelectionMode, Ties } from "./select.js";

export interface PolicyOptions {
  /** Where experience comes from and goes to. */
  memory: ExperienceMemory;
  /** How values are estimated from neighbours. An own one brings its own α and λ. @default "plain" */
  estimator?: "plain" | "normalized" | Estimator;
  /** Strength β ≥ 0 of learning: advantages are multiplied by it and added to the logits; 0 is the base policy. @default 1 */
  beta?: number;
  /** Neighbours k, an integer ≥ 1. @default 10 */
  k?: number;
  /** Exploration bonus α ≥ 0, in units of return. @default 5 */
  explorationBonus?: number;
  /** Probability λ in [0, 1] that an action no neighbour took gets its bonus. @default 1 */
  explorationProbability?: number;
  /** Least similarity of a neighbour, in [0, 1], inclusive; 0 admits every past step. @default 0.5 */
  minSimilarity?: number;
  /** Least Jaccard similarity of single features, by name, inclusive. @default none */
  minFeatureSimilarity?: Readonly<Record<string, number>>;
  /** Fewest past steps that may move a choice, an integer ≥ 1; with fewer the base action stands. @default 1 */
  minEvidence?: number;
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
  /** @default "on" */
  mode?: PolicyMode;
  /** Source of randomness. @default Math.random */
  random?: Random;
  /** Told when the memory or the estimator failed and the base action stood in. */
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
  const { estimator = "plain", memory } = options;
  const klBudget = options.klBudget ?? Number.POSITIVE_INFINITY;
  const searchBudget = options.searchBudget ?? 20_000_000;
  const settings: DecisionSettings = {
    estimator: typeof estimator === "string" ? estimator : estimator.name,
    gamma: memory.gamma,
    beta: options.beta ?? 1,
    k: options.k ?? 10,
    minSimilarity: options.minSimilarity ?? 0.5,
    minFeatureSimilarity: options.minFeatureSimilarity ?? {},
    minEvidence: options.minEvidence ?? 1,
    explorationBonus: options.explorationBonus ?? 5,
    explorationProbability: options.explorationProbability ?? 1,
    selection: options.selection ?? "greedy",
    epsilon: options.epsilon ?? 0.1,
    ties: options.ties ?? "first",
    klBudget: klBudget === Number.POSITIVE_INFINITY ? null : klBudget,
    searchBudget: searchBudget === Number.POSITIVE_INFINITY ? null : searchBudget,
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
  oneOf("mode", options.mode ?? "on", ["on", "shadow", "off"] satisfies PolicyMode[]);
  oneOf("selection", settings.selection, ["greedy", "sample", "epsilon-greedy"] satisfies SelectionMode[]);
  oneOf("ties", settings.ties, ["first", "random"] satisfies Ties[]);
  if (typeof estimator === "string") oneOf("estimator", estimator, ["plain", "normalized"]);
  return settings;
}

function checkMemory(memory: unknown): void {
  if (typeof memory === "object" && memory !== null && "neighbors" in memory && "learn" in memory) return;
  const found = memory instanceof Promise ? "a promise: write `await openMemory()`" : String(memory);
  throw new JitRLError("invalid-input", `Expected memory to be an ExperienceMemory, found ${found}.`);
}

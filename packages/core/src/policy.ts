import { invalid } from "./check.js";
import type {
  Candidate,
  DecidedCandidate,
  Decision,
  DecisionReason,
  DecisionSettings,
  PolicyMode,
} from "./decision.js";
import type { EpisodeInput } from "./episode.js";
import { JitRLError } from "./errors.js";
import {
  type Estimate,
  type Estimator,
  normalizedEstimator,
  type PlainOptions,
  plainEstimator,
} from "./estimate.js";
import { canonicalJson } from "./json.js";
import type { ExperienceMemory, Feedback, FeedbackTarget, ForgetReceipt, LearnReceipt } from "./memory.js";
import { logSoftmax, softmax } from "./policy-update.js";
import type { Random } from "./random.js";
import { breakTie, pick, type Selection, type SelectionMode, select, type Ties, topOf } from "./select.js";
import { type StateInput, toState } from "./state.js";
import type { Selector } from "./store.js";

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

export interface DecideInput {
  readonly state: StateInput;
  /** At least one. Equal ones are merged: their probabilities under π₀ add up. */
  readonly candidates: readonly Candidate[];
  /** The action of the agent's own call, if it made one. @default the candidate with the highest logit */
  readonly baseAction?: string;
  /** Version of the state features, as in `Episode.describedBy`. @default "" */
  readonly describedBy?: string;
}

/** Chooses actions in the light of experience, and adds to it. */
export interface Policy {
  readonly memory: ExperienceMemory;
  /**
   * Chooses one of the candidates. A memory that is loading, out of budget or failing means the base action, with
   * the reason in the decision.
   *
   * @throws JitRLError `invalid-candidates`, `invalid-input`, `oversized-state`
   */
  decide(input: DecideInput): Promise<Decision>;
  /** See `ExperienceMemory.learn`. */
  learn(episode: EpisodeInput): Promise<LearnReceipt>;
  /** See `ExperienceMemory.feedback`. */
  feedback(target: FeedbackTarget, feedback: Feedback): Promise<LearnReceipt>;
  /** See `ExperienceMemory.forget`. */
  forget(selector: Selector): Promise<ForgetReceipt>;
}

/** @throws JitRLError `invalid-input` for an option out of its range */
export function createPolicy(options: PolicyOptions): Policy {
  checkMemory(options.memory);
  if ("gamma" in options) {
    throw new JitRLError(
      "invalid-input",
      "γ belongs to the memory, since returns are computed there: openMemory({ gamma }).",
    );
  }
  const { memory, mode = "on", random = Math.random, onError = () => {} } = options;
  const settings = settingsOf(options);
  const estimator = estimatorOf(options.estimator ?? "plain", settings);

  return {
    memory,
    learn: (episode) => memory.learn(episode),
    feedback: (target, feedback) => memory.feedback(target, feedback),
    forget: (selector) => memory.forget(selector),
    async decide(input) {
      const draws: { purpose: string; value: number }[] = [];
      const draw = (purpose: string) => {
        const value = random();
        draws.push({ purpose, value });
        return value;
      };
      const candidates = mergeCandidates(input.candidates);
      const logits = candidates.map(({ logit }) => logit);
      const ownBase = ownBaseOf(candidates, input.baseAction);
      const baseTies =
        ownBase === undefined
          ? breakTie(topOf(logits, [...logits.keys()]), undefined, settings.ties)
          : [ownBase];
      const base = pick(baseTies, "base", draw);

      const { estimate, reason } = mode === "off" ? nothing("off") : consult(input, candidates, draw);
      const selection = estimate
        ? select({
            ...settings,
            klBudget: options.klBudget ?? Number.POSITIVE_INFINITY,
            logits,
            base,
            baseShare: 1 / baseTies.length,
            advantages: estimate.actions.map(({ advantage }) => advantage),
            draw,
          })
        : standing(base, 1 / baseTies.length, logits, settings.beta);
      // In shadow nothing changes for the user, whatever was learned.
      const executed =
        mode === "shadow" ? standing(base, 1 / baseTies.length, logits, settings.beta) : selection;
      const chosen = candidates[executed.index]!;
      return {
        chosen,
        chosenBy: estimate && mode === "on" ? "policy" : "base",
        reason,
        mode,
        baseAction: candidates[base]!.action,
        preferredAction: candidates[selection.index]!.action,
        candidates: describeCandidates(candidates, estimate, selection),
        value: estimate?.value,
        propensity: executed.propensity,
        kl: executed.kl,
        beta: selection.beta,
        settings,
        draws,
        evidence: estimate?.evidence ?? [],
      };
    },
  };

  /** Asks the memory; whatever goes wrong there must not take the agent down. */
  function consult(
    { state: given, describedBy = "" }: DecideInput,
    candidates: readonly Candidate[],
    draw: (purpose: string) => number,
  ): { estimate?: Estimate; reason: DecisionReason } {
    const state = toState(given); // a state that is none is the caller's error, not the memory's
    try {
      const { k, minSimilarity, minFeatureSimilarity } = settings;
      const budget = settings.searchBudget ?? Number.POSITIVE_INFINITY;
      const found = memory.neighbors(state, { k, minSimilarity, minFeatureSimilarity, describedBy, budget });
      if (found.status !== "found") return { reason: found.status };
      if (found.neighbors.length === 0) return { reason: "no-evidence" };
      const actions = candidates.map(({ action }) => action);
      const estimate = estimator.estimate({ neighbors: found.neighbors, actions, draw });
      if (estimate.evidence.length < settings.minEvidence) return { reason: "too-little-evidence" };
      return { estimate: checkedEstimate(estimate, actions, estimator.name), reason: "learned" };
    } catch (error) {
      onError(error);
      return { reason: "memory-failed" };
    }
  }
}

function checkMemory(memory: unknown): void {
  if (typeof memory === "object" && memory !== null && "neighbors" in memory && "learn" in memory) return;
  const found = memory instanceof Promise ? "a promise: write `await openMemory()`" : String(memory);
  throw new JitRLError("invalid-input", `Expected memory to be an ExperienceMemory, found ${found}.`);
}

function nothing(reason: DecisionReason): { estimate?: Estimate; reason: DecisionReason } {
  return { reason };
}

/** The base action, as if there were no experience. */
function standing(base: number, propensity: number, logits: readonly number[], beta: number): Selection {
  return { index: base, propensity, kl: 0, beta, logits };
}

function describeCandidates(
  candidates: readonly Candidate[],
  estimate: Estimate | undefined,
  selection: Selection,
): DecidedCandidate[] {
  const baseProbabilities = softmax(candidates.map(({ logit }) => logit));
  const probabilities = softmax(selection.logits);
  return candidates.map(({ action, logit }, a) => ({
    action,
    logit,
    baseProbability: baseProbabilities[a]!,
    q: estimate?.actions[a]?.q,
    advantage: estimate?.actions[a]?.advantage ?? 0,
    updatedLogit: selection.logits[a]!,
    probability: probabilities[a]!,
    count: estimate?.actions[a]?.count ?? 0,
  }));
}

/**
 * Merges equal candidates, so that each action stands once: `π₀(a)` of the merged one is the sum, its logit
 * `ln Σ exp z`.
 *
 * @throws JitRLError `invalid-candidates` for an empty list, a logit that is not finite, or one action with two payloads
 */
export function mergeCandidates(candidates: readonly Candidate[]): Candidate[] {
  if (!Array.isArray(candidates) || candidates.length === 0) {
    throw new JitRLError("invalid-candidates", "Expected at least one candidate, found none.");
  }
  const groups = new Map<string, Candidate[]>();
  candidates.forEach((candidate, i) => {
    if (typeof candidate?.action !== "string" || candidate.action === "") {
      throw new JitRLError(
        "invalid-candidates",
        `Expected candidates[${i}].action to be a string that is not empty, found ${String(candidate?.action)}.`,
      );
    }
    if (!Number.isFinite(candidate.logit)) {
      throw new JitRLError(
        "invalid-candidates",
        `Expected candidates[${i}].logit ("${candidate.action}") to be a finite number, found ${candidate.logit}.`,
      );
    }
    const group = groups.get(candidate.action);
    if (!group) groups.set(candidate.action, [candidate]);
    else if (payloadOf(group[0]!) === payloadOf(candidate)) group.push(candidate);
    else {
      throw new JitRLError(
        "invalid-candidates",
        `Expected one payload for the action "${candidate.action}", found two. Give different calls different actions.`,
        { details: { action: candidate.action } },
      );
    }
  });
  return [...groups.values()].map((group) => {
    if (group.length === 1) return group[0]!;
    const logits = group.map(({ logit }) => logit);
    const [top] = topOf(logits, [...logits.keys()]);
    return { ...group[0]!, logit: Math.min(Number.MAX_VALUE, logits[top!]! - logSoftmax(logits)[top!]!) };
  });
}

function payloadOf({ payload }: Candidate): string {
  return payload === undefined ? "" : canonicalJson(payload, "payload");
}

function ownBaseOf(candidates: readonly Candidate[], baseAction: string | undefined): number | undefined {
  if (baseAction === undefined) return undefined;
  const index = candidates.findIndex(({ action }) => action === baseAction);
  if (index < 0) {
    throw new JitRLError(
      "invalid-candidates",
      `Expected the base action "${baseAction}" among the candidates, found ${candidates
        .map(({ action }) => `"${action}"`)
        .join(", ")
        .slice(0, 300)}.`,
    );
  }
  return index;
}

/** An estimator may be anybody's: a number that is none would become an action nobody can explain. */
function checkedEstimate(estimate: Estimate, actions: readonly string[], name: string): Estimate {
  const numbers = estimate.actions.flatMap(({ q, advantage }) => [q, advantage]);
  if (estimate.actions.length !== actions.length || ![estimate.value, ...numbers].every(Number.isFinite)) {
    throw new JitRLError(
      "memory-failed",
      `The estimator "${name}" gave estimates that are not one finite number an action.`,
    );
  }
  return estimate;
}

function estimatorOf(estimator: "plain" | "normalized" | Estimator, options: PlainOptions): Estimator {
  if (estimator === "plain") return plainEstimator(options);
  if (estimator === "normalized") return normalizedEstimator(options);
  return estimator;
}

function settingsOf(options: PolicyOptions): DecisionSettings {
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

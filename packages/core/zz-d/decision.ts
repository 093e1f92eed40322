import { type DecisionSummary, loggedCandidates } from "./decision-summary.js";
import type { EvidenceStep } from "./estimate.js";
import type { JsonValue } from "./json.js";
import type { ReturnSummary } from "./return-summary.js";
import type { SelectionMode, Ties } from "./select.js";

/** An action that could be taken now. */
export interface Candidate {
  /** The canonical key under which the action is learned. */
  readonly action: string;
  /** Natural-log scale, finite: `softmax` of the logits is the base policy π₀. */
  readonly logit: number;
  /** What is executed, e.g. a complete tool call. */
  readonly payload?: JsonValue;
}

/** `on` learning decides; `shadow` it says what it would choose and the base action is executed; `off` it is not asked. */
export type PolicyMode = "on" | "shadow" | "off";

/**
 * Why the action was chosen as it was.
 *
 * | reason | meaning |
 * |---|---|
 * | `learned` | selected from the updated policy (which may well agree with the base action) |
 * | `no-evidence` | no past state is similar enough: the base action stands |
 * | `too-little-evidence` | fewer past steps than `minEvidence`: the base action stands |
 * | `loading` | the memory is still loading: the base action stands |
 * | `over-budget` | the search was given up: the base action stands |
 * | `memory-failed` | the memory, or the estimator, failed: the base action stands |
 * | `off` | the mode is `off`: the base action stands |
 * | `mode-failed` | the function that gives the mode failed, which means `off`: the base action stands |
 * | `guarded` | the guard bars all but the base action; the memory is not asked |
 * | `guard-failed` | the guard failed: the base action stands |
 */
export type DecisionReason =
  | "learned"
  | "no-evidence"
  | "too-little-evidence"
  | "loading"
  | "over-budget"
  | "memory-failed"
  | "off"
  | "mode-failed"
  | "guarded"
  | "guard-failed";

/**
 * Why a candidate could not be chosen in the place of the base action: the guard bars it, fewer than
 * `minActionEvidence` past steps took it, or the KL budget does not allow for it.
 */
export type Bar = "guard" | "evidence" | "budget";

/** What is known of one candidate when the decision is made. */
export interface DecidedCandidate {
  readonly action: string;
  /** Logit `z` of the base policy. */
  readonly logit: number;
  /** Probability under the base policy π₀. */
  readonly baseProbability: number;
  /** `Q(s,a)`; `undefined` where nothing was estimated. */
  readonly q: number | undefined;
  /** What was added to the logit, before β; 0 where nothing was estimated. */
  readonly advantage: number;
  /** `z + βA`. */
  readonly updatedLogit: number;
  /**
   * Probability under the updated policy, `softmax(z + βA)` over the candidates that neither the guard nor too little
   * evidence bars. Sampling draws from just this.
   */
  readonly probability: number;
  /** Probability that it is executed, given the candidates and the exploration draws; they sum to 1. */
  readonly propensity: number;
  /** Number of past steps behind `q`. */
  readonly count: number;
  /** How often this run had taken it in this very state already, as far as `DecideInput.earlier` says; 0 where nothing was estimated. */
  readonly tried: number;
  /** Why it could not be chosen, where that is so. */
  readonly barred?: Bar;
}

/** The settings that a decision was made with. */
export interface DecisionSettings {
  readonly estimator: string;
  readonly beta: number;
  readonly gamma: number;
  readonly k: number;
  readonly minSimilarity: number;
  readonly minFeatureSimilarity: Readonly<Record<string, number>>;
  readonly minEvidence: number;
  readonly minActionEvidence: number;
  readonly explorationBonus: number;
  readonly explorationProbability: number;
  readonly selection: SelectionMode;
  readonly epsilon: number;
  readonly ties: Ties;
  /** Nats; `null` for none. */
  readonly klBudget: number | null;
  /** Tokens; `null` for no limit. */
  readonly searchBudget: number | null;
  /** Whether the candidates are kept with the step. */
  readonly logCandidates: boolean;
}

/** One decision, complete: every number in it can be computed again from what it holds. Plain JSON. */
export interface Decision {
  /** The candidate to execute. */
  readonly chosen: Candidate;
  /** `policy` if the updated policy selected it, `base` if the base action stands. */
  readonly chosenBy: "policy" | "base";
  readonly reason: DecisionReason;
  readonly mode: PolicyMode;
  /** What the agent would have done without learning. */
  readonly baseAction: string;
  /** What the updated policy selected; differs from `chosen` only in mode `shadow`. */
  readonly preferredAction: string;
  /** All candidates, in the order in which they came, equal ones merged. */
  readonly candidates: readonly DecidedCandidate[];
  /** `V(s)`; `undefined` where nothing was estimated. */
  readonly value: number | undefined;
  /** All returns of the memory at the time, which the adaptive estimate is measured by; `undefined` where nothing was estimated. */
  readonly returns: ReturnSummary | undefined;
  /** Probability with which the executed action was chosen, given the candidates and the exploration draws. */
  readonly propensity: number;
  /** Divergence of what was executed from π₀ over all candidates, barred ones included, nats. */
  readonly kl: number;
  /** The β that was used; below the one in `settings` when sampling had to stay within the KL budget. */
  readonly beta: number;
  readonly settings: DecisionSettings;
  /** The random numbers that were used, in order. */
  readonly draws: readonly { readonly purpose: string; readonly value: number }[];
  /** The past steps that the estimate rests on, as references and numbers. */
  readonly evidence: readonly EvidenceStep[];
}

/** The short form that is kept with a step. */
export function summarize(decision: Decision): DecisionSummary {
  const { mode, reason, baseAction, preferredAction, propensity, kl, evidence, draws, settings } = decision;
  const candidates = settings.logCandidates ? loggedCandidates(decision.candidates) : undefined;
  return {
    mode,
    reason,
    baseAction,
    ...(mode === "shadow" && preferredAction !== baseAction ? { preferredAction } : {}),
    ...(draws.some(({ purpose }) => purpose === "base") ? { baseDrawn: true } : {}),
    propensity,
    kl,
    evidence: evidence.length,
    ...(candidates ? { candidates } : {}),
  };
}

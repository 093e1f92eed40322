import type { Candidate, DecidedCandidate, Decision, DecisionReason } from "./decision.js";
import type { EpisodeInput } from "./episode.js";
import { safeHandler } from "./error-handler.js";
import { JitRLError } from "./errors.js";
import {
  type Estimate,
  type Estimator,
  normalizedEstimator,
  type PlainOptions,
  plainEstimator,
} from "./estimate.js";
import type { ExperienceMemory, Feedback, FeedbackTarget, ForgetReceipt, LearnReceipt } from "./memory.js";
import { mergeCandidates } from "./merge-candidates.js";
import { type PolicyOptions, settingsOf } from "./policy-settings.js";
import { softmax } from "./policy-update.js";
import { breakTie, pick, type Selection, select, topOf } from "./select.js";
import { type StateInput, toState } from "./state.js";
import type { Selector } from "./store.js";

export interface DecideInput {
  readonly state: StateInput;
  /** At least one. Equal ones are merged: their probabilities under π₀ add up. */
  readonly candidates: readonly Candidate[];
  /** The action of the agent's own call, if it made one. @default the candidate with the highest logit */
  readonly baseAction?: string;
  /** Version of the state features, as in `Episode.describedBy`. @default "" */
  readonly describedBy?: string;
  /** Which run this is, for a `mode` that depends on it. @default unknown */
  readonly run?: RunInfo;
}

/** What is known of a run. */
export interface RunInfo {
  readonly threadId?: string;
  /** E.g. the tenant: whatever the caller gave the run. */
  readonly metadata?: Readonly<Record<string, unknown>>;
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
  const { memory, mode = "on", random = Math.random } = options;
  const onError = safeHandler(options.onError);
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

import { adaptiveEstimator } from "./adaptive-estimate.js";
import type { Bar, Candidate, DecidedCandidate, Decision, DecisionReason, PolicyMode } from "./decision.js";
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
import type { ExperienceMemory } from "./memory.js";
import type {
  Feedback,
  FeedbackTarget,
  ForgetReceipt,
  LearnReceipt,
  NeighborSearch,
} from "./memory-options.js";
import { mergeCandidates } from "./merge-candidates.js";
import { checkMode, type ModeByRun, modeFor, type RunInfo } from "./mode.js";
import type { Neighbor } from "./neighbor.js";
import { type PolicyOptions, settingsOf } from "./policy-settings.js";
import { softmax } from "./policy-update.js";
import type { ReturnSummary } from "./return-summary.js";
import { type Ruling, rule } from "./ruling.js";
import { breakTie, type Plan, pick, planner, standing, topOf } from "./select.js";
import { type State, type StateInput, toState } from "./state.js";
import type { Selector } from "./store.js";
import { type EarlierStep, triedIn } from "./tried.js";

export interface DecideInput {
  readonly state: StateInput;
  /** At least one. Equal ones are merged: their probabilities under π₀ add up. */
  readonly candidates: readonly Candidate[];
  /** The action of the agent's own call, if it made one. @default the candidate with the highest logit */
  readonly baseAction?: string;
  /** Version of the state features, as in `Episode.describedBy`. @default "" */
  readonly describedBy?: string;
  /**
   * The steps of this run so far, whose rewards the memory learns of when it ends. What the run has already taken in this
   * very state is less worth trying again, so that it does not go in circles until then. @default none
   */
  readonly earlier?: readonly EarlierStep[];
  /** Which run this is, for a mode or a guard that depends on it. @default unknown */
  readonly run?: RunInfo;
}

/** Chooses actions in the light of experience, and adds to it. */
export interface Policy {
  readonly memory: ExperienceMemory;
  /**
   * `on`, `shadow`, `off`, or a function of the run. May be set at any time, and holds from the next decision on.
   * Setting it throws JitRLError `invalid-input` for anything else.
   */
  mode: PolicyMode | ModeByRun;
  /**
   * The mode that holds for a run, for a caller who spares the work of proposing candidates where it is `off`. A
   * function of the run that fails means `off`, and `onError` is told.
   *
   * @param base the agent's own call as a candidate, where it is known
   */
  modeFor(run: RunInfo, base?: Candidate): PolicyMode;
  /**
   * Chooses one of the candidates. A memory that is loading, out of budget or failing means the base action, with
   * the reason in the decision.
   *
   * @throws JitRLError `invalid-candidates`, `invalid-input`, `oversized-state`
   */
  decide(input: DecideInput): Promise<Decision>;
  /**
   * The past states that `decide` goes by in this state: found with this policy's `k`, floors and budget, and in the
   * order in which it sees them. None while the memory loads, where the search is out of budget, and where it fails,
   * of which `onError` is told.
   *
   * @throws JitRLError `invalid-input`, `oversized-state`
   */
  neighbors(state: StateInput, options?: Pick<DecideInput, "describedBy">): readonly Neighbor[];
  /** See `ExperienceMemory.learn`. */
  learn(episode: EpisodeInput): Promise<LearnReceipt>;
  /** See `ExperienceMemory.feedback`. */
  feedback(target: FeedbackTarget, feedback: Feedback): Promise<LearnReceipt>;
  /** See `ExperienceMemory.forget`. */
  forget(selector: Selector): Promise<ForgetReceipt>;
}

/** @throws JitRLError `invalid-input` for an option out of its range */
export function createPolicy(options: PolicyOptions): Policy {
  const { memory, random = Math.random, guard = {} } = options;
  const onError = safeHandler(options.onError);
  const settings = settingsOf(options);
  const klBudget = settings.klBudget ?? Number.POSITIVE_INFINITY;
  const estimator = estimatorOf(options.estimator ?? "adaptive", settings);
  let currentMode = options.mode ?? "on";

  return {
    memory,
    get mode() {
      return currentMode;
    },
    set mode(mode) {
      checkMode(mode);
      currentMode = mode;
    },
    modeFor(run, base) {
      try {
        return modeFor(currentMode, run, base);
      } catch (error) {
        onError(error);
        return "off";
      }
    },
    neighbors(given, { describedBy = "" } = {}) {
      const state = toState(given);
      try {
        const found = search(state, describedBy);
        return found.status === "found" ? found.neighbors : [];
      } catch (error) {
        onError(error);
        return [];
      }
    },
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
      const bases =
        ownBase === undefined
          ? breakTie(topOf(logits, [...logits.keys()]), undefined, settings.ties)
          : [ownBase];
      const base = pick(bases, "base", draw);

      // What chance might have made the base action counts too: the propensity is that of the action over all draws.
      const rulings = rule({ mode: currentMode, guard, onError }, candidates, bases, input.run ?? {});
      const own = rulings[bases.indexOf(base)]!;
      const found: Consulted = rulings.some(({ reason }) => reason === undefined)
        ? consult(input, candidates, draw)
        : { reason: "off" };
      const estimate = own.reason === undefined ? found.estimate : undefined;
      const plans = found.estimate
        ? plansFor(rulings, found.estimate, logits)
        : rulings.map((ruling) => standing(ruling.base, logits, settings.beta));
      const plan = plans[rulings.indexOf(own)]!;
      const preferred = plan.draw(draw);
      const executed = own.mode === "on" ? preferred : base;
      return {
        chosen: candidates[executed]!,
        chosenBy: estimate && own.mode === "on" ? "policy" : "base",
        reason: own.reason ?? found.reason,
        mode: own.mode,
        baseAction: candidates[base]!.action,
        preferredAction: candidates[preferred]!.action,
        candidates: describeCandidates(candidates, estimate && found, plan, barredIn(own, estimate), (a) =>
          propensityOf(a, rulings, plans),
        ),
        value: estimate?.value,
        returns: estimate && found.returns,
        propensity: propensityOf(executed, rulings, plans),
        // In shadow nothing changes for the user, whatever was learned.
        kl: own.mode === "on" ? plan.kl : 0,
        beta: plan.beta,
        settings,
        draws,
        evidence: estimate?.evidence ?? [],
      };
    },
  };

  /** From what is drawn, for each candidate that might be the base action. */
  function plansFor(rulings: readonly Ruling[], estimate: Estimate, logits: readonly number[]): Plan[] {
    const advantages = estimate.actions.map(({ advantage }) => advantage);
    const planFor = planner({ ...settings, klBudget, logits, advantages });
    return rulings.map((ruling) => {
      if (ruling.reason) return standing(ruling.base, logits, settings.beta);
      const barred = barredIn(ruling, estimate);
      return planFor(
        ruling.base,
        [...logits.keys()].filter((a) => !barred[a]),
      );
    });
  }

  /** Why each candidate may not be chosen, as far as that does not depend on the budget. */
  function barredIn({ base, barred }: Ruling, estimate: Estimate | undefined): (Bar | undefined)[] {
    return barred.map((guarded, a) => {
      if (guarded) return "guard";
      const count = estimate?.actions[a]?.count ?? Number.POSITIVE_INFINITY;
      return a !== base && count < settings.minActionEvidence ? "evidence" : undefined;
    });
  }

  function search(state: State, describedBy: string): NeighborSearch {
    const { k, minSimilarity, minFeatureSimilarity } = settings;
    const budget = settings.searchBudget ?? Number.POSITIVE_INFINITY;
    return memory.neighbors(state, { k, minSimilarity, minFeatureSimilarity, describedBy, budget });
  }

  /** Asks the memory; whatever goes wrong there must not take the agent down. */
  function consult(
    { state: given, describedBy = "", earlier = [] }: DecideInput,
    candidates: readonly Candidate[],
    draw: (purpose: string) => number,
  ): Consulted {
    const state = toState(given); // a state that is none is the caller's error, not the memory's
    const actions = candidates.map(({ action }) => action);
    const tried = triedIn(state, actions, earlier);
    try {
      const found = search(state, describedBy);
      if (found.status !== "found") return { reason: found.status };
      const { neighbors, returns } = found;
      if (neighbors.length === 0 || !returns) return { reason: "no-evidence" };
      const estimate = estimator.estimate({ neighbors, actions, returns, tried, draw });
      if (estimate.evidence.length < settings.minEvidence) return { reason: "too-little-evidence" };
      const checked = checkedEstimate(estimate, actions, estimator.name);
      memory.used(checked.evidence);
      return { estimate: checked, returns, tried, reason: "learned" };
    } catch (error) {
      onError(error);
      return { reason: "memory-failed" };
    }
  }
}

/** What the memory said. */
interface Consulted {
  readonly estimate?: Estimate;
  readonly returns?: ReturnSummary;
  readonly tried?: readonly number[];
  readonly reason: DecisionReason;
}

/** Probability that this action is executed, over the draws of the base action and of the selection. */
function propensityOf(action: number, rulings: readonly Ruling[], plans: readonly Plan[]): number {
  const each = rulings.map(({ base, mode }, i) =>
    mode === "on" ? plans[i]!.distribution[action]! : action === base ? 1 : 0,
  );
  return each.reduce((sum, p) => sum + p, 0) / each.length;
}

function describeCandidates(
  candidates: readonly Candidate[],
  found: Pick<Consulted, "estimate" | "tried"> | undefined,
  plan: Plan,
  barred: readonly (Bar | undefined)[],
  propensity: (candidate: number) => number,
): DecidedCandidate[] {
  const { estimate, tried } = found ?? {};
  const baseProbabilities = softmax(candidates.map(({ logit }) => logit));
  return candidates.map(({ action, logit }, a) => {
    const bar = barred[a] ?? (plan.beyondBudget[a] ? "budget" : undefined);
    return {
      action,
      logit,
      baseProbability: baseProbabilities[a]!,
      q: estimate?.actions[a]?.q,
      advantage: estimate?.actions[a]?.advantage ?? 0,
      updatedLogit: plan.logits[a]!,
      probability: plan.probabilities[a]!,
      propensity: propensity(a),
      count: estimate?.actions[a]?.count ?? 0,
      tried: tried?.[a] ?? 0,
      ...(bar ? { barred: bar } : {}),
    };
  });
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
  const numbers = estimate.actions.flatMap(({ q, advantage, count }) => [q, advantage, count]);
  if (estimate.actions.length !== actions.length || ![estimate.value, ...numbers].every(Number.isFinite)) {
    throw new JitRLError(
      "memory-failed",
      `The estimator "${name}" gave estimates that are not one finite number an action.`,
    );
  }
  return estimate;
}

function estimatorOf(
  estimator: "adaptive" | "plain" | "normalized" | Estimator,
  options: PlainOptions,
): Estimator {
  if (estimator === "adaptive") return adaptiveEstimator(options);
  if (estimator === "plain") return plainEstimator(options);
  if (estimator === "normalized") return normalizedEstimator(options);
  return estimator;
}

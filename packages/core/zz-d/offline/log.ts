import { invalid } from "../check.js";
import type { LoggedCandidate } from "../decision-summary.js";
import { type Episode, type EpisodeInput, type Step, toEpisode } from "../episode.js";
import type { RunInfo } from "../mode.js";
import { stepReturns } from "../returns.js";
import type { State } from "../state.js";

/** Episodes to look back on, e.g. `store.scan()`. */
export type Episodes = Iterable<EpisodeInput> | AsyncIterable<EpisodeInput>;

/** One decision of the past, as far as its log tells. */
export interface LoggedStep {
  readonly episodeId: string;
  /** Index of the step in its episode. */
  readonly index: number;
  /** All steps of its episode: those before `index` are what the run had done when this was decided. */
  readonly steps: readonly Step[];
  readonly state: State;
  /** What it was chosen from. Payloads are not logged, so a guard sees none. */
  readonly candidates: readonly LoggedCandidate[];
  /** The action executed. */
  readonly action: string;
  /** What the agent would have done without learning; `undefined` where that was drawn among the highest logits. */
  readonly baseAction: string | undefined;
  readonly describedBy: string;
  readonly run: RunInfo;
}

/**
 * Why a step says nothing.
 *
 * | reason | meaning |
 * |---|---|
 * | `no-decision` | it was not decided: one of several parallel calls, or a step without a decision in short |
 * | `no-candidates` | what it was chosen from was not kept: see `PolicyOptions.logCandidates` |
 * | `no-propensity` | its propensity is no probability above 0 |
 * | `not-the-policy` | a person or a fallback chose it, or it is not among the candidates |
 * | `unrewarded` | nobody rewarded its episode |
 */
export type SetAsideReason =
  | "no-decision"
  | "no-candidates"
  | "no-propensity"
  | "not-the-policy"
  | "unrewarded";

/** A step of a log that can be evaluated: with how likely it was, and what came of it. */
export interface EvaluableStep extends LoggedStep {
  /** Place of the executed action among the candidates. */
  readonly chosen: number;
  /** Probability with which the action was executed, in (0, 1]. */
  readonly propensity: number;
  /** Return G of the step, discounted by the γ that it is measured with. */
  readonly return: number;
}

export interface LoggedEpisode {
  readonly episode: Episode;
  /** `undefined` where nobody rewarded it. */
  readonly returns: readonly number[] | undefined;
  /** One a step of the episode: the decision, or why it says nothing. */
  readonly steps: readonly (EvaluableStep | SetAsideReason)[];
  /** The same for a replay, which needs no rewards and no propensity. */
  readonly decisions: readonly (LoggedStep | SetAsideReason)[];
}

/**
 * Reads and checks episodes.
 *
 * @returns them in order of `at`, and as given where that is equal
 * @throws JitRLError `invalid-input` or `oversized-state` for what is not an episode, and for one that comes twice
 */
export async function readLog(episodes: Episodes, gamma: number): Promise<LoggedEpisode[]> {
  const log: Episode[] = [];
  const ids = new Set<string>();
  for await (const given of episodes) {
    const episode = toEpisode(given, { now: () => 0, newId: () => `episode-${log.length}` });
    if (ids.has(episode.id)) throw invalid("episodes", "each episode once", `"${episode.id}" twice`);
    ids.add(episode.id);
    log.push(episode);
  }
  log.sort((a, b) => a.at - b.at);
  return log.map((episode) => {
    const returns = stepReturns(episode, gamma);
    const decisions = episode.steps.map((step, i) => decisionOf(episode, step, i));
    const steps = decisions.map((decision, i) =>
      typeof decision === "string" ? decision : evaluable(decision, episode.steps[i]!, returns?.[i]),
    );
    return { episode, returns, steps, decisions };
  });
}

/** How many steps say nothing, by reason. */
export type SetAside = Readonly<Partial<Record<SetAsideReason, number>>>;

/** How often each reason stands in a list. */
export function countReasons(steps: Iterable<object | SetAsideReason>): SetAside {
  const counts: Partial<Record<SetAsideReason, number>> = {};
  for (const step of steps) if (typeof step === "string") counts[step] = (counts[step] ?? 0) + 1;
  return counts;
}

function decisionOf(episode: Episode, step: Step, index: number): LoggedStep | SetAsideReason {
  const { decision } = step;
  if (!decision) return "no-decision";
  if (!decision.candidates) return "no-candidates";
  return {
    episodeId: episode.id,
    index,
    steps: episode.steps,
    state: step.state,
    candidates: decision.candidates,
    action: step.action,
    baseAction: decision.baseDrawn ? undefined : decision.baseAction,
    describedBy: episode.describedBy,
    run: {
      ...(episode.threadId === undefined ? {} : { threadId: episode.threadId }),
      metadata: episode.metadata,
    },
  };
}

function evaluable(
  decision: LoggedStep,
  { decision: summary, chosenBy }: Step,
  reward: number | undefined,
): EvaluableStep | SetAsideReason {
  const chosen = decision.candidates.findIndex(([action]) => action === decision.action);
  if (chosen < 0 || (chosenBy !== "policy" && chosenBy !== "base")) return "not-the-policy";
  const propensity = summary?.propensity ?? 0;
  if (!(propensity > 0 && propensity <= 1 + 1e-9)) return "no-propensity";
  if (reward === undefined) return "unrewarded";
  return { ...decision, chosen, propensity: Math.min(1, propensity), return: reward };
}

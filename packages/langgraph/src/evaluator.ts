import type { Episode, EpisodeEnd, JudgedStep, Reward, RewardSource, Step } from "@jitrl/core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { type Transcript, transcriptFrom } from "./transcript.js";

/** The run that is being judged. */
export interface FinishedRun {
  /** As it will be stored, e.g. for later `policy.feedback`. */
  readonly episodeId: string;
  readonly threadId: string | undefined;
  readonly end: EpisodeEnd;
  readonly steps: readonly Step[];
}

/**
 * Judges a finished run: one number for its outcome, or one a step. `undefined` leaves it without a reward: it is
 * stored, teaches nothing, and may be rewarded later by feedback.
 */
export type RewardFunction<S> = (
  state: S,
  run: FinishedRun,
) => number | readonly number[] | undefined | Promise<number | readonly number[] | undefined>;

/** A run as an {@link Evaluator} sees it: all of it can be read back from storage. */
export interface JudgedRun extends FinishedRun {
  /** What was said in words, as far as it is known. */
  readonly transcript: Transcript;
  /** What others said of it so far, e.g. tools; revoked rewards are not among them. */
  readonly rewards: readonly Reward[];
  readonly metadata: Episode["metadata"];
}

/**
 * Judges runs, now or later: it needs nothing but what is stored. Its rewards stand under its name, so they can be
 * revoked or recomputed without running the agent again.
 */
export interface Evaluator {
  /** Who judges, e.g. "judge:strict". Another name for another rubric or model, or their rewards cannot be told apart. */
  readonly source: RewardSource;
  /**
   * Steps that are left out stay unscored, which is not the same as 0.
   *
   * @param config what models are to be called with
   * @throws anything: then the episode stays unscored and awaits this evaluator
   */
  evaluate(run: JudgedRun, config?: RunnableConfig): readonly JudgedStep[] | Promise<readonly JudgedStep[]>;
}

export function isEvaluator(reward: unknown): reward is Evaluator {
  return (
    typeof reward === "object" &&
    reward !== null &&
    "evaluate" in reward &&
    typeof reward.evaluate === "function" &&
    "source" in reward &&
    typeof reward.source === "string"
  );
}

/** A stored episode as an evaluator sees it: without what that evaluator itself said before. */
export function storedRun(episode: Episode, source: RewardSource): JudgedRun {
  const { id, threadId, end, steps, rewards, metadata, transcript } = episode;
  return {
    episodeId: id,
    threadId,
    end,
    steps,
    metadata,
    rewards: rewards.filter((reward) => reward.revokedAt === undefined && reward.source !== source),
    transcript: transcriptFrom(transcript),
  };
}

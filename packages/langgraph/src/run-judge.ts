import {
  type EpisodeInput,
  JitRLError,
  judgedRewards,
  type LearnReceipt,
  type Policy,
  type Reward,
} from "@jitrl/core";
import type { BaseMessage } from "@langchain/core/messages";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { BackgroundQueue } from "./background-queue.js";
import { detached } from "./detached.js";
import {
  type Evaluator,
  type FinishedRun,
  isEvaluator,
  type JudgedRun,
  type RewardFunction,
} from "./evaluator.js";
import { report } from "./events.js";
import { ask, judgeEpisode } from "./judge-episode.js";
import { outcomeRewards, type ToolReward, toolRewards } from "./run-rewards.js";
import { toStored, transcriptOf } from "./transcript.js";

/** Who judges the runs of an agent, and when. */
export interface RunJudgeOptions<S extends object> {
  /** The same as the one that decides: its memory takes the episodes. */
  policy: Policy;
  /**
   * Judges the run: a function of the finished state, or an evaluator such as `llmEvaluator`, whose rewards can be
   * revoked and recomputed, and which also judges runs that new input cut off.
   *
   * @default nothing is judged but by tools
   */
  reward?: RewardFunction<S> | Evaluator;
  /**
   * Reads a reward from the answer of a tool, for the step that called it.
   *
   * @default the number `reward` of the message's `artifact`, if there is one
   */
  toolReward?: ToolReward;
  /**
   * The user's answer does not wait for the evaluator: the episode is stored, awaiting it, and judged afterwards from
   * what is stored. What a process leaves undone, `scorePending` does. A queue of your own bounds several agents
   * together and can be waited for. Only for evaluators.
   *
   * @default false
   */
  background?: boolean | BackgroundQueue;
  /**
   * Whether the episode keeps what was said in words (task, answers of tools, last words), so that it can be judged
   * later. It is raw text of users, which `forget` erases with the episode; no decision shows it.
   *
   * @default true with an evaluator, else false
   */
  transcript?: boolean;
  /** Told of failures that the agent survives, besides the stream event. */
  onError?: (error: unknown) => void;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
}

/** What an episode is stored with, as far as it is known when its run ends. */
export type Verdict = Pick<EpisodeInput, "awaiting" | "transcript"> & { readonly rewards: readonly Reward[] };

/** What a run is judged from. */
export interface Evidence<S> {
  /** The finished state; absent for a run that was cut off, whose state is gone. */
  readonly state?: S;
  readonly messages: readonly BaseMessage[];
  /** What others said of the run already. */
  readonly earned?: readonly Reward[];
  readonly metadata?: EpisodeInput["metadata"];
}

/** Judges finished runs: by tools and a function at once, by an evaluator at once or in the background. */
export class RunJudge<S extends object> {
  readonly #options: RunJudgeOptions<S>;
  readonly #evaluator: Evaluator | undefined;
  readonly #queue: BackgroundQueue | undefined;

  /** @throws JitRLError `invalid-input` */
  constructor(options: RunJudgeOptions<S>) {
    const { reward, background = false } = options;
    if (!options.policy) {
      throw new JitRLError(
        "invalid-input",
        "Expected { policy }: the one that createPolicy gave the JitRLNode.",
      );
    }
    this.#options = options;
    this.#evaluator = isEvaluator(reward) ? reward : undefined;
    if (background === false) return;
    if (!this.#evaluator) {
      throw new JitRLError(
        "invalid-input",
        "Expected an evaluator as reward beside background, e.g. llmEvaluator({ model }): a function of the state cannot judge what is stored, should the process end before it is done.",
      );
    }
    this.#queue = background === true ? new BackgroundQueue() : background;
  }

  /** Fails with interrupts only: what cannot be judged is told, and awaits its evaluator. */
  async judge(run: FinishedRun, evidence: Evidence<S>, config: LangGraphRunnableConfig): Promise<Verdict> {
    const { state, messages, earned = [], metadata = {} } = evidence;
    const onError = (error: unknown) => report(error, config, this.#options.onError);
    const { toolReward } = this.#options;
    const known = new Set(earned.map(({ id }) => id));
    const byTools = toolRewards(run.steps, messages, toolReward, this.#now(), onError);
    const rewards = [...earned, ...byTools.filter(({ id }) => !known.has(id))];
    const evaluator = this.#evaluator;
    const kept = this.#options.transcript ?? evaluator !== undefined;
    const transcript = kept || evaluator ? transcriptOf(run.steps, messages) : { steps: [] };
    const stored = kept ? toStored(transcript) : undefined;
    const verdict = { rewards, ...(stored === undefined ? {} : { transcript: stored }) };
    if (evaluator && this.#queue) return { ...verdict, awaiting: [evaluator.source] };
    try {
      const more = evaluator
        ? await this.#ask(evaluator, { ...run, transcript, rewards, metadata }, config)
        : await this.#call(run, state);
      return { ...verdict, rewards: [...rewards, ...more] };
    } catch (error) {
      if (isGraphBubbleUp(error)) throw error;
      // Nothing is put in its place: the episode is stored without this reward and can be judged later.
      onError(error);
      return evaluator ? { ...verdict, awaiting: [evaluator.source] } : verdict;
    }
  }

  /** To be called with every episode that was sent to memory: one that awaits its background judge gets in line. */
  stored(episode: EpisodeInput, receipt: LearnReceipt): void {
    const [evaluator, queue] = [this.#evaluator, this.#queue];
    if (!evaluator || !queue || !episode.awaiting?.includes(evaluator.source)) return;
    if (receipt.status !== "stored" && receipt.status !== "duplicate") return;
    const { episodeId } = receipt;
    const { policy } = this.#options;
    const onError = (error: unknown) => report(error, {}, this.#options.onError);
    const taken = queue.add(() =>
      detached(async (config) => {
        try {
          await judgeEpisode(policy.memory, evaluator, episodeId, { onlyAwaiting: true }, config);
        } catch (error) {
          onError(error);
        }
      }),
    );
    if (!taken) {
      const message = `${evaluator.source} is behind: ${queue.limit} episodes wait for it. The episode ${episodeId} is stored and awaits it; scorePending judges it.`;
      onError(new JitRLError("reward-failed", message, { details: { episodeId, source: evaluator.source } }));
    }
  }

  /** Resolves when the background is done. */
  async settled(): Promise<void> {
    await this.#queue?.settled();
  }

  async #ask(evaluator: Evaluator, run: JudgedRun, config: LangGraphRunnableConfig): Promise<Reward[]> {
    const rewards = await ask(evaluator, run, config);
    return judgedRewards({ source: evaluator.source, rewards }, run.steps.length, this.#now());
  }

  async #call(run: FinishedRun, state: S | undefined): Promise<Reward[]> {
    const { reward } = this.#options;
    if (typeof reward !== "function" || state === undefined) return [];
    try {
      const { episodeId, threadId, end, steps } = run;
      const value = await reward(state, { episodeId, threadId, end, steps });
      return outcomeRewards(value ?? undefined, steps, this.#now());
    } catch (error) {
      if (isGraphBubbleUp(error) || JitRLError.isInstance(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new JitRLError("reward-failed", `The reward of the episode ${run.episodeId} failed: ${message}`, {
        cause: error,
      });
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

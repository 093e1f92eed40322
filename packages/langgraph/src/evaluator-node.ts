import {
  type EpisodeEnd,
  type EpisodeInput,
  JitRLError,
  type LearnReceipt,
  type Policy,
  type Reward,
  type Step,
} from "@jitrl/core";
import { type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { Runnable, type RunnableConfig } from "@langchain/core/runnables";
import {
  Command,
  isGraphBubbleUp,
  type LangGraphRunnableConfig,
  type StateDefinitionInit,
} from "@langchain/langgraph";
import {
  inputFor,
  type MessagesState,
  messageInput,
  type PrivateUpdate,
  requirePrivateState,
} from "./channels.js";
import { emit, report } from "./events.js";
import { messagesOf } from "./messages-of.js";
import { mirroredTrajectory } from "./mirrored-steps.js";
import { findRun, type Run } from "./run.js";
import { fromPayload } from "./tool-call.js";
import type { Trajectory } from "./trajectory.js";

/** The episode that is being judged. */
export interface FinishedRun {
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

export interface EvaluatorNodeOptions<S extends object = MessagesState> {
  policy: Policy;
  /** Judges the run from the finished state. @default nothing is judged but by tools */
  reward?: RewardFunction<S>;
  /**
   * Reads a reward from the answer of a tool, for the step that called it.
   *
   * @default the number `reward` of the message's `artifact`, if there is one
   */
  toolReward?: (message: ToolMessage) => number | undefined;
  /** What episodes are found and forgotten by, e.g. `{ user }`. @default {} */
  metadata?: (state: S, config: LangGraphRunnableConfig) => EpisodeInput["metadata"];
  /** How the run ended. @default "done", or "failed" after `failTo` */
  end?: (state: S) => EpisodeEnd;
  /** Told of failures that the agent survives, besides the stream event. */
  onError?: (error: unknown) => void;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
}

/** Episodes that a thread carries while the store cannot be reached; at the bound the oldest is given up, not in silence. */
const MAX_UNSENT = 100;

/**
 * Runs at the end of the graph: judges the run, adds it to memory as one episode, and settles what earlier runs of
 * the thread left open. Running it again changes nothing. If the store cannot be reached, the episode stays in the
 * thread's checkpoint and is sent with the next one.
 *
 * Rewards of tools and of the `reward` function are the environment's: at one step they add up.
 *
 * @throws JitRLError `missing-channel` when added without its options
 */
export class EvaluatorNode<S extends object = MessagesState> extends Runnable<S, PrivateUpdate> {
  /** Third argument of `addNode` in a graph with messages; `defer` lets it run once after branches of unequal length. */
  static readonly options = { ...messageInput, defer: true };

  /** Third argument of `addNode` for any state: `EvaluatorNode.optionsFor(YourState)`. */
  static optionsFor<Schema extends StateDefinitionInit>(schema: Schema) {
    return { ...inputFor(schema), defer: true };
  }

  override lc_namespace = ["jitrl", "langgraph"];
  readonly #options: EvaluatorNodeOptions<S>;

  constructor(options: EvaluatorNodeOptions<S>) {
    super();
    this.#options = options;
  }

  override async invoke(state: S, config: RunnableConfig = {}): Promise<PrivateUpdate> {
    const { jitrl, jitrlRun } = requirePrivateState(state, "EvaluatorNode");
    const messages = messagesOf(state);
    const run = await findRun(
      { jitrl, ...(jitrlRun === undefined ? {} : { jitrlRun }) },
      messages,
      config,
    ).catch((error: unknown): Run => {
      this.#report(error, config);
      return { current: jitrl.current, cutOff: null };
    });
    const cutOff = [
      ...jitrl.ended,
      ...(run.cutOff ? [{ ...run.cutOff.trajectory, end: run.cutOff.end }] : []),
    ];
    const current = run.current ?? mirroredTrajectory(messages ?? [], jitrl.settledThrough);

    const episodes: EpisodeInput[] = [...jitrl.unsent];
    for (const trajectory of cutOff) {
      episodes.push(
        this.#episode(trajectory, this.#toolRewards(trajectory.steps, messages ?? [], config), {}, config),
      );
    }
    if (current) {
      const finished = { ...current, end: this.#options.end?.(state) ?? current.end };
      episodes.push(await this.#judged(finished, state, messages ?? [], config));
    }
    const unsent = await this.#send(episodes, config);
    return {
      jitrl: {
        type: "settled",
        episodeIds: [...cutOff, ...(current ? [current] : [])].map(({ episodeId }) => episodeId),
        unsent,
        through: messages?.at(-1)?.id ?? null,
      },
    };
  }

  async #judged(
    trajectory: Trajectory,
    state: S,
    messages: readonly BaseMessage[],
    config: LangGraphRunnableConfig,
  ): Promise<EpisodeInput> {
    const { steps, episodeId, end } = trajectory;
    const threadId = threadOf(config);
    const rewards = this.#toolRewards(steps, messages, config);
    try {
      const value = await this.#options.reward?.(state, { episodeId, threadId, end, steps });
      rewards.push(...this.#outcome(value ?? undefined, steps));
    } catch (error) {
      if (isGraphBubbleUp(error)) throw error;
      // Nothing is put in its place: the episode is stored without this reward and can be judged later.
      const failed = new JitRLError(
        "reward-failed",
        `The reward of the episode ${episodeId} failed: ${messageOf(error)}`,
        { cause: error },
      );
      this.#report(JitRLError.isInstance(error) ? error : failed, config);
    }
    return this.#episode(trajectory, rewards, this.#options.metadata?.(state, config) ?? {}, config);
  }

  #outcome(value: number | readonly number[] | undefined, steps: readonly Step[]): Reward[] {
    if (value === undefined) return [];
    const at = this.#now();
    const source = "environment:reward";
    if (typeof value === "number") return [this.#checked({ id: "reward", value, source, at })];
    if (value.length !== steps.length) {
      throw new JitRLError(
        "reward-failed",
        `Expected one reward a step, that is ${steps.length}, found ${value.length}.`,
      );
    }
    return value.map((one, step) => this.#checked({ id: `reward-${step}`, step, value: one, source, at }));
  }

  #toolRewards(
    steps: readonly Step[],
    messages: readonly BaseMessage[],
    config: LangGraphRunnableConfig,
  ): Reward[] {
    const answers = new Map(
      messages
        .filter((message) => ToolMessage.isInstance(message))
        .map((message) => [message.tool_call_id, message]),
    );
    const read = this.#options.toolReward ?? artifactReward;
    return steps.flatMap(({ payload }, step): Reward[] => {
      const answer = answers.get(fromPayload(payload)?.id ?? "");
      if (!answer) return [];
      try {
        const value = read(answer);
        if (value === undefined) return [];
        return [
          this.#checked({ id: `tool-${step}`, step, value, source: "environment:tool", at: this.#now() }),
        ];
      } catch (error) {
        this.#report(error, config);
        return [];
      }
    });
  }

  #checked(reward: Reward): Reward {
    if (Number.isFinite(reward.value)) return reward;
    throw new JitRLError(
      "reward-failed",
      `Expected a reward to be a finite number, found ${reward.value} (${reward.source}).`,
    );
  }

  #episode(
    { episodeId, at, end, steps, describedBy }: Trajectory,
    rewards: readonly Reward[],
    metadata: EpisodeInput["metadata"],
    config: LangGraphRunnableConfig,
  ): EpisodeInput {
    const threadId = threadOf(config);
    return {
      id: episodeId,
      at,
      end,
      steps,
      rewards,
      describedBy,
      ...(threadId === undefined ? {} : { threadId }),
      ...(metadata ? { metadata } : {}),
    };
  }

  /** Sends episodes in order. @returns those that could not be stored, for another time */
  async #send(episodes: readonly EpisodeInput[], config: LangGraphRunnableConfig): Promise<EpisodeInput[]> {
    const unsent = [...episodes];
    for (const episode of episodes) {
      try {
        const receipt = await this.#learn(episode);
        unsent.shift();
        emit(config, {
          type: "jitrl:episode",
          receipt,
          steps: episode.steps.length,
          rewards: episode.rewards?.length ?? 0,
        });
      } catch (error) {
        this.#report(error, config);
        // What is not valid now never will be; anything else may be another time.
        const hopeless =
          JitRLError.isInstance(error) &&
          (error.code === "invalid-input" || error.code === "oversized-state");
        if (!hopeless) break;
        unsent.shift();
      }
    }
    const given = unsent.splice(0, Math.max(0, unsent.length - MAX_UNSENT));
    if (given.length > 0) {
      this.#report(
        new JitRLError(
          "store-failed",
          `${given.length} episode(s) were given up: the store has been out of reach for more than ${MAX_UNSENT} episodes of this thread.`,
        ),
        config,
      );
    }
    return unsent;
  }

  /** A fork carries the id of the run that it left; the branch that comes second gets an id of its own. */
  async #learn(episode: EpisodeInput): Promise<LearnReceipt> {
    const receipt = await this.#options.policy.learn(episode);
    if (receipt.status !== "conflict") return receipt;
    return this.#options.policy.learn({ ...episode, id: `${episode.id}~${episode.steps.at(-1)?.id}` });
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #report(error: unknown, config: LangGraphRunnableConfig): void {
    report(error, config, this.#options.onError);
  }
}

/**
 * An `errorHandler` for a node (or for all, by `setNodeDefaults`) that sends a failed run to the evaluator, so that
 * its episode ends as `failed` at once. Without it the episode settles when the thread next runs.
 *
 * @param evaluator name of the evaluator node
 */
export function failTo<Name extends string>(
  evaluator: Name,
): () => Command<unknown, { jitrl: { type: "end"; end: "failed" } }, Name> {
  return () => new Command({ goto: evaluator, update: { jitrl: { type: "end", end: "failed" } } });
}

function artifactReward({ artifact }: ToolMessage): number | undefined {
  if (typeof artifact !== "object" || artifact === null || !("reward" in artifact)) return undefined;
  return typeof artifact.reward === "number" ? artifact.reward : undefined;
}

function threadOf({ configurable }: LangGraphRunnableConfig): string | undefined {
  const id: unknown = configurable?.thread_id;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

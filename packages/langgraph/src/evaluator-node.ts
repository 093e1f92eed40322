import { type EpisodeEnd, type EpisodeInput, JitRLError, type LearnReceipt } from "@jitrl/core";
import { Runnable, type RunnableConfig } from "@langchain/core/runnables";
import { Command, type LangGraphRunnableConfig, type StateDefinitionInit } from "@langchain/langgraph";
import type { ActionKey } from "./action-key.js";
import type { BoundTool } from "./bound-tool.js";
import {
  inputFor,
  type MessagesState,
  messageInput,
  type PrivateUpdate,
  requirePrivateState,
} from "./channels.js";
import { emit, report } from "./events.js";
import { refusalRewards, reviewedSteps } from "./human-review.js";
import { messagesOf } from "./messages-of.js";
import { mirroredRuns } from "./mirrored-steps.js";
import { quietly } from "./quietly.js";
import { findRun, type Run } from "./run.js";
import { type Evidence, RunJudge, type RunJudgeOptions } from "./run-judge.js";
import { type EndUpdate, type Trajectory, unsentKey } from "./trajectory.js";

export interface EvaluatorNodeOptions<S extends object = MessagesState> extends RunJudgeOptions<S> {
  /** The same as the JitRLNode's: it names calls that a person changed after they were decided. @default toolCallKey */
  actionKey?: ActionKey<S>;
  /** The same as the JitRLNode's, for the same purpose. @default not known */
  tools?: readonly BoundTool[];
  /** What episodes are found and forgotten by, e.g. `{ user }`. @default {} */
  metadata?: (state: S, config: LangGraphRunnableConfig) => EpisodeInput["metadata"];
  /** How the run ended. @default "done", or "failed" after `failTo` */
  end?: (state: S) => EpisodeEnd;
}

/** Episodes that a thread carries while the store cannot be reached; at the bound the oldest is given up, not in silence. */
const MAX_UNSENT = 100;

/**
 * Runs at the end of the graph: judges the run, adds it to memory as one episode, and settles what earlier runs of
 * the thread left open. Running it again changes nothing. If the store cannot be reached, the episode stays in the
 * thread's checkpoint and is sent with the next one.
 *
 * Rewards of tools and of a `reward` function are the environment's: at one step they add up.
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
  readonly #judge: RunJudge<S>;

  /** @throws JitRLError `invalid-input` */
  constructor(options: EvaluatorNodeOptions<S>) {
    super();
    this.#judge = new RunJudge(options);
    this.#options = options;
  }

  /** Resolves when the background is done: before a process ends, and in tests. */
  settled(): Promise<void> {
    return this.#judge.settled();
  }

  override invoke(state: S, config: RunnableConfig = {}): Promise<PrivateUpdate> {
    return quietly(config, (quiet) => this.#run(state, quiet));
  }

  async #run(state: S, config: LangGraphRunnableConfig): Promise<PrivateUpdate> {
    const own = requirePrivateState(state, "EvaluatorNode", config);
    const { jitrl } = own;
    const messages = messagesOf(state) ?? [];
    const run = await findRun(own, messagesOf(state), config).catch((error: unknown): Run => {
      this.#report(error, config);
      return { current: jitrl.current, cutOff: null, was: jitrl.current?.episodeId };
    });
    const told = (error: unknown) => this.#report(error, config);
    const mirrored = await mirroredRuns(messages, state, this.#options, config, told);
    const cutOff = [...jitrl.ended, ...(run.cutOff ? [run.cutOff] : []), ...mirrored.cutOff];
    const current = [...(run.current ? [this.#reviewed(run.current, state)] : []), ...mirrored.current];

    const episodes: EpisodeInput[] = [...jitrl.unsent];
    const metadata = this.#metadata(state, config);
    for (const trajectory of cutOff) {
      episodes.push(await this.#episode(trajectory, trajectory.end, { messages, metadata }, config));
    }
    if (current.length > 0) {
      const end = this.#end(state, jitrl.end?.end ?? "done", config);
      for (const trajectory of current) {
        episodes.push(await this.#episode(trajectory, end, { state, messages, metadata }, config));
      }
    }
    const left = await this.#send(episodes, config);
    const settled = [...jitrl.ended, ...(jitrl.current ? [jitrl.current] : [])];
    const update: PrivateUpdate = {
      jitrl: {
        type: "settled",
        runs: settled.map(({ episodeId, steps }) => ({ episodeId, steps: steps.map(({ id }) => id) })),
        sent: jitrl.unsent.filter((episode) => !left.includes(episode)).map(unsentKey),
        unsent: left.filter((episode) => !jitrl.unsent.includes(episode)),
      },
    };
    const stripped = mirrored.messages.length > 0 ? { messages: [...mirrored.messages] } : {};
    return { ...stripped, ...update };
  }

  /** The run as somebody left its last steps. */
  #reviewed(run: Trajectory, state: S): Trajectory {
    const reviewed = reviewedSteps(run.steps, state, messagesOf(state) ?? [], this.#options);
    const byId = new Map(reviewed.map((step) => [step.id, step]));
    return { ...run, steps: run.steps.map((step) => byId.get(step.id) ?? step) };
  }

  async #episode(
    { episodeId, at, steps, describedBy, rewards: earned = [] }: Trajectory,
    end: EpisodeEnd,
    evidence: Evidence<S>,
    config: LangGraphRunnableConfig,
  ): Promise<EpisodeInput> {
    const threadId = threadOf(config);
    const run = { episodeId, threadId, end, steps };
    const refusals = refusalRewards(steps, evidence.messages, this.#now());
    const verdict = await this.#judge.judge(run, { ...evidence, earned: [...earned, ...refusals] }, config);
    return {
      id: episodeId,
      at,
      end,
      steps,
      describedBy,
      ...verdict,
      ...(threadId === undefined ? {} : { threadId }),
      ...(evidence.metadata ? { metadata: evidence.metadata } : {}),
    };
  }

  #metadata(state: S, config: LangGraphRunnableConfig): EpisodeInput["metadata"] {
    try {
      const entries = Object.entries(this.#options.metadata?.(state, config) ?? {});
      const bad = entries
        .filter(([, value]) => value !== undefined && !isMetadata(value))
        .map(([key]) => key);
      // What cannot be kept must not cost the episode.
      if (bad.length > 0) this.#report(badMetadata(bad), config);
      return Object.fromEntries(entries.filter(([, value]) => isMetadata(value)));
    } catch (error) {
      this.#report(error, config);
      return undefined;
    }
  }

  #end(state: S, known: EpisodeEnd, config: LangGraphRunnableConfig): EpisodeEnd {
    try {
      return this.#options.end?.(state) ?? known;
    } catch (error) {
      this.#report(error, config);
      return known;
    }
  }

  /** Sends episodes in order. @returns those that could not be stored, for another time */
  async #send(episodes: readonly EpisodeInput[], config: LangGraphRunnableConfig): Promise<EpisodeInput[]> {
    const unsent = [...episodes];
    for (const episode of episodes) {
      try {
        const receipt = await this.#learn(episode);
        unsent.shift();
        this.#judge.stored(episode, receipt);
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
): (state: unknown, error: unknown, config?: LangGraphRunnableConfig) => Command<unknown, never, Name> {
  return (_state, _error, config) => {
    const update: EndUpdate = { type: "end", end: "failed", at: config?.executionInfo?.checkpointId };
    // As a pair, since the graph's own type of updates does not know the private channel.
    return new Command<unknown, never, Name>({ goto: evaluator, update: [["jitrl", update]] });
  };
}

function isMetadata(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

function badMetadata(keys: readonly string[]): JitRLError {
  return new JitRLError(
    "invalid-input",
    `Expected metadata of strings, finite numbers and booleans; left out: ${keys.join(", ")}.`,
  );
}

function threadOf({ configurable }: LangGraphRunnableConfig): string | undefined {
  const id: unknown = configurable?.thread_id;
  return (typeof id === "string" && id !== "") || typeof id === "number" ? String(id) : undefined;
}

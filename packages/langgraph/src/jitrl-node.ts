import { type Decision, JitRLError, type JsonValue, type Step } from "@jitrl/core";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { Runnable, type RunnableConfig } from "@langchain/core/runnables";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { BoundTool } from "./bound-tool.js";
import {
  inputFor,
  isHook,
  type MessagesState,
  messageInput,
  type PrivateState,
  type PrivateUpdate,
  requirePrivateState,
} from "./channels.js";
import { CallDecider } from "./decide-call.js";
import { metadataOf } from "./decision-metadata.js";
import type { Decided, DecisionContext, DecisionOptions } from "./decision-options.js";
import { report } from "./events.js";
import { executed } from "./executed-message.js";
import { reviewedSteps } from "./human-review.js";
import { messagesOf } from "./messages-of.js";
import { ownOnMessages } from "./mirrored-steps.js";
import { quietly } from "./quietly.js";
import { type Place, placeOf, type Recorded, recordDecided } from "./record-steps.js";
import { annotate } from "./rewrite-tool-call.js";
import { namespaceOf } from "./run.js";

/** @typeParam U what `apply` writes, where updates are typed otherwise than the state: `typeof YourState.Update` */
export interface JitRLNodeOptions<S extends object = MessagesState, U extends object = Partial<S>>
  extends DecisionOptions<S> {
  /**
   * The tools that are bound to the agent. Where they are given, candidates that call another tool, or with arguments
   * that a tool's schema refuses, are left out whatever their source, and the key of an action tells the shape of its tool.
   *
   * @default not known: each source checks for itself
   */
  tools?: readonly BoundTool[];
  /**
   * For graphs without messages, or where the choice is no tool call: writes the chosen action into the state. The
   * node then decides every time it runs.
   */
  apply?: (choice: Choice, state: S) => U;
}

/** What `apply` writes. */
export interface Choice {
  readonly action: string;
  readonly payload: JsonValue | undefined;
  readonly decision: Decision;
}

/**
 * Stands between the model and its tools: takes the agent's tool call, weighs it and its alternatives in the light
 * of experience, and passes on the one to execute.
 *
 * - A message with one tool call is decided. With several calls at once all pass unchanged and are learned from as
 *   parallel steps; without one, the message passes and is no step.
 * - With `apply` it is any discrete choice: candidates from the state, the chosen action written by the caller.
 * - In a subgraph whose evaluator is in the graph above, its steps go along on the messages that it passes; without
 *   messages both nodes belong into the same graph. So it serves as the `postModelHook` of `createReactAgent` and of
 *   `createSupervisor`, in a graph with an evaluator above.
 * - A call that a person changes on its message, before it is executed, is learned from as theirs.
 *
 * Whatever fails here (candidates, memory, checkpointer), the agent's own call stands, and `onError` and the event
 * `jitrl:error` say so.
 *
 * @throws JitRLError `missing-channel` when added without its options or with others than its state needs,
 * `invalid-input` for a source that asks the agent's model in the place of its call, and where the last message is not
 * the agent's, and `candidates-failed` in a graph without messages, where nothing could stand in
 */
export class JitRLNode<S extends object = MessagesState, U extends object = Partial<S>> extends Runnable<
  S,
  PrivateUpdate
> {
  /** Third argument of `addNode` in a graph with messages. */
  static readonly options = messageInput;
  /** Third argument of `addNode` for any state: `JitRLNode.optionsFor(YourState)`. */
  static readonly optionsFor = inputFor;

  override lc_namespace = ["jitrl", "langgraph"];
  readonly #options: JitRLNodeOptions<S, U>;
  readonly #decider: CallDecider<S>;

  constructor(options: JitRLNodeOptions<S, U>) {
    super();
    this.#decider = new CallDecider(options);
    if (options.candidates.inPlaceOfCall) {
      throw new JitRLError(
        "invalid-input",
        "Expected a source that can be asked after the agent's own call; this one asks the agent's model in its place, which only jitrlMiddleware makes possible. Give the source a `model` to ask, such as verbalizedCandidates({ model, tools }).",
      );
    }
    if (options.apply && !options.describeState) {
      throw new JitRLError(
        "invalid-input",
        "Expected describeState beside apply: without messages only you know what makes situations alike.",
      );
    }
    this.#options = options;
  }

  override invoke(state: S, config: RunnableConfig = {}): Promise<PrivateUpdate> {
    return quietly(config, (quiet) => this.#run(state, quiet));
  }

  async #run(state: S, config: LangGraphRunnableConfig): Promise<PrivateUpdate> {
    const messages = messagesOf(state);
    const hook = isHook(state, config);
    const own = hook ? ownOnMessages(messages, config) : requirePrivateState(state, "JitRLNode", config);
    if (this.#options.apply) return this.#applyChoice(this.#options.apply, own, state, config);

    const message = lastOf(messages);
    const calls = message.tool_calls ?? [];
    const before: S = { ...state, messages: messages?.slice(0, -1) };
    const reviewed = hook ? [] : this.#reviewed(own, before, config);
    const review: PrivateUpdate = reviewed.length > 0 ? { jitrl: { type: "reviewed", steps: reviewed } } : {};
    if (calls.length === 0) return review;
    const place = await this.#place(own, messages, config);
    const changed = new Map(reviewed.map((step) => [step.id, step]));
    const earlier = (place.run.current?.steps ?? []).map((step) => changed.get(step.id) ?? step);
    const decided = await this.#decider.weigh(before, calls, { ...this.#context(config), earlier });
    if (decided.steps.length === 0) return review;
    const passed = executed(message, decided);
    const recorded = await this.#record(passed, place, config);
    const jitrl = metadataOf(recorded, decided, namespaceOf(config) !== "");
    const { update } = recorded;
    const withReview =
      update.jitrl?.type === "steps" && reviewed.length > 0 ? { jitrl: { ...update.jitrl, reviewed } } : {};
    const spoken = annotate(passed.message, { jitrl });
    return { messages: [spoken], ...(hook ? {} : update), ...withReview };
  }

  /** What a person made of the last steps, now that they have been executed. */
  #reviewed({ jitrl }: PrivateState, state: S, config: LangGraphRunnableConfig): readonly Step[] {
    try {
      return reviewedSteps(jitrl.current?.steps ?? [], state, messagesOf(state) ?? [], this.#options);
    } catch (error) {
      report(error, config, this.#options.onError);
      return [];
    }
  }

  async #applyChoice(
    apply: NonNullable<JitRLNodeOptions<S, U>["apply"]>,
    own: PrivateState,
    state: S,
    config: LangGraphRunnableConfig,
  ): Promise<PrivateUpdate> {
    const place = await this.#place(own, messagesOf(state), config);
    const earlier = place.run.current?.steps ?? [];
    const decided = await this.#decider.choose(state, { ...this.#context(config), earlier });
    const { chosen } = decided.decision;
    const applied = apply(
      { action: chosen.action, payload: chosen.payload, decision: decided.decision },
      state,
    );
    const { update } = await this.#record(decided, place, config);
    return { ...applied, ...update };
  }

  #context(config: LangGraphRunnableConfig): DecisionContext {
    const { tools } = this.#options;
    return { config, ...(tools ? { tools } : {}) };
  }

  #place(
    own: PrivateState,
    messages: readonly BaseMessage[] | undefined,
    config: LangGraphRunnableConfig,
  ): Promise<Place> {
    return placeOf(own, messages, (error) => report(error, config, this.#options.onError), config);
  }

  #record(decided: Decided, place: Place, config: LangGraphRunnableConfig): Promise<Recorded> {
    const begin = { describedBy: this.#decider.describedBy, now: this.#options.now ?? Date.now };
    return recordDecided(decided, place, begin, this.#options.onError, config);
  }
}

function lastOf(messages: readonly BaseMessage[] | undefined): AIMessage {
  if (!messages) {
    throw new JitRLError(
      "missing-channel",
      `JitRLNode found no channel "messages", where the agent's call is. Add the node with JitRLNode.options in a graph with messages; for a choice that is no tool call, give the option "apply".`,
    );
  }
  const message = messages.at(-1);
  if (AIMessage.isInstance(message)) return message;
  throw new JitRLError(
    "invalid-input",
    `JitRLNode expected the agent's message last, found ${message ? `a ${message.type} message` : "none"}. Put the node right after the agent; for a choice that is no tool call, give the option "apply".`,
  );
}

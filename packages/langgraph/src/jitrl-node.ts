import {
  type Candidate,
  type ChosenBy,
  type Decision,
  JitRLError,
  type JsonValue,
  type Policy,
  type StateInput,
  type Step,
  summarize,
  toState,
} from "@jitrl/core";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { Runnable, type RunnableConfig } from "@langchain/core/runnables";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { type CandidateSource, candidatesFailed, withOwnCall } from "./candidates.js";
import {
  inputFor,
  type MessagesState,
  messageInput,
  type PrivateState,
  type PrivateUpdate,
  requirePrivateState,
} from "./channels.js";
import { describeMessages, MESSAGES_FEATURES } from "./describe-messages.js";
import { type DecisionMetadata, emit, report } from "./events.js";
import { messagesOf } from "./messages-of.js";
import { quietly } from "./quietly.js";
import { type Recorded, recordSteps } from "./record-steps.js";
import { annotate, rewriteToolCall } from "./rewrite-tool-call.js";
import { namespaceOf } from "./run.js";
import { type ActionKey, fromPayload, type ToolCallSpec, toolCallKey, toPayload } from "./tool-call.js";

/** @typeParam U what `apply` writes, where updates are typed otherwise than the state: `typeof YourState.Update` */
export interface JitRLNodeOptions<S extends object = MessagesState, U extends object = Partial<S>> {
  /** What chooses; several graphs may share one. */
  policy: Policy;
  /** Where candidate actions come from. */
  candidates: CandidateSource<S>;
  /**
   * What makes situations alike. In a graph with messages it sees the state without the agent's own call.
   *
   * @default describeMessages; a graph without messages must give one
   */
  describeState?: (state: S) => StateInput;
  /** Name of this version of `describeState`: change it when the features change, since old experience then no longer compares. @default "messages/1", or "custom" where `describeState` is given */
  describedBy?: string;
  /** The key under which a tool call is learned. @default toolCallKey: the name and the masked arguments */
  actionKey?: ActionKey;
  /**
   * For graphs without messages, or where the choice is no tool call: writes the chosen action into the state. The
   * node then decides every time it runs.
   */
  apply?: (choice: Choice, state: S) => U;
  /** A raw observation to keep with each step. @default none is kept */
  observe?: (state: S) => JsonValue;
  /** Told of failures that the agent survives, besides the stream event. */
  onError?: (error: unknown) => void;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
}

/** What `apply` writes. */
export interface Choice {
  readonly action: string;
  readonly payload: JsonValue | undefined;
  readonly decision: Decision;
}

/** What one run of the node decided. */
interface Decided {
  readonly steps: readonly Omit<Step, "id" | "t">[];
  readonly decision?: Decision;
}

/**
 * Stands between the model and its tools: takes the agent's tool call, weighs it and its alternatives in the light
 * of experience, and passes on the one to execute.
 *
 * - A message with one tool call is decided. With several calls at once all pass unchanged and are learned from as
 *   parallel steps; without one, the message passes and is no step.
 * - With `apply` it is any discrete choice: candidates from the state, the chosen action written by the caller.
 * - In a subgraph whose evaluator is in the graph above, its steps go along on the messages that it passes; without
 *   messages both nodes belong into the same graph.
 *
 * Whatever fails here (candidates, memory, checkpointer), the agent's own call stands, and `onError` and the event
 * `jitrl:error` say so.
 *
 * @throws JitRLError `missing-channel` when added without its options or with others than its state needs,
 * `invalid-input` when it stands where the last message is not the agent's, and `candidates-failed` in a graph
 * without messages, where nothing could stand in
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
  readonly #describedBy: string;

  constructor(options: JitRLNodeOptions<S, U>) {
    super();
    if (!options.policy || typeof options.candidates !== "function") {
      throw new JitRLError(
        "invalid-input",
        "Expected { policy, candidates }: a policy of createPolicy, and a source of candidates such as functionCandidates.",
      );
    }
    if (options.apply && !options.describeState) {
      throw new JitRLError(
        "invalid-input",
        "Expected describeState beside apply: without messages only you know what makes situations alike.",
      );
    }
    this.#options = options;
    this.#describedBy = options.describedBy ?? (options.describeState ? "custom" : MESSAGES_FEATURES);
  }

  override invoke(state: S, config: RunnableConfig = {}): Promise<PrivateUpdate> {
    return quietly(config, (quiet) => this.#run(state, quiet));
  }

  async #run(state: S, config: LangGraphRunnableConfig): Promise<PrivateUpdate> {
    const own = requirePrivateState(state, "JitRLNode", config);
    const messages = messagesOf(state);
    if (this.#options.apply) return this.#applyChoice(this.#options.apply, own, state, config);

    const message = lastOf(messages);
    const calls = message.tool_calls ?? [];
    if (calls.length === 0) return {};
    const before: S = { ...state, messages: messages?.slice(0, -1) };
    const { call, ...decided } = await this.#chooseCall(before, calls, config);
    if (decided.steps.length === 0) return {};
    const recorded = await this.#record(own, messages, decided, config);
    const metadata = { jitrl: metadataOf(recorded, decided, config) };
    const passed = call ? rewriteToolCall(message, call, metadata) : annotate(message, metadata);
    const messagesUpdate = { messages: [passed] };
    return { ...messagesUpdate, ...recorded.update };
  }

  async #applyChoice(
    apply: NonNullable<JitRLNodeOptions<S, U>["apply"]>,
    own: PrivateState,
    state: S,
    config: LangGraphRunnableConfig,
  ): Promise<PrivateUpdate> {
    const decided = await this.#choose(state, config);
    const { chosen } = decided.decision;
    const applied = apply(
      { action: chosen.action, payload: chosen.payload, decision: decided.decision },
      state,
    );
    const { update } = await this.#record(own, messagesOf(state), decided, config);
    return { ...applied, ...update };
  }

  /** A choice in a graph where only the candidates say what can be done. */
  async #choose(state: S, config: LangGraphRunnableConfig): Promise<Decided & { decision: Decision }> {
    const { policy, candidates: source, actionKey = toolCallKey } = this.#options;
    const candidates = await this.#candidates(() => source({ state, actionKey, config }));
    if (candidates.length === 0) {
      throw new JitRLError(
        "candidates-failed",
        "Expected at least one candidate in this state, found an empty list. Route around the node where there is nothing to choose.",
      );
    }
    const described = this.#describe(state);
    const decision = await policy.decide({ state: described, candidates, describedBy: this.#describedBy });
    const { action, payload } = decision.chosen;
    return {
      decision,
      steps: [
        {
          state: described,
          action,
          chosenBy: decision.chosenBy,
          ...kept(payload),
          ...this.#observed(state, config),
          decision: summarize(decision),
        },
      ],
    };
  }

  /** The call to execute in the place of the agent's own; none where that one stands. */
  async #chooseCall(
    state: S,
    calls: NonNullable<AIMessage["tool_calls"]>,
    config: LangGraphRunnableConfig,
  ): Promise<Decided & { call?: ToolCallSpec }> {
    try {
      return await this.#weighCall(state, calls, config);
    } catch (error) {
      if (isGraphBubbleUp(error) || config.signal?.aborted) throw error;
      // A call of which not even its state or key can be told is no step: there is nothing to learn from.
      this.#report(error, config);
      return { steps: [] };
    }
  }

  async #weighCall(
    state: S,
    calls: NonNullable<AIMessage["tool_calls"]>,
    config: LangGraphRunnableConfig,
  ): Promise<Decided & { call?: ToolCallSpec }> {
    const { actionKey = toolCallKey } = this.#options;
    const described = this.#describe(state);
    const observation = this.#observed(state, config);
    const stepOf = (call: ToolCallSpec, id: string | undefined, chosenBy: ChosenBy) => ({
      state: described,
      action: actionKey(call),
      chosenBy,
      payload: toPayload(call, id),
      ...observation,
    });
    const [own] = calls;
    if (!own || calls.length > 1) return { steps: calls.map((call) => stepOf(call, call.id, "base")) };
    const standing = stepOf(own, own.id, "fallback");
    try {
      const decision = await this.#decideCall(state, described, own, config);
      const { chosen } = decision;
      const call = fromPayload(chosen.payload) ?? own;
      const step = {
        ...stepOf(call, own.id, decision.chosenBy),
        action: chosen.action,
        decision: summarize(decision),
      };
      return { decision, steps: [step], ...(chosen.action === decision.baseAction ? {} : { call }) };
    } catch (error) {
      if (isGraphBubbleUp(error) || config.signal?.aborted) throw error;
      this.#report(error, config);
      return { steps: [standing] };
    }
  }

  async #decideCall(
    state: S,
    described: Step["state"],
    own: ToolCallSpec,
    config: LangGraphRunnableConfig,
  ): Promise<Decision> {
    const { policy, candidates: source, actionKey = toolCallKey } = this.#options;
    const proposed = await this.#candidates(() => source({ state, call: own, actionKey, config }));
    const candidates = withOwnCall(proposed, own, actionKey);
    const notACall = candidates.find(({ payload }) => !fromPayload(payload));
    if (notACall) {
      throw new JitRLError(
        "invalid-candidates",
        `Expected the candidate "${notACall.action}" to carry a complete tool call { name, args }: list it as { call }.`,
      );
    }
    return policy.decide({
      state: described,
      candidates,
      baseAction: actionKey(own),
      describedBy: this.#describedBy,
    });
  }

  async #candidates(
    source: () => Promise<readonly Candidate[]> | readonly Candidate[],
  ): Promise<readonly Candidate[]> {
    try {
      return await source();
    } catch (error) {
      throw isGraphBubbleUp(error) ? error : candidatesFailed(error);
    }
  }

  #describe(state: S): Step["state"] {
    const { describeState, actionKey } = this.#options;
    return toState(
      describeState ? describeState(state) : describeMessages(messagesOf(state) ?? [], actionKey),
    );
  }

  #observed(state: S, config: LangGraphRunnableConfig): { observation?: JsonValue } {
    try {
      const observation = this.#options.observe?.(state);
      return observation === undefined ? {} : { observation };
    } catch (error) {
      this.#report(error, config);
      return {};
    }
  }

  /** Records the steps and tells of the decision, now that nothing can fail any more. */
  async #record(
    own: PrivateState,
    messages: readonly BaseMessage[] | undefined,
    { steps, decision }: Decided,
    config: LangGraphRunnableConfig,
  ): Promise<Recorded> {
    const begin = { describedBy: this.#describedBy, now: this.#options.now ?? Date.now };
    const onError = (error: unknown) => this.#report(error, config);
    const recorded = await recordSteps(steps, own, messages, begin, onError, config);
    const { index: step, trajectory } = recorded;
    if (decision) emit(config, { type: "jitrl:decision", episodeId: trajectory.episodeId, step, decision });
    return recorded;
  }

  #report(error: unknown, config: LangGraphRunnableConfig): void {
    report(error, config, this.#options.onError);
  }
}

/** What the message tells of the decision; in a subgraph, whose channel ends with it, also the steps themselves. */
function metadataOf(
  { trajectory, index }: Recorded,
  { decision }: Decided,
  config: LangGraphRunnableConfig,
): DecisionMetadata {
  const first = trajectory.steps[0];
  return {
    episodeId: trajectory.episodeId,
    step: index,
    action: first?.action ?? "",
    chosenBy: first?.chosenBy ?? "base",
    ...(decision ? { decision: summarize(decision) } : {}),
    ...(namespaceOf(config) === "" ? {} : { trajectory }),
  };
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

function kept(payload: JsonValue | undefined): { payload?: JsonValue } {
  return payload === undefined ? {} : { payload };
}

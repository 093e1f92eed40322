import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { getConfig, isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { type AgentMiddleware, createMiddleware } from "langchain";
import type * as z from "zod/v4";
import { toolCallKey } from "../action-key.js";
import type { CandidateSource } from "../candidates.js";
import type { MessagesState } from "../channels.js";
import { CallDecider } from "../decide-call.js";
import type { DecisionOptions } from "../decision-options.js";
import { EvaluatorNode, type EvaluatorNodeOptions } from "../evaluator-node.js";
import { report } from "../events.js";
import { findRun, namespaceOf } from "../run.js";
import { toolRewards } from "../run-rewards.js";
import { emptyTrajectoryState, reduceTrajectory, type TrajectoryState } from "../trajectory.js";
import { verbalizedCandidates } from "../verbalized-candidates.js";
import { type Collected, collectSteps, refusedCalls, withRewards } from "./collect-steps.js";
import { ModelStep } from "./model-step.js";
import { type privateSchema, privateStateOf, schemaWith } from "./private-state.js";

/** What functions see of an agent's state. */
export interface AgentState extends MessagesState {
  readonly structuredResponse?: unknown;
}

export interface JitRLMiddlewareOptions<S extends AgentState = AgentState>
  extends Omit<DecisionOptions<S>, "candidates">,
    Omit<EvaluatorNodeOptions<S>, keyof DecisionOptions<S>> {
  /**
   * Where candidate actions come from. A source that asks the agent's model in the place of its own call costs no
   * call more; any other one weighs the agent's own call, which the agent makes first.
   *
   * @default verbalizedCandidates(), which asks the agent's model in the place of its own call
   */
  candidates?: CandidateSource<S>;
  /**
   * The keys of the agent's own state that your functions read besides `messages` and `structuredResponse`, as they
   * stand in its `stateSchema`: langchain shows a middleware no others.
   *
   * @default none
   */
  stateSchema?: z.ZodObject;
  /**
   * For sources that weigh the agent's own call: whether that call is kept out of the stream of messages, since it may
   * be replaced. Answers to the user then come in one piece, for nobody knows beforehand what the model will say.
   *
   * @default true
   */
  hideReplaced?: boolean;
  /**
   * What a call earns that a person refused, as by `humanInTheLoopMiddleware`; on the scale of your rewards.
   *
   * @default -1
   */
  refusal?: number;
}

/** The middleware, and when its background work is done. */
export type JitRLMiddleware = AgentMiddleware<typeof privateSchema> & {
  /** Resolves when the background is done: before a process ends, and in tests. */
  settled(): Promise<void>;
};

/**
 * Lets an agent of `createAgent` learn: stands around its model and decides each tool call in the light of
 * experience, and adds each run to memory as one episode. Put it **first** in the array of middleware: it then sees
 * what all others made of a call.
 *
 * - A run that a limit, an error or an abort cut short is settled when the thread next runs.
 * - A call that a person edits is learned from as theirs; one that a person refuses earns `refusal`.
 * - Whatever fails here, the agent goes on as it would without JitRL.
 *
 * @throws JitRLError `invalid-input`
 */
export function jitrlMiddleware<S extends AgentState = AgentState>(
  options: JitRLMiddlewareOptions<S>,
): JitRLMiddleware {
  const { actionKey = toolCallKey, refusal = -1, now = Date.now, onError } = options;
  const candidates = options.candidates ?? verbalizedCandidates<S>();
  const settings = { ...options, candidates, hideReplaced: options.hideReplaced ?? true };
  const decider = new CallDecider<S>(settings);
  const modelStep = new ModelStep<S>(settings, decider);
  const evaluator = new EvaluatorNode<S>(options);
  /** The run so far, with the steps that still stand on messages. */
  function collect(state: HookState, config: LangGraphRunnableConfig): Collected {
    return collectSteps(privateStateOf(state), state.messages, {
      state: stateOf<S>(state),
      namespace: namespaceOf(config),
      actionKey,
      refusal,
      now,
    });
  }

  /** With what tools have just said, since the messages that say so may be gone when the run is judged. */
  function rewarded(
    jitrl: TrajectoryState,
    messages: readonly BaseMessage[],
    config: LangGraphRunnableConfig,
  ): TrajectoryState {
    if (!jitrl.current) return jitrl;
    const asked = messages.findLastIndex((message) => AIMessage.isInstance(message));
    const told = (error: unknown) => report(error, config, onError);
    const answers = messages.slice(asked + 1);
    return withRewards(jitrl, toolRewards(jitrl.current.steps, answers, options.toolReward, now(), told));
  }

  /** Judges the run that goes on, if there is one, and stores what ended. */
  async function evaluate(
    state: HookState,
    jitrl: TrajectoryState,
    stripped: readonly BaseMessage[],
    config: LangGraphRunnableConfig,
  ) {
    const byId = new Map(stripped.map((message) => [message.id, message]));
    const messages = state.messages.map((message) => byId.get(message.id) ?? message);
    const judged = Object.assign({}, stateOf<S>(state), { messages, jitrl });
    const update = await evaluator.invoke(judged, config);
    const settled = update.jitrl ? reduceTrajectory(jitrl, update.jitrl) : jitrl;
    return { _jitrl: settled, messages: [...stripped, ...(update.messages ?? [])] };
  }

  const middleware = createMiddleware({
    name: "JitRL",
    stateSchema: schemaWith(options.stateSchema),

    // Runs for new input only, so whatever still goes on was cut off.
    beforeAgent: (state) =>
      survive(onError, async (config) => {
        const { jitrl, messages } = collect(state, config);
        if (!jitrl.current && messages.length === 0) return undefined;
        const run = await findRun({ jitrl }, state.messages, config);
        const cutOff = run.cutOff ?? (run.current && { ...run.current, end: "truncated" as const });
        const ended = cutOff ? [...jitrl.ended, cutOff] : jitrl.ended;
        return evaluate(state, { ...emptyTrajectoryState, unsent: jitrl.unsent, ended }, messages, config);
      }),

    beforeModel: (state) =>
      survive(onError, async (config) => {
        const collected = collect(state, config);
        const jitrl = rewarded(collected.jitrl, state.messages, config);
        const changed = jitrl !== privateStateOf(state) || collected.messages.length > 0;
        return changed ? { _jitrl: jitrl, messages: [...collected.messages] } : undefined;
      }),

    wrapModelCall: async (request, handler) => {
      const { state } = request;
      const known = await survive(onError, async (config) => ({
        config,
        held: collect(state, config).jitrl,
        refused: refusedCalls(state.messages, namespaceOf(config)),
      }));
      if (!known) return handler(request);
      return modelStep.run({ request, handler, state: stateOf<S>(state), ...known });
    },

    afterAgent: (state) =>
      survive(onError, async (config) => {
        const { jitrl, messages } = collect(state, config);
        return evaluate(state, jitrl, messages, config);
      }),
  });
  return Object.assign(middleware, { settled: () => evaluator.settled() });
}

interface HookState extends AgentState {
  readonly _jitrl?: unknown;
}

/** The state without what is private; the keys that S names beyond messages are there by the option `stateSchema`. */
function stateOf<S extends AgentState>(state: HookState): S {
  const { _jitrl, ...rest } = state;
  return rest as S;
}

/** Learning must not take the agent down. */
async function survive<T>(
  onError: ((error: unknown) => void) | undefined,
  run: (config: LangGraphRunnableConfig) => Promise<T>,
): Promise<T | undefined> {
  const config: LangGraphRunnableConfig = getConfig();
  try {
    return await run(config);
  } catch (error) {
    if (isGraphBubbleUp(error) || config.signal?.aborted) throw error;
    report(error, config, onError);
    return undefined;
  }
}

import {
  type Candidate,
  type ChosenBy,
  type Decision,
  JitRLError,
  type JsonValue,
  type Step,
  summarize,
  toState,
} from "@jitrl/core";
import { isGraphBubbleUp } from "@langchain/langgraph";
import { type BoundActionKey, bindActionKey, toolCallKey } from "./action-key.js";
import { ANSWER_ACTION, type Answer, answerPayload, readAnswer } from "./answer.js";
import { toolForms } from "./bound-tool.js";
import { candidatesFailed, withOwnCall } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import type { Decided, DecisionContext, DecisionOptions, Execution, NewStep } from "./decision-options.js";
import { describeMessages, MESSAGES_FEATURES } from "./describe-messages.js";
import { report } from "./events.js";
import { messagesOf } from "./messages-of.js";
import { runInfoOf } from "./run-info.js";
import { callsFromPayload, callsToPayload, type ExecutedCall, type ToolCallSpec } from "./tool-call.js";
import { validCall } from "./valid-arguments.js";

/** Chooses what an agent does: the one way from candidates to a decision and its steps. */
export class CallDecider<S extends object = MessagesState> {
  readonly describedBy: string;
  readonly #options: DecisionOptions<S>;

  constructor(options: DecisionOptions<S>) {
    if (!options.policy || typeof options.candidates !== "function") {
      throw new JitRLError(
        "invalid-input",
        "Expected { policy, candidates }: a policy of createPolicy, and a source of candidates such as functionCandidates.",
      );
    }
    this.#options = options;
    this.describedBy = options.describedBy ?? (options.describeState ? "custom" : MESSAGES_FEATURES);
  }

  /**
   * Weighs the agent's own call against the alternatives. Several calls at once stand, each a parallel step.
   * Whatever fails, the agent's own calls stand.
   *
   * @param state without the agent's own call
   */
  async weigh(state: S, own: readonly ExecutedCall[], context: DecisionContext): Promise<Decided> {
    try {
      const situation = this.#situation(state, context);
      const [only] = own;
      if (!only || own.length > 1) {
        return { steps: own.map((call) => stepOf(situation, call, "base")) };
      }
      return await this.#survive(context, [stepOf(situation, only, "fallback")], () =>
        this.#weighOne(situation, only),
      );
    } catch (error) {
      // A call of which not even its state or key can be told is no step: there is nothing to learn from.
      return this.#survived(error, context, []);
    }
  }

  /**
   * Chooses among what the source proposes, in the place of the agent's own call: the likeliest is the base action.
   *
   * @returns `undefined` where the source says that there is nothing to choose
   * @throws JitRLError `candidates-failed` where nothing that can be executed was proposed, and what the policy throws
   */
  async propose(
    state: S,
    context: DecisionContext,
  ): Promise<(Decided & { readonly execute: Execution }) | undefined> {
    const situation = this.#situation(state, context);
    const proposed = await this.#candidates(situation);
    if (proposed.length === 0) return undefined;
    const candidates = await this.#executable(proposed, situation);
    if (candidates.length === 0) {
      throw new JitRLError(
        "candidates-failed",
        `Expected a candidate that can be carried out now, found ${proposed.length} for tools that are not bound or with arguments that their schemas refuse.`,
      );
    }
    const decision = await this.#decide(situation, candidates);
    const execute = executionOf(decision.chosen);
    return { decision, execute, steps: [decidedStep(situation, execute, decision)] };
  }

  /** What the agent did without being weighed: calls, or an answer. Where not even their key can be told, nothing. */
  standing(
    state: S,
    own: readonly (ExecutedCall | Answer)[],
    chosenBy: ChosenBy,
    context: DecisionContext,
  ): Decided {
    try {
      const situation = this.#situation(state, context);
      return { steps: own.map((done) => stepOf(situation, done, chosenBy)) };
    } catch (error) {
      return this.#survived(error, context, []);
    }
  }

  /**
   * Chooses in a graph where only the candidates say what can be done.
   *
   * @throws JitRLError `candidates-failed`, and what the policy throws
   */
  async choose(state: S, context: DecisionContext): Promise<Decided & { readonly decision: Decision }> {
    const situation = this.#situation(state, context);
    const candidates = await this.#candidates(situation);
    if (candidates.length === 0) {
      throw new JitRLError(
        "candidates-failed",
        "Expected at least one candidate in this state, found an empty list. Route around the node where there is nothing to choose.",
      );
    }
    const decision = await this.#decide(situation, candidates);
    const { chosen, chosenBy } = decision;
    const { action, payload } = chosen;
    const kept = payload === undefined ? {} : { payload };
    return {
      decision,
      steps: [
        {
          state: situation.described,
          action,
          chosenBy,
          ...kept,
          ...situation.observation,
          decision: summarize(decision),
        },
      ],
    };
  }

  async #weighOne(situation: Situation<S>, own: ExecutedCall): Promise<Decided> {
    const { actionKey } = situation;
    const others = this.#isOff(situation, own)
      ? []
      : await this.#executable(await this.#candidates(situation, own), situation);
    const decision = await this.#decide(situation, withOwnCall(others, own, actionKey), actionKey(own));
    const { chosen, baseAction } = decision;
    const stands = chosen.action === baseAction;
    const execute = stands ? { calls: [own] } : executionOf(chosen);
    return {
      decision,
      steps: [decidedStep(situation, execute, decision)],
      ...(stands ? {} : { execute }),
    };
  }

  /** Where nothing may change and nothing is compared, alternatives would be asked for in vain. */
  #isOff({ config, actionKey }: Situation<S>, own: ExecutedCall): boolean {
    const [candidate] = withOwnCall([], own, actionKey);
    return this.#options.policy.modeFor(runInfoOf(config), candidate) === "off";
  }

  #situation(state: S, context: DecisionContext): Situation<S> {
    const { actionKey = toolCallKey, describeState } = this.#options;
    const { tools, earlier } = context;
    const key = bindActionKey(actionKey, { ...(tools ? { tools } : {}), state });
    const described = toState(
      describeState ? describeState(state) : describeMessages(messagesOf(state) ?? [], key, earlier),
    );
    return { ...context, state, described, actionKey: key, observation: this.#observed(state, context) };
  }

  async #candidates(situation: Situation<S>, call?: ToolCallSpec): Promise<readonly Candidate[]> {
    const { policy, candidates: source } = this.#options;
    const { state, tools, ask, actionKey, config, described } = situation;
    const neighbors = () => policy.neighbors(described, { describedBy: this.describedBy });
    try {
      const given = { ...(call ? { call } : {}), ...(tools ? { tools } : {}), ...(ask ? { ask } : {}) };
      return await source({ state, ...given, actionKey, neighbors, config });
    } catch (error) {
      throw isGraphBubbleUp(error) ? error : candidatesFailed(error);
    }
  }

  /**
   * The candidates that the agent could carry out: answers, and calls of tools that are bound now with arguments that
   * these take now.
   *
   * @throws JitRLError `invalid-candidates` for one that is neither
   */
  async #executable(candidates: readonly Candidate[], { tools, ask }: Situation<S>): Promise<Candidate[]> {
    const bound = tools && toolForms(tools).callable;
    const kept = await Promise.all(
      candidates.map(async ({ action, payload }) => {
        const answer = readAnswer(payload);
        // Without a model to ask, only an answer that is complete can be given.
        if (answer) return answer.text !== undefined || ask !== undefined;
        const calls = callsFromPayload(payload);
        if (!calls) {
          throw new JitRLError(
            "invalid-candidates",
            `Expected the candidate "${action}" to carry a complete tool call { name, args }: list it as { call }.`,
          );
        }
        if (!bound) return true;
        return (await Promise.all(calls.map((call) => validCall(call, bound)))).every(Boolean);
      }),
    );
    return candidates.filter((_, i) => kept[i]);
  }

  #decide(
    { described, earlier, config }: Situation<S>,
    candidates: readonly Candidate[],
    baseAction?: string,
  ): Promise<Decision> {
    return this.#options.policy.decide({
      state: described,
      candidates,
      ...(baseAction === undefined ? {} : { baseAction }),
      describedBy: this.describedBy,
      ...(earlier ? { earlier } : {}),
      run: runInfoOf(config),
    });
  }

  #observed(state: S, { config }: DecisionContext): { observation?: JsonValue } {
    try {
      const observation = this.#options.observe?.(state);
      return observation === undefined ? {} : { observation };
    } catch (error) {
      report(error, config, this.#options.onError);
      return {};
    }
  }

  async #survive(
    context: DecisionContext,
    steps: readonly NewStep[],
    decide: () => Promise<Decided>,
  ): Promise<Decided> {
    try {
      return await decide();
    } catch (error) {
      return this.#survived(error, context, steps);
    }
  }

  #survived(error: unknown, { config }: DecisionContext, steps: readonly NewStep[]): Decided {
    if (isGraphBubbleUp(error) || config.signal?.aborted) throw error;
    report(error, config, this.#options.onError);
    return { steps };
  }
}

interface Situation<S> extends DecisionContext {
  readonly state: S;
  readonly described: Step["state"];
  readonly actionKey: BoundActionKey;
  readonly observation: { readonly observation?: JsonValue };
}

function stepOf<S>(
  { described, actionKey, observation }: Situation<S>,
  done: ExecutedCall | Answer,
  chosenBy: ChosenBy,
): NewStep {
  const what =
    "name" in done
      ? { action: actionKey(done), payload: callsToPayload([done]) }
      : { action: ANSWER_ACTION, payload: answerPayload() };
  return { state: described, ...what, chosenBy, ...observation };
}

/** Its key is the candidate's, which a source may have chosen in its own way. */
function decidedStep<S>(
  { described, observation }: Situation<S>,
  execution: Execution,
  decision: Decision,
): NewStep {
  const { chosen, chosenBy } = decision;
  const payload = "calls" in execution ? callsToPayload(execution.calls) : answerPayload();
  const { action } = chosen;
  return { state: described, action, chosenBy, payload, ...observation, decision: summarize(decision) };
}

function executionOf({ payload }: Candidate): Execution {
  const answer = readAnswer(payload);
  return answer ? { answer } : { calls: callsFromPayload(payload) ?? [] };
}

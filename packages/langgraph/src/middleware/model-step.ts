import { JitRLError, type PolicyMode } from "@jitrl/core";
import { AIMessage, mergeUsageMetadata, type UsageMetadata } from "@langchain/core/messages";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import type { ModelRequest, WrapModelCallHandler } from "langchain";
import { toolForms } from "../bound-tool.js";
import type { ModelQuestion } from "../candidates.js";
import type { MessagesState } from "../channels.js";
import type { CallDecider } from "../decide-call.js";
import { metadataOf } from "../decision-metadata.js";
import type { Decided, DecisionContext, DecisionOptions } from "../decision-options.js";
import { report } from "../events.js";
import { executed, withoutText } from "../executed-message.js";
import { quietly } from "../quietly.js";
import { placeOf, recordDecided } from "../record-steps.js";
import { annotate } from "../rewrite-tool-call.js";
import { runInfoOf } from "../run-info.js";
import { toolFingerprints } from "../tool-fingerprint.js";
import type { TrajectoryState } from "../trajectory.js";
import { REFUSED } from "./collect-steps.js";
import { hidden } from "./hidden-calls.js";

/** What the agent's model, or an inner middleware, answers: with a response format it may be more than a message. */
type Response = Awaited<ReturnType<WrapModelCallHandler>>;

export interface ModelStepOptions<S extends object> extends DecisionOptions<S> {
  hideReplaced: boolean;
}

/** One step of the agent's model. */
export interface Step<S extends object> {
  readonly request: ModelRequest;
  readonly handler: WrapModelCallHandler;
  /** What functions of the user see of the agent's state. */
  readonly state: S;
  /** The run so far. */
  readonly held: TrajectoryState;
  /** Calls that were refused, where the agent was sent back to its model before any could be made. */
  readonly refused: readonly string[] | undefined;
  readonly config: LangGraphRunnableConfig;
}

/** Stands around the call of the agent's model: what comes out is the call to execute. */
export class ModelStep<S extends MessagesState> {
  readonly #options: ModelStepOptions<S>;
  readonly #decider: CallDecider<S>;
  /** Which run a call of the graph belongs to, by what lives exactly as long as that call. */
  readonly #runs = new WeakMap<object, string>();

  constructor(options: ModelStepOptions<S>, decider: CallDecider<S>) {
    this.#options = options;
    this.#decider = decider;
  }

  async run(step: Step<S>): Promise<Response> {
    const response = await this.#run(step);
    return step.refused ? annotated(response, { [REFUSED]: [...step.refused] }) : response;
  }

  #run(step: Step<S>): Promise<Response> {
    const mode = this.#options.policy.modeFor(runInfoOf(step.config));
    if (mode === "on" && this.#options.candidates.inPlaceOfCall) return this.#inPlace(step);
    return this.#weighed(step, mode);
  }

  /** The source asks the agent's model in the place of its own call. */
  async #inPlace(step: Step<S>): Promise<Response> {
    const { request, handler, state } = step;
    const answers: (AIMessage | undefined)[] = [];
    const context = this.#context(step, answers);
    const decided = await this.#survive(step, () =>
      this.#aside(step, (config) => this.#decider.propose(state, { ...context, config })),
    );
    if (!decided) return this.#made(step, await handler(request), "fallback");
    const { execute } = decided;
    if ("answer" in execute && (execute.answer.text === undefined || request.responseFormat)) {
      return this.#answered(step, decided);
    }
    const given = answers.filter((answer) => answer !== undefined);
    const proposal = withoutText(given.at(-1) ?? new AIMessage(""), usageOf(given));
    const { message, ...placed } = executed(proposal, decided);
    return this.#recorded(step, placed, message);
  }

  /** Answering is chosen, but the answer is still to be had: as the agent would have given it, in a stream. */
  async #answered(step: Step<S>, decided: Decided): Promise<Response> {
    const { request, handler } = step;
    // A response format may be a tool, which the model must be free to call.
    const answering = request.responseFormat ? request : { ...request, toolChoice: "none" as const };
    const response = await handler(answering);
    if (this.#callsOf(step, response).length > 0) return this.#made(step, response, "fallback");
    return this.#recorded(step, decided, response);
  }

  /** The agent makes its own call, which is then weighed. */
  async #weighed(step: Step<S>, mode: PolicyMode): Promise<Response> {
    const { request, handler, state } = step;
    const hides = mode === "on" && this.#options.hideReplaced;
    const own = hides ? await hidden(step.config, async () => handler(request)) : await handler(request);
    const calls = this.#callsOf(step, own);
    if (mode === "off" || calls.length === 0) return this.#made(step, own, "base");
    const decided = await this.#survive(step, () =>
      this.#aside(step, (config) => this.#decider.weigh(state, calls, { ...this.#context(step), config })),
    );
    if (!decided || decided.steps.length === 0) return own;
    // Nobody has seen what the model said beside a call that was hidden, and it was said of that call.
    const { message, ...placed } = executed(hides && decided.execute ? withoutText(own) : own, decided);
    return this.#recorded(step, placed, message);
  }

  /** What the agent did by itself is learned from as well: calls, and answers where those are weighed too. */
  #made(step: Step<S>, response: Response, chosenBy: "base" | "fallback"): Promise<Response> | Response {
    const calls = this.#callsOf(step, response);
    const answers = this.#options.candidates.inPlaceOfCall && isAnswer(response);
    const done = answers ? [{}] : calls;
    if (done.length === 0) return response;
    const decided = this.#decider.standing(step.state, done, chosenBy, this.#context(step));
    return decided.steps.length === 0 ? response : this.#recorded(step, decided, response);
  }

  /** Puts the steps on the message, since no state can be written from here. */
  async #recorded(step: Step<S>, decided: Decided, response: Response): Promise<Response> {
    const recorded = await this.#survive(step, async () => {
      const { held, config, state } = step;
      const begin = { describedBy: this.#decider.describedBy, now: this.#options.now ?? Date.now };
      const { writer } = config;
      const jitrlRun = writer && this.#runs.get(writer);
      const own = { jitrl: held, ...(jitrlRun === undefined ? {} : { jitrlRun }) };
      const { onError } = this.#options;
      const place = await placeOf(own, state.messages, (error) => report(error, config, onError), config);
      const result = await recordDecided(decided, place, begin, onError, config);
      if (writer) this.#runs.set(writer, result.trajectory.episodeId);
      return result;
    });
    if (!recorded) return response;
    const fingerprints = toolFingerprints(step.request.tools);
    return annotated(response, { jitrl: { ...metadataOf(recorded, decided, true), fingerprints } });
  }

  /** The calls of the agent's own tools. With any other among them, such as one that carries a structured answer, none. */
  #callsOf({ request }: Step<S>, response: unknown) {
    if (!AIMessage.isInstance(response)) return [];
    const bound = toolForms(request.tools).callable;
    const calls = response.tool_calls ?? [];
    return calls.every(({ name }) => bound.has(name)) ? calls : [];
  }

  /** @param answers where what the agent's model answers is put, in the order in which it was asked */
  #context(step: Step<S>, answers: (AIMessage | undefined)[] = []): DecisionContext {
    const { request, config, held } = step;
    return {
      tools: request.tools,
      earlier: held.current?.steps ?? [],
      config,
      ask: async (question) => {
        const place = answers.push(undefined) - 1;
        const response: unknown = await this.#ask(step, question);
        if (!AIMessage.isInstance(response)) {
          throw new JitRLError("candidates-failed", "Expected the model to answer with a message.");
        }
        answers[place] = response;
        return response;
      },
    };
  }

  #ask({ request, handler }: Step<S>, { messages, tools, toolChoice }: ModelQuestion) {
    return handler({
      ...withoutFormat(request),
      ...(messages ? { messages } : {}),
      ...(tools ? { tools: [...tools] } : {}),
      ...(toolChoice ? { toolChoice: choiceOf(toolChoice) } : {}),
    });
  }

  /** Runs what is asked only to decide: no model that it calls shows in the stream. */
  #aside<T>({ config }: Step<S>, run: (config: LangGraphRunnableConfig) => Promise<T>): Promise<T> {
    return hidden(config, () => quietly(config, run));
  }

  async #survive<T>({ config }: Step<S>, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (isGraphBubbleUp(error) || config.signal?.aborted) throw error;
      report(error, config, this.#options.onError);
      return undefined;
    }
  }
}

/** What all answers cost together: one message stands for them. */
function usageOf(answers: readonly AIMessage[]): UsageMetadata | undefined {
  return answers
    .flatMap(({ usage_metadata }) => usage_metadata ?? [])
    .reduce<UsageMetadata | undefined>(
      (sum, usage) => (sum ? mergeUsageMetadata(sum, usage) : usage),
      undefined,
    );
}

/** `undefined` would mean the agent's own format, which is not the one of a question that is asked to decide. */
function withoutFormat(request: ModelRequest): ModelRequest {
  const none: { responseFormat?: unknown } = { responseFormat: null };
  return Object.assign({}, request, none);
}

/** A structured answer stands beside the messages that carry it. */
function isStructured(response: unknown): response is { readonly messages: readonly unknown[] } {
  return (
    typeof response === "object" &&
    response !== null &&
    "structuredResponse" in response &&
    "messages" in response &&
    Array.isArray(response.messages)
  );
}

function isAnswer(response: unknown): boolean {
  return AIMessage.isInstance(response) ? (response.tool_calls ?? []).length === 0 : isStructured(response);
}

/** The response with more metadata on the agent's message. */
function annotated(response: Response, metadata: Record<string, unknown>): Response {
  const given: unknown = response;
  if (!isStructured(given)) return annotate(response, metadata);
  const [first, ...rest] = given.messages;
  const messages = AIMessage.isInstance(first) ? [annotate(first, metadata), ...rest] : given.messages;
  return Object.assign({}, response, { messages });
}

/**
 * A tool is demanded by its bare name, which langchain's type leaves out: it is the one form that all clients take.
 * ChatAnthropic, ChatGoogle and ChatGoogleGenerativeAI send on, misread or ignore the form of OpenAI.
 */
function choiceOf(choice: NonNullable<ModelQuestion["toolChoice"]>): NonNullable<ModelRequest["toolChoice"]> {
  return typeof choice === "string" ? choice : (choice.function.name as "required");
}

import { type Candidate, JitRLError, type JsonValue, logitsFromFrequencies } from "@jitrl/core";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { isGraphBubbleUp } from "@langchain/langgraph";
import { joinedKey } from "./action-key.js";
import { ANSWER_ACTION, answerPayload } from "./answer.js";
import { type BoundTool, type ToolForm, toolForms } from "./bound-tool.js";
import type { CandidateRequest, CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import { messagesOf } from "./messages-of.js";
import { callsToPayload } from "./tool-call.js";
import { unstreamed } from "./unstreamed.js";
import { validCall } from "./valid-arguments.js";

/** What a chat model is sampled by. */
export type SampledModel = Pick<BaseChatModel, "bindTools" | "generate">;

export interface SampledCandidatesOptions {
  /**
   * Is asked what it would do, besides the agent's own call. A model with a setting `n` > 1, such as
   * `new ChatOpenAI({ n: 5 })`, gives that many completions to one request, and reads the prompt once.
   *
   * @default none: the agent's own model is asked in the place of its call, which the middleware makes possible
   */
  model?: SampledModel;
  /** The tools that are bound to the agent, for where they are not known from the agent itself: in a graph of your own. @default the tools that are bound at this step */
  tools?: readonly BoundTool[];
  /** How often the model is asked; in a graph of your own besides the agent's own call. An integer ≥ 1, in the middleware ≥ 2. @default 5 */
  count?: number;
  /** With `model`: what it is asked with, such as your agent's system prompt before the messages. @default the messages of the state */
  prompt?: (messages: readonly BaseMessage[]) => BaseMessage[];
}

/**
 * Candidates that a model comes up with when it is asked several times what it would do; how often it did is the
 * logit, so that `softmax` of the logits is each action's share. Equal actions are one candidate.
 *
 * - In the middleware, without `model`: the agent's model is asked `count` times at once in the place of its own call,
 *   so a step costs `count` calls. The most frequent action is the base action, the one sampled first where several
 *   are.
 * - With `model`, in graphs of your own: `count` samples besides the agent's own call, which counts as one more.
 *
 * The samples must differ to be of any use: a temperature of 0 gives the same one each time, and is refused where it
 * can be seen. Calls that the bound tools would not take are left out, and so are samples that fail, as long as there
 * is one that does not.
 *
 * @throws JitRLError `candidates-failed` where no sample can be used; `invalid-input` for options or a place in which
 * it cannot work
 */
export function sampledCandidates<S extends object = MessagesState>(
  options: SampledCandidatesOptions = {},
): CandidateSource<S> {
  const { model, tools, count = 5, prompt = (messages) => [...messages] } = options;
  const least = model ? 1 : 2;
  if (!Number.isInteger(count) || count < least)
    throw new JitRLError("invalid-input", `Expected count to be an integer ≥ ${least}, found ${count}.`);
  if (model && "temperature" in model && model.temperature === 0) {
    throw new JitRLError(
      "invalid-input",
      "Expected a model whose samples differ, found one with a temperature of 0. Give this model a higher one, such as 1.",
    );
  }
  if (!model) {
    return Object.assign(
      async (request: CandidateRequest<S>) => {
        const samples = await fromAgent(request, count);
        return sampled(samples, request, request.tools ?? tools);
      },
      { inPlaceOfCall: true },
    );
  }
  return async (request) => {
    const bound = request.tools ?? tools;
    const messages = messagesOf(request.state);
    if (!bound?.length || !messages) {
      throw new JitRLError(
        "invalid-input",
        "sampledCandidates ask a model with the messages and the tools of the agent: in a graph of your own give the option tools; in one without messages use functionCandidates.",
      );
    }
    const samples = await fromModel(model, prompt(messages), bound, count, request.config);
    return sampled(samples, request, bound);
  };
}

async function fromAgent<S>({ ask, config }: CandidateRequest<S>, count: number): Promise<BaseMessage[]> {
  if (!ask) {
    throw new JitRLError(
      "invalid-input",
      "sampledCandidates without a model ask the agent's own, which only jitrlMiddleware makes possible. In a graph of your own give them a model: sampledCandidates({ model, tools }).",
    );
  }
  config.signal?.throwIfAborted();
  const asked = await settled(
    Array.from({ length: count }, () => ask({})),
    config,
  );
  return asked;
}

/** In one request where the model gives several completions to one, else at once in several. */
async function fromModel(
  model: SampledModel,
  messages: BaseMessage[],
  tools: readonly BoundTool[],
  count: number,
  config: RunnableConfig,
): Promise<BaseMessage[]> {
  config.signal?.throwIfAborted();
  const options = { ...unstreamed(config), runName: "jitrl:candidates", tools: [...tools] };
  const request = async () => {
    const { generations } = await model.generate([messages], options);
    return (generations[0] ?? []).flatMap((generation) =>
      "message" in generation && AIMessage.isInstance(generation.message) ? [generation.message] : [],
    );
  };
  const several = "n" in model && typeof model.n === "number" && model.n > 1;
  if (!several) return (await settled(Array.from({ length: count }, request), config)).flat();
  // Some clients have the setting, but an API that gives one completion all the same.
  const first = await request();
  const left = Math.ceil((count - first.length) / Math.max(1, first.length));
  if (left <= 0) return first.slice(0, count);
  const more = await settled([Promise.resolve(first), ...Array.from({ length: left }, request)], config);
  return more.flat().slice(0, count);
}

/** What succeeded, in order; the first failure where nothing did, or where the run was aborted. */
async function settled<T>(asked: readonly Promise<T>[], { signal }: RunnableConfig): Promise<T[]> {
  const results = await Promise.allSettled(asked);
  signal?.throwIfAborted();
  const failures = results.flatMap((result): unknown[] =>
    result.status === "rejected" ? [result.reason] : [],
  );
  const bubbling = failures.find((reason) => isGraphBubbleUp(reason));
  if (bubbling !== undefined) throw bubbling;
  if (failures.length === results.length) throw failures[0];
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** The samples as candidates, the most frequent first; the agent's own call, where there is one, is a sample too. */
async function sampled<S>(
  samples: readonly BaseMessage[],
  { call, actionKey }: CandidateRequest<S>,
  tools: readonly BoundTool[] = [],
): Promise<Candidate[]> {
  const { callable } = toolForms(tools);
  const actions = await Promise.all(samples.map((sample) => actionOf(sample, callable, actionKey)));
  const usable = actions.filter((action) => action !== undefined);
  if (usable.length === 0) {
    throw new JitRLError(
      "candidates-failed",
      `Expected the model to do something that can be carried out, found ${samples.length} samples and none of them can.`,
    );
  }
  const own = call ? [{ action: actionKey(call), payload: callsToPayload([call]) }] : [];
  const counted = new Map<string, Sampled & { readonly count: number }>();
  for (const action of [...own, ...usable]) {
    const held = counted.get(action.action);
    counted.set(action.action, held ? { ...held, count: held.count + 1 } : { ...action, count: 1 });
  }
  const listed = [...counted.values()].sort((a, b) => b.count - a.count);
  const logits = logitsFromFrequencies(listed.map(({ count }) => count));
  return listed.map(({ action, payload }, i) => ({ action, payload, logit: logits[i]! }));
}

interface Sampled {
  readonly action: string;
  readonly payload: JsonValue;
}

/** What a sample does: a call, several at once, or an answer; nothing where it cannot be carried out. */
async function actionOf<S>(
  sample: BaseMessage,
  tools: ReadonlyMap<string, ToolForm>,
  actionKey: CandidateRequest<S>["actionKey"],
): Promise<Sampled | undefined> {
  if (!AIMessage.isInstance(sample) || (sample.invalid_tool_calls ?? []).length > 0) return undefined;
  const calls = (sample.tool_calls ?? []).map(({ name, args }) => ({ name, args }));
  if (calls.length === 0) {
    return sample.text.trim() === ""
      ? undefined
      : { action: ANSWER_ACTION, payload: answerPayload(sample.text) };
  }
  const valid = await Promise.all(calls.map((one) => validCall(one, tools)));
  if (!valid.every(Boolean)) return undefined;
  return { action: joinedKey(calls, actionKey), payload: callsToPayload(calls) };
}

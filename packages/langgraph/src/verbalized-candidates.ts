import { type Candidate, JitRLError } from "@jitrl/core";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessage } from "@langchain/core/messages";
import type { BoundActionKey } from "./action-key.js";
import { type BoundTool, toolForms } from "./bound-tool.js";
import type { CandidateRequest, CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import { messagesOf } from "./messages-of.js";
import { alternativesPrompt, alternativesSchema, proposingTool } from "./proposal-forms.js";
import {
  type AnswerMode,
  mergeProposals,
  type Proposal,
  parsed,
  proposedCandidates,
  readProposals,
  readScore,
  validProposals,
} from "./proposals.js";
import type { ToolCallSpec } from "./tool-call.js";
import { unstreamed } from "./unstreamed.js";

export interface VerbalizedCandidatesOptions {
  /**
   * Is asked for alternatives to the agent's own call, after it was made: one model call a step more. Any chat model
   * with structured output; log-probabilities are not needed.
   *
   * @default none: the agent's own model is asked in the place of its call, which the middleware makes possible
   */
  model?: Pick<BaseChatModel, "withStructuredOutput">;
  /**
   * The tools that are bound to the agent, for where they are not known from the agent itself: in a graph of your own.
   * A proposal for another tool, or with arguments that its schema refuses, is dropped.
   *
   * @default the tools that are bound at this step
   */
  tools?: readonly BoundTool[];
  /** Most tool calls that are proposed, besides the agent's own call or the answer; an integer ≥ 1. @default 3 */
  count?: number;
  /** What else the model should know when it scores, as a sentence or two. */
  instructions?: string;
  /**
   * How the user is answered, where the agent's model is asked in the place of its call. `"inline"`: the text of the
   * answer is part of the proposal, so that no step costs a call more, but the answer is not streamed. `"stream"`: once
   * answering is chosen the agent's model is asked for the answer, one call more on steps that answer.
   *
   * @default "inline"
   */
  answer?: AnswerMode;
}

/**
 * Candidates with scores of 0 to 100 that a model writes down; `softmax` of their logits is each score's share.
 *
 * - In the middleware, without `model`: one call in the place of the agent's own, with the agent's own messages, in
 *   which its model must propose complete next steps. A step is one tool call, or several that are made at once, which
 *   are then one action; or the answer to the user. Models that cannot be made to call a tool (some that think first)
 *   cannot be asked in this way.
 * - With `model`, in graphs of your own: a call besides the agent's, that scores the agent's own tool call and
 *   proposes alternatives to it.
 *
 * Proposals without a readable score, for tools that are not bound, with arguments that the tool's schema refuses, or
 * of another form are left out. Scores beyond the scale are read as its ends; those of one action add up; where all
 * are 0, all are equal.
 *
 * @throws JitRLError `candidates-failed` where nothing of what the model answers can be used; `invalid-input` for
 * options or a place in which it cannot work
 */
export function verbalizedCandidates<S extends object = MessagesState>(
  options: VerbalizedCandidatesOptions = {},
): CandidateSource<S> {
  const { model, tools, count = 3, instructions = "", answer = "inline" } = options;
  if (tools?.length === 0)
    throw new JitRLError("invalid-input", "Expected the tools that are bound to the agent, found none.");
  if (!Number.isInteger(count) || count < 1)
    throw new JitRLError("invalid-input", `Expected count to be an integer ≥ 1, found ${count}.`);
  if (answer !== "inline" && answer !== "stream")
    throw new JitRLError("invalid-input", `Expected answer to be "inline" or "stream", found ${answer}.`);
  const settings = { tools, count, instructions, answer };
  if (model) return (request) => alternatives(model, request, settings);
  return Object.assign((request: CandidateRequest<S>) => proposals(request, settings), {
    inPlaceOfCall: true,
  });
}

interface Settings {
  readonly tools: readonly BoundTool[] | undefined;
  readonly count: number;
  readonly instructions: string;
  readonly answer: AnswerMode;
}

/** Asks the agent's model what it would do, in the place of letting it do so. */
async function proposals<S extends object>(
  { ask, actionKey, config, ...request }: CandidateRequest<S>,
  { tools = [], count, instructions, answer }: Settings,
): Promise<Candidate[]> {
  if (!ask) {
    throw new JitRLError(
      "invalid-input",
      "verbalizedCandidates without a model ask the agent's own, which only jitrlMiddleware makes possible. In a graph of your own give them a model: verbalizedCandidates({ model, tools }).",
    );
  }
  const { callable, others } = toolForms(request.tools ?? tools);
  if (others.length > 0) {
    throw new JitRLError(
      "candidates-failed",
      `The agent has tools that its provider runs itself (${others.join(", ")}): they cannot be proposed, only used. Let candidates come from another source, such as sampledCandidates.`,
    );
  }
  // Without tools there is nothing to choose: the agent answers as ever, in a stream.
  if (callable.size === 0) return [];
  config.signal?.throwIfAborted();
  const name = freeName("propose_next_steps", callable);
  const form = { tools: [...callable.values()], count, instructions };
  const message = await ask({
    tools: [proposingTool(name, form, answer)],
    toolChoice: { type: "function", function: { name } },
  });
  const listed = listedProposals(message, name);
  const valid = await validProposals(readProposals(listed, answer), callable);
  if (valid.length === 0) {
    throw new JitRLError(
      "candidates-failed",
      `Expected the model to propose a next step that can be carried out, found ${listed.length} proposals and none of them can.`,
    );
  }
  const merged = mergeProposals(valid, actionKey);
  const calls = merged.filter(({ proposal }) => !proposal.answer).slice(0, count);
  return proposedCandidates(merged.filter((action) => action.proposal.answer || calls.includes(action)));
}

/** What the model wrote as proposals; if it called the tool more than once, all of it. */
function listedProposals({ tool_calls = [], invalid_tool_calls = [] }: AIMessage, name: string): unknown[] {
  const lists = tool_calls.flatMap((call): unknown[][] => {
    const { proposals }: Record<string, unknown> = call.name === name ? call.args : {};
    const list = parsed(proposals);
    return Array.isArray(list) ? [list] : [];
  });
  if (lists.length > 0) return lists.flat();
  const found =
    invalid_tool_calls.length > 0
      ? "a call that is no JSON, perhaps cut off by a limit of tokens"
      : tool_calls.length > 0
        ? "a call without them, or of another tool"
        : "no call";
  throw new JitRLError(
    "candidates-failed",
    `Expected the model to call ${name} with { proposals }, found ${found}.`,
  );
}

/** A name that none of the agent's tools has. */
function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  return taken.has(name) ? freeName(`${name}_`, taken) : name;
}

/** Asks a model to score the agent's own call and to propose others. */
async function alternatives<S extends object>(
  model: Pick<BaseChatModel, "withStructuredOutput">,
  { state, call, actionKey, config, ...request }: CandidateRequest<S>,
  { tools, count, instructions }: Settings,
): Promise<Candidate[]> {
  if (!call)
    throw new JitRLError(
      "invalid-input",
      "verbalizedCandidates with a model propose alternatives to the agent's tool call, and there is none. In a graph without tool calls use functionCandidates.",
    );
  const { callable } = toolForms(request.tools ?? tools ?? []);
  if (callable.size === 0)
    throw new JitRLError(
      "invalid-input",
      "Expected the tools that are bound to the agent, found none: give them, as verbalizedCandidates({ model, tools }).",
    );
  config.signal?.throwIfAborted();
  const form = { tools: [...callable.values()], count, instructions };
  const scorer = model.withStructuredOutput(alternativesSchema(form), { name: "propose_calls" });
  const prompt = alternativesPrompt(form, messagesOf(state) ?? [], call);
  const answer: unknown = await scorer.invoke(prompt, { ...unstreamed(config), runName: "jitrl:candidates" });
  const { own, proposals } = readAlternatives(answer);
  return proposedCandidates(scored(call, own, await validProposals(proposals, callable), count, actionKey));
}

/** The agent's own call, with its own arguments, before the best alternatives. */
function scored(
  call: ToolCallSpec,
  own: number | undefined,
  proposals: readonly Proposal[],
  count: number,
  actionKey: BoundActionKey,
) {
  const merged = mergeProposals(proposals, actionKey);
  const action = actionKey(call);
  const listed = merged.find((one) => one.action === action);
  const others = merged.filter((one) => one !== listed).slice(0, count);
  // The agent chose its call: where the model did not score it, it counts as much as the best alternative.
  const score = own ?? listed?.proposal.score ?? Math.max(1, others[0]?.proposal.score ?? 0);
  return [{ action, proposal: { calls: [call], score } }, ...others];
}

function readAlternatives(answer: unknown): { own: number | undefined; proposals: Proposal[] } {
  if (
    typeof answer !== "object" ||
    answer === null ||
    !("alternatives" in answer) ||
    !Array.isArray(answer.alternatives)
  ) {
    throw new JitRLError(
      "candidates-failed",
      "Expected the model to answer with { own_score, alternatives }, found something else.",
    );
  }
  const own = "own_score" in answer ? readScore(answer.own_score) : undefined;
  // Alternatives to one call are single calls.
  const proposals = readProposals(answer.alternatives).filter(({ calls }) => calls.length === 1);
  return { own, proposals };
}

import { type Candidate, JitRLError, logitsFromScores } from "@jitrl/core";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import type { CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import { messagesOf } from "./messages-of.js";
import { type ActionKey, type ToolCallSpec, toPayload } from "./tool-call.js";
import { validArguments } from "./valid-arguments.js";

export interface VerbalizedCandidatesOptions {
  /** Any chat model with structured output; log-probabilities are not needed. */
  model: Pick<BaseChatModel, "withStructuredOutput">;
  /** The tools that are bound to the agent. A proposal for another tool, or with arguments that its schema refuses, is dropped. */
  tools: readonly StructuredToolInterface[];
  /** Most calls besides the agent's own, an integer ≥ 1. @default 3 */
  count?: number;
  /** What else the model should know when it scores, as a sentence or two. */
  instructions?: string;
}

/**
 * Asks the model once for complete tool calls with scores of 0 to 100, the agent's own call among them; `softmax` of
 * the logits is each score's share. It costs one model call a step, besides the agent's own.
 */
export function verbalizedCandidates<S extends object = MessagesState>(
  options: VerbalizedCandidatesOptions,
): CandidateSource<S> {
  const { model, tools, count = 3, instructions = "" } = options;
  if (tools.length === 0)
    throw new JitRLError("invalid-input", "Expected the tools that are bound to the agent, found none.");
  if (!Number.isInteger(count) || count < 1)
    throw new JitRLError("invalid-input", `Expected count to be an integer ≥ 1, found ${count}.`);
  const scorer = model.withStructuredOutput(proposalSchema(tools), { name: "propose_calls" });
  const byName = new Map(tools.map((tool) => [tool.name, tool]));

  return async ({ state, call, actionKey, config }) => {
    if (!call)
      throw new JitRLError(
        "invalid-input",
        "verbalizedCandidates propose alternatives to the agent's tool call, and there is none. In a graph without tool calls use functionCandidates.",
      );
    const prompt = promptFor(messagesOf(state) ?? [], call, tools, count, instructions);
    const answer: unknown = await scorer.invoke(prompt, { ...config, runName: "jitrl:candidates" });
    const { own, proposals } = readAnswer(answer);
    const valid: Proposal[] = [];
    for (const proposal of proposals) {
      const tool = byName.get(proposal.call.name);
      if (tool && (await validArguments(tool, proposal.call.args))) valid.push(proposal);
    }
    return scored(call, own, valid, count, actionKey);
  };
}

interface Proposal {
  readonly call: ToolCallSpec;
  readonly score: number;
}

/** Calls with one key are one candidate, whose scores add up; the agent's own call keeps its own arguments. */
function scored(
  call: ToolCallSpec,
  own: number | undefined,
  proposals: readonly Proposal[],
  count: number,
  actionKey: ActionKey,
): Candidate[] {
  const merged = new Map<string, Proposal>();
  for (const proposal of proposals) {
    const key = actionKey(proposal.call);
    const held = merged.get(key);
    merged.set(key, held ? { ...held, score: Math.min(100, held.score + proposal.score) } : proposal);
  }
  const ownKey = actionKey(call);
  const listed = merged.get(ownKey)?.score;
  merged.delete(ownKey);
  const others = [...merged].sort(([, a], [, b]) => b.score - a.score).slice(0, count);
  // The agent chose its call: where the model did not score it, it counts as much as the best alternative.
  const ownScore = own ?? listed ?? Math.max(1, others[0]?.[1].score ?? 0);
  const logits = logitsFromScores([ownScore, ...others.map(([, { score }]) => score)]);
  return [[ownKey, { call }] as const, ...others].map(([action, proposal], i) => ({
    action,
    logit: logits[i]!,
    payload: toPayload(proposal.call),
  }));
}

function proposalSchema(tools: readonly StructuredToolInterface[]) {
  const score = { type: "number", description: "0 to 100: how likely this is the right next call" };
  return {
    title: "propose_calls",
    description: "Scores the agent's call and proposes alternatives.",
    type: "object",
    additionalProperties: false,
    required: ["own_score", "alternatives"],
    properties: {
      own_score: { ...score, description: "0 to 100: how likely the agent's own call is the right next one" },
      alternatives: {
        type: "array",
        items: {
          type: "object",
          additionalProperties: false,
          required: ["tool", "arguments", "score"],
          properties: {
            tool: { type: "string", enum: tools.map(({ name }) => name) },
            arguments: { type: "string", description: "the arguments, as a JSON object" },
            score,
          },
        },
      },
    },
  };
}

function promptFor(
  messages: readonly BaseMessage[],
  call: ToolCallSpec,
  tools: readonly StructuredToolInterface[],
  count: number,
  instructions: string,
): string {
  const described = tools.map(
    ({ name, description, schema }) =>
      `- ${name}: ${description}\n  arguments: ${JSON.stringify(toJsonSchema(schema))}`,
  );
  return [
    "You judge what an agent should do next. Below are its tools, the conversation so far, and the tool call that it is about to make.",
    `Score that call from 0 to 100 by how likely it is the right next step, and propose up to ${count} other complete calls with scores on the same scale. Propose only calls that make sense now, with arguments taken from the conversation. Be honest: equal chances get equal scores.`,
    ...(instructions ? [instructions] : []),
    `# Tools\n${described.join("\n")}`,
    `# Conversation\n${transcript(messages)}`,
    `# The agent's call\n${call.name} ${JSON.stringify(call.args)}`,
  ].join("\n\n");
}

/** As one text rather than as messages: providers differ in which sequences of roles they accept. */
function transcript(messages: readonly BaseMessage[]): string {
  return messages
    .map((message) => {
      const calls = AIMessage.isInstance(message)
        ? (message.tool_calls ?? []).map(({ name, args }) => `[calls ${name} ${JSON.stringify(args)}]`)
        : [];
      const speaker = ToolMessage.isInstance(message) ? `tool ${message.name ?? ""}`.trim() : message.type;
      return `${speaker}: ${[message.text, ...calls].filter(Boolean).join(" ")}`;
    })
    .join("\n");
}

/** Reads what the model answered, leaving out what is not of the asked form. */
function readAnswer(answer: unknown): { own: number | undefined; proposals: Proposal[] } {
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
  const alternatives: readonly unknown[] = answer.alternatives;
  const own = "own_score" in answer ? readScore(answer.own_score) : undefined;
  const proposals = alternatives.flatMap((alternative): Proposal[] => {
    if (typeof alternative !== "object" || alternative === null) return [];
    const {
      tool,
      arguments: text,
      score,
    } = alternative as { tool?: unknown; arguments?: unknown; score?: unknown };
    const value = readScore(score);
    const args = readArguments(text);
    return typeof tool === "string" && value !== undefined && args
      ? [{ call: { name: tool, args }, score: value }]
      : [];
  });
  return { own, proposals };
}

function readScore(score: unknown): number | undefined {
  const value = typeof score === "string" && score.trim() !== "" ? Number(score) : score;
  return typeof value === "number" && Number.isFinite(value) ? Math.min(100, Math.max(0, value)) : undefined;
}

function readArguments(text: unknown): Record<string, unknown> | undefined {
  let args: unknown = text;
  if (typeof text === "string") {
    try {
      args = JSON.parse(text);
    } catch {
      return undefined;
    }
  }
  return typeof args === "object" && args !== null && !Array.isArray(args) ? { ...args } : undefined;
}

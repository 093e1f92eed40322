import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { ScriptedModel } from "../../examples/models/src/index.js";
import { StandInModel } from "../../examples/quickstart/src/index.js";

/** One request to a model. */
export interface CountedCall {
  /** Estimated tokens of the prompt: messages and tools. */
  readonly input: number;
  /** Estimated tokens of all that is answered. */
  readonly output: number;
}

type Tool = ReturnType<typeof convertToOpenAITool>;

export interface CountingModelOptions {
  readonly onCall: (call: CountedCall) => void;
  /** Completions to one request. @default 1 */
  readonly n?: number;
}

/**
 * The quickstart's stand-in behind a meter; without tools it answers with a letter and its log-probabilities, and as a
 * judge it scores all steps.
 */
export class CountingModel extends ScriptedModel {
  readonly n: number;
  readonly #onCall: (call: CountedCall) => void;
  readonly #standIn = new StandInModel();
  #made = 0;

  constructor({ onCall, n = 1 }: CountingModelOptions) {
    super();
    this.#onCall = onCall;
    this.n = n;
  }

  override _llmType(): string {
    return "counting";
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    const tools = (options.tools ?? []).map((tool) =>
      "function" in tool
        ? (tool as Tool)
        : convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0]),
    );
    const message = await this.#answer(messages, tools);
    const input = [...messages.map(written), ...tools.map((tool) => JSON.stringify(tool.function))];
    this.#onCall({
      input: sum(input.map(estimatedTokens)),
      output: this.n * estimatedTokens(written(message)),
    });
    const generation = { text: message.text, message };
    return { generations: Array.from({ length: this.n }, () => generation) };
  }

  async #answer(messages: BaseMessage[], tools: readonly Tool[]): Promise<AIMessage> {
    if (tools.length === 0) return letter();
    if (tools.some((tool) => tool.function.name === "score_steps")) return scores(messages);
    const message = await this.#standIn.bindTools([...tools]).invoke(messages);
    return this.#withOwnIds(asksForAnswerLater(tools) ? withoutAnswers(message) : message);
  }

  /** Ids of one length, since judges read them: what was asked before must not count. */
  #withOwnIds(message: AIMessage): AIMessage {
    const tool_calls = (message.tool_calls ?? []).map((call) => ({
      ...call,
      id: `call_${String(++this.#made).padStart(4, "0")}`,
    }));
    return new AIMessageChunk({ content: message.content, tool_calls });
  }
}

/** What is sent of a message: its text, and its calls as JSON. */
function written(message: BaseMessage): string {
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  return [message.text, ...calls.map(({ name, args }) => JSON.stringify({ name, args }))].join("");
}

/** The same estimate everywhere: four characters a token. */
export function estimatedTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

function letter(): AIMessage {
  const top_logprobs = ["A", "B", "C"].map((token, i) => ({ token, logprob: -1 - i }));
  const logprobs = { content: [{ token: "A", logprob: -1, top_logprobs }] };
  return new AIMessage({ content: "A", response_metadata: { logprobs } });
}

/** One score and one reason for each step that is shown. */
function scores(messages: readonly BaseMessage[]): AIMessage {
  const shown = messages.at(-1)?.text.matchAll(/<step index="(\d+)"/g) ?? [];
  const listed = [...new Set([...shown].map(([, index]) => Number(index)))].map((step) => ({
    step,
    reason: "The order was looked up, and the ticket was resolved by what was found.",
    score: 0.5,
  }));
  const call = { id: "scores", name: "score_steps", args: { scores: listed }, type: "tool_call" as const };
  return new AIMessageChunk({ content: "", tool_calls: [call] });
}

/** True where a proposal says only whether it answers the user, and not yet how. */
function asksForAnswerLater(tools: readonly Tool[]): boolean {
  return tools.some(
    (tool) => tool.function.name === "propose_next_steps" && JSON.stringify(tool).includes('"boolean"'),
  );
}

function withoutAnswers(message: AIMessage): AIMessage {
  const calls = (message.tool_calls ?? []).map((call) => ({
    ...call,
    args: JSON.parse(JSON.stringify(call.args), (key, value) => (key === "answer" ? value !== "" : value)),
  }));
  return new AIMessageChunk({ content: message.content, tool_calls: calls });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

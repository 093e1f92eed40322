import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { RunnableConfig } from "@langchain/core/runnables";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph";
import { type AnyAgentMiddleware, createAgent } from "langchain";
import { type CandidateSource, functionCandidates } from "../src/index.js";
import { type JitRLMiddlewareOptions, jitrlMiddleware } from "../src/middleware/index.js";
import { type Experience, named, obey } from "./graphs.js";

/** What a model was asked. */
export interface Asked {
  readonly messages: readonly BaseMessage[];
  readonly tools: readonly string[];
  readonly toolChoice: unknown;
}

export interface ToolModelOptions {
  /** What it says, as a function of the messages. */
  readonly habit?: (messages: BaseMessage[], asked: Asked) => AIMessage;
  /** The tools that it proposes beside its habit right after the user spoke, each with a score of 20; its habit has 60. */
  readonly ideas?: readonly string[];
  /** What it writes when it is to propose. @default its habit and its ideas */
  readonly proposals?: (messages: BaseMessage[]) => unknown;
}

/** A chat model that knows its tools, streams word by word, and proposes next steps when it is made to. */
export class ToolModel extends BaseChatModel {
  readonly asked: Asked[];
  readonly options: ToolModelOptions;
  readonly tools: readonly string[];
  readonly toolChoice: unknown;

  constructor(
    options: ToolModelOptions = {},
    asked: Asked[] = [],
    tools: string[] = [],
    toolChoice?: unknown,
  ) {
    super({});
    this.options = options;
    this.asked = asked;
    this.tools = tools;
    this.toolChoice = toolChoice;
  }

  _llmType() {
    return "tools";
  }

  override bindTools(tools: object[], { tool_choice }: { tool_choice?: unknown } = {}) {
    const names = tools.map((tool) => nameOf(tool));
    return new ToolModel(this.options, this.asked, names, tool_choice);
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const message = this.#say(messages);
    return { generations: [{ text: message.text, message }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: unknown,
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { text, tool_calls = [] } = this.#say(messages);
    const tool_call_chunks = tool_calls.map(({ name, args, id }, index) => ({
      name,
      args: JSON.stringify(args),
      index,
      type: "tool_call_chunk" as const,
      ...(id === undefined ? {} : { id }),
    }));
    const words = text.split(/(?<= )/u).map((word) => new AIMessageChunk(word));
    const calls = new AIMessageChunk({ content: "", tool_call_chunks });
    for (const message of tool_calls.length > 0 ? [...words, calls] : words) {
      const chunk = new ChatGenerationChunk({ text: message.text, message });
      await run?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
      yield chunk;
    }
  }

  /** How often it was asked to propose. */
  get proposed(): number {
    return this.asked.filter(({ tools }) => tools.some(isProposing)).length;
  }

  #say(messages: BaseMessage[]): AIMessage {
    const asked = { messages, tools: this.tools, toolChoice: this.toolChoice };
    this.asked.push(asked);
    const { habit = obey, proposals } = this.options;
    const name = this.tools.find(isProposing);
    if (!name) return habit(messages, asked);
    const listed = proposals ? proposals(messages) : this.#proposals(messages);
    const call = { name, args: { proposals: listed }, id: `propose-${this.asked.length}` };
    return new AIMessage({ content: "Let me think.", tool_calls: [call] });
  }

  #proposals(messages: BaseMessage[]): unknown {
    const { habit = obey, ideas = [] } = this.options;
    const own = habit(messages, { messages, tools: this.tools, toolChoice: undefined });
    const calls = (own.tool_calls ?? []).map(({ name, args }) => ({
      tool: name,
      arguments: JSON.stringify(args),
    }));
    const first = messages.at(-1)?.type === "human";
    const others = (first ? ideas : []).map((tool) => ({
      calls: [{ tool, arguments: "{}" }],
      answer: "",
      score: 20,
    }));
    return [{ calls, answer: own.text, score: 60 }, ...others];
  }
}

function isProposing(name: string): boolean {
  return name.startsWith("propose_");
}

function nameOf(tool: object): string {
  if ("name" in tool && typeof tool.name === "string") return tool.name;
  return convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0]).function.name;
}

/** The tools a, b and c. */
export const abc = ["a", "b", "c"].map((name) => named(name));

/** All of a, b and c, equally likely. */
export const anyOfAbc: CandidateSource<object> = functionCandidates(() =>
  abc.map(({ name }) => ({ call: { name, args: {} } })),
);

export interface LearningAgentOptions {
  readonly experience: Experience;
  readonly model?: ToolModel;
  readonly tools?: Parameters<typeof createAgent>[0]["tools"];
  readonly jitrl?: Partial<JitRLMiddlewareOptions>;
  readonly beside?: readonly AnyAgentMiddleware[];
  readonly saver?: BaseCheckpointSaver;
}

/** An agent of createAgent that learns, with tools a, b and c. */
export function learningAgent({ experience, ...options }: LearningAgentOptions) {
  const {
    model = new ToolModel(),
    tools = abc,
    jitrl = {},
    beside = [],
    saver = new MemorySaver(),
  } = options;
  const learning = jitrlMiddleware({ policy: experience.policy, ...jitrl });
  return createAgent({ model, tools, middleware: [learning, ...beside], checkpointer: saver });
}

/** A message as a line: who, what was said, what was called. */
export function told(message: BaseMessage): string {
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []).map(({ name }) => `→${name}`) : [];
  return [`${message.type}:`, ...(message.text ? [message.text] : []), ...calls].join(" ");
}

/** Sends one message and tells what came after it. */
export async function converse(
  agent: {
    invoke(state: { messages: BaseMessage[] }, config: RunnableConfig): Promise<{ messages: BaseMessage[] }>;
  },
  text: string,
  config: RunnableConfig,
): Promise<string[]> {
  const { messages } = await agent.invoke({ messages: [new HumanMessage(text)] }, config);
  const asked = messages.findLastIndex(({ type }) => type === "human");
  return messages.slice(asked + 1).map(told);
}

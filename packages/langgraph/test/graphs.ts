import {
  createPolicy,
  type Episode,
  InMemoryExperienceStore,
  openMemory,
  type Policy,
  type PolicyOptions,
  seededRandom,
} from "@jitrl/core";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { type StructuredToolInterface, tool } from "@langchain/core/tools";
import {
  Annotation,
  type BaseCheckpointSaver,
  END,
  type LangGraphRunnableConfig,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { z } from "zod";
import {
  type CandidateSource,
  EvaluatorNode,
  type EvaluatorNodeOptions,
  functionCandidates,
  JitRLNode,
  type JitRLNodeOptions,
} from "../src/index.js";

export interface Experience {
  readonly store: InMemoryExperienceStore;
  readonly policy: Policy;
  /** All that is stored, in the order of arrival. */
  episodes(): Promise<Episode[]>;
}

/** A memory and a policy that weighs the agent's calls and leaves them as they are, unless options say otherwise. */
export async function experience(options: Partial<PolicyOptions> = {}): Promise<Experience> {
  const store = new InMemoryExperienceStore();
  const memory = await openMemory({ store });
  const policy = createPolicy({ memory, mode: "shadow", random: seededRandom(1), ...options });
  return { store, policy, episodes: () => scan(store) };
}

export async function scan(store: Pick<InMemoryExperienceStore, "scan">): Promise<Episode[]> {
  const episodes: Episode[] = [];
  for await (const episode of store.scan()) episodes.push(episode);
  return episodes;
}

/** An episode as a line: thread, end, its steps as `t:action` with a mark for who chose them, its rewards. */
export function line({ threadId, end, steps, rewards }: Episode): string {
  const taken = steps.map(({ t, action, chosenBy }) => `${t}:${action}${mark[chosenBy]}`).join(" ");
  const earned = rewards
    .map(({ step, value }) => `${step === undefined ? "" : `${step}:`}${value}`)
    .join(" ");
  return `${threadId ?? "-"} ${end} [${taken}] (${earned})`;
}

const mark = { base: "", policy: "*", fallback: "!", human: "?" };

/** The lines of all episodes, and a check that no two have one id. */
export async function lines({ episodes }: Experience): Promise<string[]> {
  const all = await episodes();
  const ids = new Set(all.map(({ id }) => id));
  if (ids.size !== all.length) throw new Error(`Two of ${all.length} episodes have one id.`);
  return all.map(line);
}

export function onThread(id: string) {
  return { configurable: { thread_id: id } };
}

/** A chat model whose answer is a function of the messages. */
export class HabitModel extends BaseChatModel {
  calls = 0;
  readonly habit: (messages: BaseMessage[]) => AIMessage;

  constructor(habit: (messages: BaseMessage[]) => AIMessage) {
    super({});
    this.habit = habit;
  }

  _llmType() {
    return "habit";
  }

  override bindTools() {
    return this;
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.calls++;
    const message = this.habit(messages);
    return { generations: [{ text: message.text, message }] };
  }
}

let callId = 0;

/** An AI message that calls tools without arguments. */
export function calling(...names: string[]): AIMessage {
  const tool_calls = names.map((name) => ({
    name,
    args: {},
    id: `call-${callId++}`,
    type: "tool_call" as const,
  }));
  return new AIMessage({ content: "", tool_calls });
}

/**
 * Does what the user says, one word a turn: "a b" calls the tools a and b, one after the other, and then answers.
 * "a+b" calls both at once.
 */
export function obey(messages: BaseMessage[]): AIMessage {
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const words = (messages[asked]?.text ?? "").split(" ");
  const done = messages.slice(asked + 1).filter((message) => AIMessage.isInstance(message)).length;
  const word = words[done];
  return word ? calling(...word.split("+")) : new AIMessage("done");
}

/** A tool without arguments that does nothing but what `run` does. */
export function named(
  name: string,
  run: (config: LangGraphRunnableConfig) => unknown = () => `${name} is done`,
): StructuredToolInterface {
  return tool(async (_input, config: LangGraphRunnableConfig) => run(config), {
    name,
    description: `Does ${name}.`,
    schema: z.object({}),
  });
}

/** A tool whose answer brings a reward in its artifact. */
export function rewarding(name: string, reward: () => unknown): StructuredToolInterface {
  return tool(async () => [`${name} is done`, { reward: reward() }], {
    name,
    description: `Does ${name}.`,
    schema: z.object({}),
    responseFormat: "content_and_artifact",
  });
}

export interface AgentOptions {
  readonly experience: Pick<Experience, "policy"> & Partial<Experience>;
  readonly saver?: BaseCheckpointSaver | false;
  readonly habit?: (messages: BaseMessage[]) => AIMessage;
  readonly tools?: readonly StructuredToolInterface[];
  readonly candidates?: CandidateSource<{ messages: BaseMessage[] }>;
  readonly jitrl?: Partial<JitRLNodeOptions>;
  readonly evaluator?: Partial<EvaluatorNodeOptions>;
  readonly interruptBefore?: readonly ("agent" | "jitrl" | "tools" | "evaluate")[];
  readonly interruptAfter?: readonly ("agent" | "jitrl" | "tools" | "evaluate")[];
}

/** A ReAct graph with the two nodes, whose tools are a, b and c unless given. */
export function agentGraph(options: AgentOptions) {
  const {
    experience,
    saver = new MemorySaver(),
    habit = obey,
    interruptBefore = [],
    interruptAfter = [],
  } = options;
  const { policy } = experience;
  const tools = [...(options.tools ?? ["a", "b", "c"].map((name) => named(name)))];
  const model = new HabitModel(habit);
  const candidates =
    options.candidates ?? functionCandidates(() => tools.map(({ name }) => ({ call: { name, args: {} } })));
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("jitrl", new JitRLNode({ policy, candidates, ...options.jitrl }), JitRLNode.options)
    .addNode("tools", new ToolNode(tools, { handleToolErrors: false }))
    .addNode("evaluate", new EvaluatorNode({ policy, ...options.evaluator }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END)
    .compile({
      ...(saver ? { checkpointer: saver } : {}),
      interruptBefore: [...interruptBefore],
      interruptAfter: [...interruptAfter],
    });
}

/** Input for {@link agentGraph}. */
export function say(text: string) {
  return { messages: [new HumanMessage(text)] };
}

/** State of a graph without messages: takes `todo` actions of those in `exits`. */
export const Walk = Annotation.Root({
  exits: Annotation<string[]>(),
  todo: Annotation<number>(),
  taken: Annotation<string[]>(),
});

export type WalkState = typeof Walk.State;

export interface WalkOptions {
  readonly experience: Experience;
  readonly saver?: BaseCheckpointSaver | false;
  /** What the node does that follows each choice. */
  readonly act?: (state: WalkState) => unknown;
  readonly jitrl?: Partial<JitRLNodeOptions<WalkState>>;
  readonly evaluator?: Partial<EvaluatorNodeOptions<WalkState>>;
}

/** A graph without messages that chooses an exit `todo` times; without any to choose it goes straight to its end. */
export function walkGraph({ experience: { policy }, saver = new MemorySaver(), ...options }: WalkOptions) {
  const choose = new JitRLNode<WalkState>({
    policy,
    candidates: functionCandidates(({ exits }) => exits.map((action) => ({ action }))),
    describeState: ({ taken }) => `at ${taken.at(-1) ?? "start"}`,
    apply: ({ action }, { taken }) => ({ taken: [...taken, action] }),
    ...options.jitrl,
  });
  const onwards = ({ taken, todo }: WalkState) => (taken.length < todo ? "choose" : "evaluate");
  return new StateGraph(Walk)
    .addNode("choose", choose, JitRLNode.optionsFor(Walk))
    .addNode("act", async (state) => {
      await options.act?.(state);
      return {};
    })
    .addNode(
      "evaluate",
      new EvaluatorNode<WalkState>({ policy, ...options.evaluator }),
      EvaluatorNode.optionsFor(Walk),
    )
    .addConditionalEdges(START, onwards, ["choose", "evaluate"])
    .addEdge("choose", "act")
    .addConditionalEdges("act", onwards, ["choose", "evaluate"])
    .addEdge("evaluate", END)
    .compile(saver ? { checkpointer: saver } : {});
}

/** Input for {@link walkGraph}. */
export function walk(todo: number, ...exits: string[]): WalkState {
  return { todo, exits, taken: [] };
}

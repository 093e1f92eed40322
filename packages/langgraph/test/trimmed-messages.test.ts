import type { Step } from "@jitrl/core";
import { AIMessage, HumanMessage, RemoveMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { createMiddleware } from "langchain";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, JitRLNode, rewriteToolCall } from "../src/index.js";
import { abc, anyOfAbc, learningAgent, ToolModel } from "./agents.js";
import { calling, type Experience, experience, HabitModel, onThread, say } from "./graphs.js";

const thread = onThread("one");

type Trim = (messages: readonly { id?: string | undefined }[]) => RemoveMessage[];

const keepAll: Trim = () => [];
/** Leaves the last call and its answer. */
const keepTwo: Trim = (messages) =>
  messages.slice(0, -2).flatMap(({ id }) => (id === undefined ? [] : new RemoveMessage({ id })));

/** Calls a, b and c, and answers; it counts for itself, since messages go. */
function counting() {
  const script = [calling("a"), calling("b"), calling("c")];
  return () => script.shift() ?? new AIMessage("done");
}

interface Trimmed {
  readonly trim: Trim;
  /** What a person makes of the call of a. */
  readonly edit?: string;
  /** Whether the run is cut in two calls of the graph. */
  readonly paused?: boolean;
}

async function inGraph({ policy }: Experience, { trim, edit, paused = false }: Trimmed): Promise<void> {
  const model = new HabitModel(counting());
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("jitrl", new JitRLNode({ policy, candidates: anyOfAbc }), JitRLNode.options)
    .addNode("review", ({ messages }) => {
      const message = messages.at(-1);
      const edited = AIMessage.isInstance(message) && message.tool_calls?.[0]?.name === "a" && edit;
      return edited ? { messages: [rewriteToolCall(message, { name: edit, args: {} })] } : {};
    })
    .addNode("tools", new ToolNode(abc))
    .addNode("trim", ({ messages }) => ({ messages: trim(messages) }))
    .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addEdge("jitrl", "review")
    .addConditionalEdges("review", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "trim")
    .addEdge("trim", "agent")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver(), ...(paused ? { interruptBefore: ["agent"] } : {}) });
  await graph.invoke(say("do all three"), thread);
  for (let i = 0; paused && i < 4; i++) await graph.invoke(null, thread);
}

async function inAgent(learned: Experience, { trim }: Trimmed): Promise<void> {
  const trimming = createMiddleware({
    name: "Trimming",
    beforeModel: ({ messages }) => (messages.length > 2 ? { messages: trim(messages) } : undefined),
  });
  const agent = learningAgent({
    experience: learned,
    model: new ToolModel({ habit: counting() }),
    jitrl: { candidates: anyOfAbc },
    beside: [trimming],
  });
  await agent.invoke({ messages: [new HumanMessage("do all three")] }, thread);
}

async function stepsOf(
  run: (learned: Experience, trimmed: Trimmed) => Promise<void>,
  trimmed: Trimmed,
): Promise<readonly Step[]> {
  const learned = await experience();
  await run(learned, trimmed);
  const episodes = await learned.episodes();
  expect(episodes).toHaveLength(1);
  return episodes[0]?.steps ?? [];
}

/** The tokens of each step's state. */
function tokens(steps: readonly Step[]) {
  return steps.map(({ state: { features } }) =>
    Object.fromEntries(Object.entries(features).map(([name, { tokens }]) => [name, [...tokens].sort()])),
  );
}

const whole = [
  { task: ["all", "do", "three"], done: [], seen: [] },
  { task: ["all", "do", "three"], done: ["a"], seen: ["a", "done", "is"] },
  { task: ["all", "do", "three"], done: ["a", "b"], seen: ["b", "done", "is"] },
];

describe.each([
  ["a graph", inGraph],
  ["an agent with the middleware", inAgent],
])("in %s", (_name, run) => {
  it.each([
    ["stay", keepAll],
    ["are trimmed away", keepTwo],
  ])("states are the same whether messages stay or go: they %s", async (_case, trim) => {
    expect(tokens(await stepsOf(run, { trim }))).toEqual(whole);
  });
});

it("the steps of a run outlive its messages in the next call of the graph too", async () => {
  expect(tokens(await stepsOf(inGraph, { trim: keepTwo, paused: true }))).toEqual(whole);
});

it("a call that a person changed counts as what was executed", async () => {
  for (const trim of [keepAll, keepTwo]) {
    const [, second, third] = tokens(await stepsOf(inGraph, { trim, edit: "c" }));
    expect([second?.done, third?.done]).toEqual([["c"], ["b", "c"]]);
  }
});

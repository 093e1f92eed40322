import { AIMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  END,
  MemorySaver,
  MessagesAnnotation,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, type EvaluatorNodeOptions, functionCandidates, JitRLNode } from "../src/index.js";
import { calling, type Experience, experience, lines, onThread, rewarding, say } from "./graphs.js";

const thread = onThread("one");

const Journey = Annotation.Root({
  length: Annotation<number>(),
  taken: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});

function chooser({ policy }: Experience, action: string) {
  return new JitRLNode<typeof Journey.State>({
    policy,
    candidates: functionCandidates(() => [{ action }]),
    describeState: () => "on the way",
    apply: (choice) => ({ taken: [choice.action] }),
  });
}

function judge({ policy }: Experience, options: Partial<EvaluatorNodeOptions<typeof Journey.State>> = {}) {
  return new EvaluatorNode<typeof Journey.State>({ policy, ...options });
}

const input = JitRLNode.optionsFor(Journey);
const end = EvaluatorNode.optionsFor(Journey);

describe("parallel branches are one episode", () => {
  it("whose steps at the same time share it", async () => {
    const learned = await experience();
    const graph = new StateGraph(Journey)
      .addNode("left", chooser(learned, "left"), input)
      .addNode("right", chooser(learned, "right"), input)
      .addNode("evaluate", judge(learned, { reward: ({ taken }) => taken.length }), end)
      .addEdge(START, "left")
      .addEdge(START, "right")
      .addEdge("left", "evaluate")
      .addEdge("right", "evaluate")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    for (const turn of [1, 2]) await graph.invoke({ length: turn }, thread);
    expect(await lines(learned)).toEqual(["one done [0:left 0:right] (2)", "one done [0:left 0:right] (4)"]);
  });

  it("if they are of unequal length", async () => {
    const learned = await experience();
    const graph = new StateGraph(Journey)
      .addNode("left", chooser(learned, "left"), input)
      .addNode("right1", chooser(learned, "right1"), input)
      .addNode("right2", chooser(learned, "right2"), input)
      .addNode("detour", () => ({}))
      .addNode("late", chooser(learned, "late"), input)
      .addNode("evaluate", judge(learned), end)
      .addEdge(START, "left")
      .addEdge(START, "right1")
      .addEdge(START, "detour")
      .addEdge("right1", "right2")
      .addEdge("detour", "late")
      .addEdge("left", "evaluate")
      .addEdge("right2", "evaluate")
      .addEdge("late", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({ length: 1 }, thread);
    expect(await lines(learned)).toEqual(["one done [0:left 0:right1 1:late 1:right2] ()"]);
  });

  it("and the evaluator that does not wait for all of them loses none", async () => {
    const learned = await experience();
    const graph = new StateGraph(Journey)
      .addNode("left", chooser(learned, "left"), input)
      .addNode("right1", chooser(learned, "right1"), input)
      .addNode("right2", chooser(learned, "right2"), input)
      .addNode("evaluate", judge(learned), { ...end, defer: false })
      .addEdge(START, "left")
      .addEdge(START, "right1")
      .addEdge("right1", "right2")
      .addEdge("left", "evaluate")
      .addEdge("right2", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({ length: 1 }, thread);
    expect(await lines(learned)).toEqual(["one done [0:left 0:right1] ()", "one done [1:right2] ()"]);
  });

  it("if they are sent to one node, each with a state of its own", async () => {
    const learned = await experience();
    const { policy } = learned;
    const node = new JitRLNode<typeof Journey.State>({
      policy,
      candidates: functionCandidates(({ length }) => [{ action: `way of ${length}` }]),
      describeState: ({ length }) => `${length} to go`,
      apply: ({ action }) => ({ taken: [action] }),
    });
    const graph = new StateGraph(Journey)
      .addNode("choose", node, input)
      .addNode("evaluate", judge(learned, { reward: ({ taken }) => taken.length }), end)
      .addConditionalEdges(START, () => [1, 2, 3].map((length) => new Send("choose", { length })), ["choose"])
      .addEdge("choose", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({ length: 0 }, thread);
    expect(await lines(learned)).toEqual(["one done [0:way of 1 0:way of 2 0:way of 3] (3)"]);
  });

  it("if messages are sent to one node", async () => {
    const learned = await experience();
    const { policy } = learned;
    const tools = [rewarding("a", () => 1), rewarding("b", () => 2)];
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("plan", () => ({}))
      .addNode(
        "jitrl",
        new JitRLNode({ policy, candidates: functionCandidates(() => []) }),
        JitRLNode.options,
      )
      .addNode("tools", new ToolNode(tools))
      .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
      .addEdge(START, "plan")
      .addConditionalEdges(
        "plan",
        () =>
          ["a", "b"].map((name) => new Send("jitrl", { messages: [new HumanMessage(name), calling(name)] })),
        ["jitrl"],
      )
      .addConditionalEdges(
        "jitrl",
        ({ messages }) =>
          messages
            .filter((message) => AIMessage.isInstance(message))
            .map((message) => new Send("tools", { messages: [message] })),
        ["tools"],
      )
      .addEdge("tools", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("both"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 0:b] (0:1 1:2)"]);
  });

  it("also when they cut off the run before", async () => {
    const learned = await experience();
    const graph = new StateGraph(Journey)
      .addNode("left", chooser(learned, "left"), input)
      .addNode("right", chooser(learned, "right"), input)
      .addNode("evaluate", judge(learned), end)
      .addEdge(START, "left")
      .addEdge(START, "right")
      .addEdge("left", "evaluate")
      .addEdge("right", "evaluate")
      .compile({ checkpointer: new MemorySaver(), interruptBefore: ["evaluate"] });
    for (const length of [1, 2]) await graph.invoke({ length }, thread);
    await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual([
      "one truncated [0:left 0:right] ()",
      "one done [0:left 0:right] ()",
    ]);
  });
});

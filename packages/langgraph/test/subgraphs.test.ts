import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import {
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import {
  EvaluatorNode,
  type EvaluatorNodeOptions,
  failTo,
  functionCandidates,
  JitRLNode,
} from "../src/index.js";
import {
  agentGraph,
  type Experience,
  experience,
  HabitModel,
  lines,
  named,
  obey,
  onThread,
  rewarding,
  say,
  Walk,
  walk,
  walkGraph,
} from "./graphs.js";

const thread = onThread("one");

/** A ReAct agent with a JitRLNode whose evaluator is somewhere else. */
function worker(
  { policy }: Experience,
  options: { tools?: ReturnType<typeof named>[]; describedBy?: string } = {},
) {
  const model = new HabitModel(obey);
  const tools = new ToolNode(options.tools ?? ["a", "b", "c"].map((name) => named(name)), {
    handleToolErrors: false,
  });
  const jitrl = new JitRLNode({
    policy,
    candidates: functionCandidates(() => []),
    ...(options.describedBy ? { describedBy: options.describedBy } : {}),
  });
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("jitrl", jitrl, JitRLNode.options)
    .addNode("tools", tools)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: END })
    .addEdge("tools", "agent");
}

/** A graph whose only learner is in a subgraph and whose evaluator is not. */
function parentOf(
  sub: ReturnType<ReturnType<typeof worker>["compile"]>,
  { policy }: Experience,
  options: Partial<EvaluatorNodeOptions> & { after?: () => unknown } = {},
) {
  return new StateGraph(MessagesAnnotation)
    .addNode("work", sub)
    .addNode("after", async () => {
      await options.after?.();
      return {};
    })
    .addNode("evaluate", new EvaluatorNode({ policy, ...options }), EvaluatorNode.options)
    .addEdge(START, "work")
    .addEdge("work", "after")
    .addEdge("after", "evaluate")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver() });
}

/** The messages on which steps still stand. */
function mirrored(messages: BaseMessage[]): BaseMessage[] {
  return messages.filter(({ response_metadata }) => "trajectory" in Object(Object(response_metadata).jitrl));
}

describe("both nodes in a subgraph", () => {
  it("make one episode a turn, which the graph above does not count again", async () => {
    const learned = await experience();
    const inner = agentGraph({ experience: learned, saver: false, evaluator: { reward: () => 1 } });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", inner)
      .addNode(
        "evaluate",
        new EvaluatorNode({ policy: learned.policy, reward: () => 9 }),
        EvaluatorNode.options,
      )
      .addEdge(START, "work")
      .addEdge("work", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b"), thread);
    await graph.invoke(say("c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (1)", "one done [0:c] (1)"]);
  });

  it("stay one episode when interrupted and resumed", async () => {
    const learned = await experience();
    const tools = [named("a"), named("b", () => interrupt("?"))];
    const inner = agentGraph({ experience: learned, saver: false, tools });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", inner)
      .addEdge(START, "work")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b a b"), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:a 3:b] ()"]);
  });

  it("make an episode for each branch when the graph above is forked", async () => {
    const learned = await experience();
    const tools = [named("a"), named("b", () => interrupt("?"))];
    const inner = agentGraph({ experience: learned, saver: false, tools });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("before", () => ({}))
      .addNode("work", inner)
      .addEdge(START, "before")
      .addEdge("before", "work")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b a"), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    for await (const { next, config } of graph.getStateHistory(thread)) {
      if (!next.includes("before")) continue;
      await graph.invoke(null, config);
      break;
    }
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:a] ()", "one done [0:a 1:b 2:a] ()"]);
  });

  it("that a function calls, twice in a run, make an episode each time", async () => {
    const learned = await experience();
    const inner = walkGraph({ experience: learned, saver: false });
    const graph = new StateGraph(Walk)
      .addNode("explore", async ({ todo, exits }) => {
        for (const exit of exits) await inner.invoke(walk(todo, exit));
        return {};
      })
      .addEdge(START, "explore")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(walk(2, "north", "south"), thread);
    await graph.invoke(walk(1, "east"), thread);
    expect(await lines(learned)).toEqual([
      "one done [0:north 1:north] ()",
      "one done [0:south 1:south] ()",
      "one done [0:east] ()",
    ]);
  });

  it("with a memory of its own over the turns make one episode a turn", async () => {
    const learned = await experience();
    const { policy } = learned;
    const inner = worker(learned)
      .addNode("settle", new EvaluatorNode({ policy }), EvaluatorNode.options)
      .addEdge("tools", "settle")
      .compile({ checkpointer: true });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", inner)
      .addEdge(START, "work")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a"), thread);
    await graph.invoke(say("c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] ()", "one done [0:c] ()"]);
  });
});

describe("a node in a subgraph and the evaluator in the graph above", () => {
  it("make one episode a turn, and leave no steps on the messages", async () => {
    const learned = await experience();
    const tools = [rewarding("a", () => 2), named("b"), named("c")];
    const graph = parentOf(worker(learned, { tools }).compile(), learned, { reward: () => 1 });
    await graph.invoke(say("a b"), thread);
    const { messages } = await graph.invoke(say("c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (0:2 1)", "one done [0:c] (1)"]);
    expect(mirrored(messages)).toEqual([]);
    expect(messages.find((message) => AIMessage.isInstance(message))?.response_metadata).toMatchObject({
      jitrl: { step: 0, action: "a", chosenBy: "base" },
    });
  });

  it("where the subgraph has a memory of its own", async () => {
    const learned = await experience();
    const graph = parentOf(worker(learned).compile({ checkpointer: true }), learned);
    for (const text of ["a b", "c", "b"]) await graph.invoke(say(text), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()", "one done [0:c] ()", "one done [0:b] ()"]);
  });

  it("where the subgraph runs once a step", async () => {
    const learned = await experience();
    const { policy } = learned;
    const model = new HabitModel(obey);
    const step = new StateGraph(MessagesAnnotation)
      .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
      .addNode(
        "jitrl",
        new JitRLNode({ policy, candidates: functionCandidates(() => []) }),
        JitRLNode.options,
      )
      .addEdge(START, "agent")
      .addEdge("agent", "jitrl")
      .compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("think", step)
      .addNode("tools", new ToolNode(["a", "b", "c"].map((name) => named(name))))
      .addNode("evaluate", new EvaluatorNode({ policy, reward: () => 1 }), EvaluatorNode.options)
      .addEdge(START, "think")
      .addConditionalEdges("think", toolsCondition, { tools: "tools", [END]: "evaluate" })
      .addEdge("tools", "think")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b+c a"), thread);
    await graph.invoke(say("c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 1:c 2:a] (1)", "one done [0:c] (1)"]);
  });

  it("where the run is interrupted within the subgraph and behind it", async () => {
    const learned = await experience();
    const tools = [named("a"), named("b", () => interrupt("in it?"))];
    const graph = parentOf(worker(learned, { tools }).compile(), learned, {
      after: () => interrupt("behind it?"),
    });
    await graph.invoke(say("a b a"), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:a] ()"]);
  });

  it.each(["async", "sync", "exit"] as const)(
    "where new input cuts off the run behind it, under durability %s",
    async (durability) => {
      const learned = await experience();
      let asked = 0;
      const graph = parentOf(worker(learned).compile(), learned, {
        after: () => asked++ === 0 && interrupt("behind it?"),
        reward: () => 1,
      });
      await graph.invoke(say("a b"), { ...thread, durability });
      await graph.invoke(say("c"), { ...thread, durability });
      expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "one done [0:c] (1)"]);
    },
  );

  it("where new input cuts off the run within it: what had not left the subgraph is gone with it", async () => {
    const learned = await experience();
    const tools = [named("a"), named("b", () => interrupt("in it?"))];
    const graph = parentOf(worker(learned, { tools }).compile(), learned);
    await graph.invoke(say("a b a"), thread);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
  });

  it("where the graph fails behind the subgraph", async () => {
    const learned = await experience();
    let luck = 0;
    const after = () => {
      if (luck++ === 0) throw new Error("no luck");
    };
    const graph = parentOf(worker(learned).compile(), learned, { after });
    await expect(graph.invoke(say("a"), thread)).rejects.toThrow("no luck");
    await graph.invoke(say("b"), thread);
    expect(await lines(learned)).toEqual(["one failed [0:a] ()", "one done [0:b] ()"]);
  });

  it("where failTo sends the failed run to the evaluator", async () => {
    const learned = await experience();
    const { policy } = learned;
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", worker(learned).compile())
      .addNode(
        "after",
        () => {
          throw new Error("no luck");
        },
        { errorHandler: failTo("evaluate") },
      )
      .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
      .addEdge(START, "work")
      .addEdge("work", "after")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b"), thread);
    expect(await lines(learned)).toEqual(["one failed [0:a 1:b] ()"]);
  });

  it("where the thread is forked behind the subgraph", async () => {
    const learned = await experience();
    const graph = parentOf(worker(learned).compile(), learned);
    await graph.invoke(say("a b"), thread);
    for await (const { next, config } of graph.getStateHistory(thread)) {
      if (next.includes("after")) {
        await graph.invoke(null, config);
        break;
      }
    }
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()", "one done [0:a 1:b] ()"]);
  });

  it("where a hand-off leaves the subgraph", async () => {
    const learned = await experience();
    const { policy } = learned;
    const inner = worker(learned).compile();
    const leaving = new StateGraph(MessagesAnnotation)
      .addNode("agent", () => ({ messages: [obey(say("leave").messages)] }))
      .addNode(
        "jitrl",
        new JitRLNode({ policy, candidates: functionCandidates(() => []) }),
        JitRLNode.options,
      )
      .addNode(
        "hand",
        ({ messages }) =>
          new Command({ goto: "other", graph: Command.PARENT, update: { messages: messages.slice(-1) } }),
      )
      .addEdge(START, "agent")
      .addEdge("agent", "jitrl")
      .addEdge("jitrl", "hand")
      .compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", leaving, { ends: ["other"] })
      .addNode("other", inner)
      .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
      .addEdge(START, "work")
      .addEdge("other", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("x a"), thread);
    expect(await lines(learned)).toEqual(["one done [0:leave 1:a] ()"]);
  });

  it("where both graphs decide, or two subgraphs see situations differently: an episode each", async () => {
    const learned = await experience();
    const { policy } = learned;
    const route = new JitRLNode<typeof MessagesAnnotation.State>({
      policy,
      candidates: functionCandidates(() => [{ action: "first" }]),
      describeState: () => "at the desk",
      apply: () => ({}),
    });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("route", route, JitRLNode.options)
      .addNode("first", worker(learned, { describedBy: "first/1" }).compile())
      .addNode("second", worker(learned, { describedBy: "second/1" }).compile())
      .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
      .addEdge(START, "route")
      .addEdge("route", "first")
      .addEdge("route", "second")
      .addEdge("first", "evaluate")
      .addEdge("second", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("a b"), thread);
    expect(await lines(learned)).toEqual([
      "one done [0:first] ()",
      "one done [0:a 1:b] ()",
      "one done [0:a 1:b] ()",
    ]);
  });
});

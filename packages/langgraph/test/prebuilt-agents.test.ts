import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createSupervisor } from "@langchain/langgraph-supervisor";
import { createHandoffTool, createSwarm, SwarmState } from "@langchain/langgraph-swarm";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, type EvaluatorNodeOptions, functionCandidates, JitRLNode } from "../src/index.js";
import { abc, anyOfAbc, ToolModel, told } from "./agents.js";
import { calling, type Experience, experience, lines, onThread, say } from "./graphs.js";

const plainLines = async (learned: Experience) =>
  (await lines(learned)).map((line) => line.replaceAll(/#[0-9a-f]{8}/gu, ""));

type Reward = NonNullable<EvaluatorNodeOptions["reward"]>;
const saying =
  (text: string): Reward =>
  ({ messages }) =>
    messages.some((message) => message.text === text) ? 1 : -1;

describe("createReactAgent with JitRLNode as its postModelHook", () => {
  /** The agent as a node of a graph that ends in an evaluator. */
  function agentBelow({ policy }: Experience, reward: Reward, checkpointer = new MemorySaver()) {
    const agent = createReactAgent({
      llm: new ToolModel(),
      tools: abc,
      postModelHook: new JitRLNode({ policy, candidates: anyOfAbc, tools: abc }),
      version: "v2",
    });
    return new StateGraph(MessagesAnnotation)
      .addNode("agent", agent)
      .addNode("evaluate", new EvaluatorNode({ policy, reward }), EvaluatorNode.options)
      .addEdge(START, "agent")
      .addEdge("agent", "evaluate")
      .addEdge("evaluate", END)
      .compile({ checkpointer });
  }

  it("learns, with an evaluator in the graph above", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const graph = agentBelow(learned, saying("b is done"));
    await graph.invoke(say("a"), onThread("one"));
    const { messages } = await graph.invoke(say("a"), onThread("two"));
    expect(messages.map(told)).toEqual(["human: a", "ai: →b", "tool: b is done", "ai: done"]);
    expect(await plainLines(learned)).toEqual(["one done [0:a] (-1)", "two done [0:b*] (1)"]);
    expect(JSON.stringify(messages)).not.toContain("trajectory");
  });

  it("counts the steps of a run, and tells each message of its episode", async () => {
    const learned = await experience();
    const graph = agentBelow(learned, () => 1);
    const { messages } = await graph.invoke(say("a b+c"), onThread("one"));
    await graph.invoke(say("c"), onThread("one"));
    expect(await plainLines(learned)).toEqual(["one done [0:a 1:b 1:c] (1)", "one done [0:c] (1)"]);
    const { id } = (await learned.episodes())[0]!;
    const metadata = messages.flatMap((message) =>
      AIMessage.isInstance(message) && message.response_metadata.jitrl
        ? [message.response_metadata.jitrl]
        : [],
    );
    expect(metadata).toMatchObject([
      { episodeId: id, step: 0 },
      { episodeId: id, step: 1 },
    ]);
  });

  it("says where an evaluator must be, if there is no graph above", async () => {
    const { policy } = await experience();
    const agent = createReactAgent({
      llm: new ToolModel(),
      tools: abc,
      postModelHook: new JitRLNode({ policy, candidates: anyOfAbc }),
    });
    await expect(agent.invoke(say("a"))).rejects.toThrow(/EvaluatorNode in a graph above/u);
  });
});

/** Hands what the user says first to a worker, and then says what came of it. */
function router(to: string) {
  return new ToolModel({
    habit: (messages) =>
      messages.some(({ name, type }) => type === "ai" && name !== "supervisor")
        ? new AIMessage("That is all.")
        : calling(`transfer_to_${to}`),
  });
}

/** An agent that has but one thing to say. */
function worker(name: string, text: string) {
  return createReactAgent({ llm: new ToolModel({ habit: () => new AIMessage(text) }), tools: [], name });
}

const handOffs = functionCandidates<{ messages: BaseMessage[] }>(() =>
  ["billing", "repairs"].map((name) => ({ call: { name: `transfer_to_${name}`, args: {} } })),
);

describe("a supervisor", () => {
  it("learns who handles a request", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const { policy } = learned;
    const team = createSupervisor({
      agents: [worker("billing", "I cannot help."), worker("repairs", "It is mended.")],
      llm: router("billing"),
      postModelHook: new JitRLNode({ policy, candidates: handOffs }),
    }).compile();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("team", team)
      .addNode(
        "evaluate",
        new EvaluatorNode({ policy, reward: saying("It is mended.") }),
        EvaluatorNode.options,
      )
      .addEdge(START, "team")
      .addEdge("team", "evaluate")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    const first = await graph.invoke(say("my lamp flickers"), onThread("one"));
    expect(first.messages.map(({ text }) => text)).toContain("I cannot help.");
    const second = await graph.invoke(say("my lamp flickers"), onThread("two"));
    expect(second.messages.map(({ text }) => text)).toContain("It is mended.");
    expect(await lines(learned)).toEqual([
      "one done [0:transfer_to_billing] (-1)",
      "two done [0:transfer_to_repairs*] (1)",
    ]);
  });
});

describe("a swarm", () => {
  it("learns whom an agent hands over to", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const { policy } = learned;
    const front = createReactAgent({
      llm: new ToolModel({ habit: () => calling("transfer_to_billing") }),
      tools: [createHandoffTool({ agentName: "billing" }), createHandoffTool({ agentName: "repairs" })],
      name: "front",
      postModelHook: new JitRLNode({ policy, candidates: handOffs }),
    });
    const swarm = createSwarm({
      agents: [front, worker("billing", "I cannot help."), worker("repairs", "It is mended.")],
      defaultActiveAgent: "front",
    }).compile();
    const graph = new StateGraph(SwarmState)
      .addNode("swarm", swarm)
      .addNode(
        "evaluate",
        new EvaluatorNode({ policy, reward: saying("It is mended.") }),
        EvaluatorNode.options,
      )
      .addEdge(START, "swarm")
      .addEdge("swarm", "evaluate")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke(say("my lamp flickers"), onThread("one"));
    const { messages, activeAgent } = await graph.invoke(say("my lamp flickers"), onThread("two"));
    expect(messages.at(-1)?.text).toBe("It is mended.");
    expect(activeAgent).toBe("repairs");
    expect(await lines(learned)).toEqual([
      "one done [0:transfer_to_billing] (-1)",
      "two done [0:transfer_to_repairs*] (1)",
    ]);
  });
});

import { JitRLError } from "@jitrl/core";
import { AIMessage, type BaseMessage, type BaseMessageLike } from "@langchain/core/messages";
import {
  Annotation,
  END,
  MemorySaver,
  MessagesAnnotation,
  MessagesValue,
  MessagesZodState,
  messagesStateReducer,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { z as z3 } from "zod/v3";
import { EvaluatorNode, functionCandidates, JitRLNode } from "../src/index.js";
import {
  agentGraph,
  calling,
  type Experience,
  experience,
  lines,
  named,
  obey,
  onThread,
  say,
  Walk,
  type WalkState,
  walk,
} from "./graphs.js";

const thread = onThread("one");

/** The parts of a ReAct graph that works for any state with messages; it takes the second of two tools. */
function parts({ policy }: Experience) {
  const candidates = functionCandidates<{ messages: BaseMessage[] }>(() => [
    { call: { name: "b", args: {} } },
  ]);
  return {
    agent: ({ messages }: { messages: BaseMessage[] }) => ({
      messages: [messages.at(-1)?.type === "human" ? calling("a") : new AIMessage("done")],
    }),
    jitrl: new JitRLNode({ policy, candidates }),
    tools: new ToolNode([named("a"), named("b")]),
    evaluate: new EvaluatorNode({ policy, reward: () => 1 }),
  };
}

describe("the two nodes work, with no change to the user's schema and no casts, in a graph of", () => {
  const compiled = (learned: Experience) => {
    const { agent, jitrl, tools, evaluate } = parts(learned);
    const checkpointer = new MemorySaver();
    const Custom = Annotation.Root({
      ...MessagesAnnotation.spec,
      user: Annotation<string>(),
      notes: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
    });
    const Own = Annotation.Root({
      messages: Annotation<BaseMessage[], BaseMessageLike[]>({
        reducer: (held, update) => messagesStateReducer(held, update),
        default: () => [],
      }),
    });
    const Zod = MessagesZodState.extend({ user: z3.string().optional() });
    const Schema = new StateSchema({ messages: MessagesValue, user: z.string().optional() });
    return {
      MessagesAnnotation: new StateGraph(MessagesAnnotation)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.options)
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.options)
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
      MessagesZodState: new StateGraph(MessagesZodState)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.options)
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.options)
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
      "MessagesZodState with more keys": new StateGraph(Zod)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.optionsFor(Zod))
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.optionsFor(Zod))
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
      "a StateSchema": new StateGraph(Schema)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.options)
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.optionsFor(Schema))
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
      "an annotation with more keys": new StateGraph(Custom)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.options)
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.optionsFor(Custom))
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
      "a reducer of its own": new StateGraph(Own)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, JitRLNode.options)
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, EvaluatorNode.options)
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .addEdge("evaluate", END)
        .compile({ checkpointer }),
    };
  };

  it.each([
    ["MessagesAnnotation", ["messages"]],
    ["MessagesZodState", ["messages"]],
    ["MessagesZodState with more keys", ["messages"]],
    ["a StateSchema", ["messages", "user"]],
    ["an annotation with more keys", ["messages", "notes"]],
    ["a reducer of its own", ["messages"]],
  ] as const)("%s", async (name, keys) => {
    const learned = await experience();
    const graph = compiled(learned)[name];
    const output = await graph.invoke(say("go"), thread);
    expect(Object.keys(output)).toEqual(keys);
    expect(output.messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    const { values } = await graph.getState(thread);
    expect(Object.keys(values)).toEqual([...keys, "jitrl"]);
    expect(values.jitrl).toEqual({ current: null, end: null, ended: [], unsent: [] });
    await graph.invoke(say("go"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] (1)", "one done [0:a] (1)"]);
  });

  it("a Zod object without messages", async () => {
    const learned = await experience();
    const { policy } = learned;
    const State = z.object({ place: z.string(), mood: z.number().default(1) });
    type Place = z.infer<typeof State>;
    const graph = new StateGraph(State)
      .addNode(
        "choose",
        new JitRLNode<Place>({
          policy,
          candidates: functionCandidates(({ place, mood }) => [{ action: `leave ${place} in mood ${mood}` }]),
          describeState: ({ place }) => place,
          apply: ({ action }) => ({ place: action }),
        }),
        JitRLNode.optionsFor(State),
      )
      .addNode(
        "evaluate",
        new EvaluatorNode<Place>({ policy, reward: ({ mood }) => mood }),
        EvaluatorNode.optionsFor(State),
      )
      .addEdge(START, "choose")
      .addEdge("choose", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    expect(await graph.invoke({ place: "home" }, thread)).toEqual({ place: "leave home in mood 1", mood: 1 });
    expect(await lines(learned)).toEqual(["one done [0:leave home in mood 1] (1)"]);
  });

  it("a state whose updates are of other types than its values", async () => {
    const learned = await experience();
    const { policy } = learned;
    const State = Annotation.Root({
      taken: Annotation<readonly string[], string>({
        reducer: (held, one) => [...held, one],
        default: () => [],
      }),
    });
    const graph = new StateGraph(State)
      .addNode(
        "choose",
        new JitRLNode<typeof State.State, typeof State.Update>({
          policy,
          candidates: functionCandidates(() => [{ action: "north" }]),
          describeState: ({ taken }) => taken.join(" "),
          apply: ({ action }) => ({ taken: action }),
        }),
        JitRLNode.optionsFor(State),
      )
      .addNode(
        "evaluate",
        new EvaluatorNode<typeof State.State>({ policy, reward: ({ taken }) => taken.length }),
        EvaluatorNode.optionsFor(State),
      )
      .addEdge(START, "choose")
      .addEdge("choose", "evaluate")
      .compile({ checkpointer: new MemorySaver() });
    expect(await graph.invoke({}, thread)).toEqual({ taken: ["north"] });
    expect(await lines(learned)).toEqual(["one done [0:north] (1)"]);
  });
});

describe("the private channel", () => {
  it("is in the checkpoint while the run goes on, and in no output", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, interruptBefore: ["tools"] });
    const output = await graph.invoke(say("a"), thread);
    expect(Object.keys(output).filter((key) => key.startsWith("jitrl"))).toEqual([]);
    expect(JSON.stringify(output)).not.toContain("trajectory");
    const { values } = await graph.getState(thread);
    expect(values.jitrl.current.steps).toHaveLength(1);
    expect(values.jitrlRun).toBeUndefined();
  });

  it("is streamed as any other, where all of the state is", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    const seen: string[] = [];
    const stream = await graph.stream(say("a"), { ...thread, streamMode: ["updates", "values"] });
    for await (const [mode, chunk] of stream) {
      const parts: readonly unknown[] = mode === "updates" ? Object.values(chunk) : [chunk];
      if (parts.some((part) => "jitrl" in Object(part))) seen.push(mode);
    }
    expect(new Set(seen)).toEqual(new Set(["updates", "values"]));
  });

  it.each([
    [
      "JitRLNode",
      /JitRLNode found no channel "jitrl".*JitRLNode\.options\).*JitRLNode\.optionsFor\(YourState\)/u,
    ],
    ["EvaluatorNode", /EvaluatorNode found no channel "jitrl".*EvaluatorNode\.options\)/u],
  ])(
    "that is missing where %s was added without options is an error that names the fix",
    async (node, message) => {
      const { agent, jitrl, tools, evaluate } = parts(await experience());
      const graph = new StateGraph(MessagesAnnotation)
        .addNode("agent", agent)
        .addNode("jitrl", jitrl, ...(node === "JitRLNode" ? [] : [JitRLNode.options]))
        .addNode("tools", tools)
        .addNode("evaluate", evaluate, ...(node === "EvaluatorNode" ? [] : [EvaluatorNode.options]))
        .addEdge(START, "agent")
        .addEdge("agent", "jitrl")
        .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
        .addEdge("tools", "agent")
        .compile();
      const error = await graph.invoke(say("go")).catch((thrown: unknown) => thrown);
      expect(JitRLError.isInstance(error) && error.code).toBe("missing-channel");
      expect(error).toHaveProperty("message", expect.stringMatching(message));
    },
  );

  it("is missing where both nodes were added without options", async () => {
    const { agent, jitrl, evaluate } = parts(await experience());
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("agent", agent)
      .addNode("jitrl", jitrl)
      .addNode("evaluate", evaluate)
      .addEdge(START, "agent")
      .addEdge("agent", "jitrl")
      .addEdge("jitrl", "evaluate")
      .compile();
    await expect(graph.invoke(say("go"))).rejects.toMatchObject({ code: "missing-channel" });
  });

  it("and options for another state leave the node without the keys that it needs", async () => {
    const { policy } = await experience();
    const Other = Annotation.Root({ todo: Annotation<number>() });
    const node = new JitRLNode<WalkState>({
      policy,
      candidates: functionCandidates(({ exits }) => exits.map((action) => ({ action }))),
      describeState: () => "here",
      apply: ({ action }) => ({ taken: [action] }),
    });
    const graph = new StateGraph(Walk)
      .addNode("choose", node, JitRLNode.optionsFor(Other))
      .addEdge(START, "choose")
      .compile();
    await expect(graph.invoke(walk(1, "north"))).rejects.toMatchObject({ code: "candidates-failed" });
  });

  it("and options for a state without messages are an error where the node needs them", async () => {
    const { agent, jitrl } = parts(await experience());
    const Other = Annotation.Root({ todo: Annotation<number>() });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("agent", agent)
      .addNode("jitrl", jitrl, JitRLNode.optionsFor(Other))
      .addEdge(START, "agent")
      .addEdge("agent", "jitrl")
      .compile();
    await expect(graph.invoke(say("go"))).rejects.toMatchObject({
      code: "missing-channel",
      message: expect.stringMatching(/sees nothing of the graph's state.*JitRLNode\.optionsFor/u),
    });
  });

  it("cannot be made for what is no schema", () => {
    // @ts-expect-error: a string is no schema
    expect(() => JitRLNode.optionsFor("messages")).toThrow(
      /Expected the schema that the graph was made with/u,
    );
  });

  it("does not stand in the way of a node that is invoked outside a graph", async () => {
    const { policy } = await experience();
    const node = new JitRLNode({ policy, candidates: functionCandidates(() => []) });
    await expect(node.invoke({ messages: [obey(say("a").messages)] })).rejects.toMatchObject({
      code: "missing-channel",
    });
  });
});

describe("options for messages in a graph without", () => {
  it("are an error, for each of the nodes", async () => {
    const { policy } = await experience();
    const Topic = Annotation.Root({ topic: Annotation<string>() });
    const node = new JitRLNode<typeof Topic.State>({
      policy,
      candidates: functionCandidates<typeof Topic.State>(() => [{ action: "a" }]),
      describeState: ({ topic }) => topic,
      apply: () => ({ topic: "a" }),
    });
    const graph = new StateGraph(Topic)
      .addNode("jitrl", node, JitRLNode.options)
      .addEdge(START, "jitrl")
      .compile();
    await expect(graph.invoke({ topic: "lamps" })).rejects.toMatchObject({
      code: "missing-channel",
      message: expect.stringContaining("JitRLNode.optionsFor(YourState)"),
    });
  });
});

import { createPolicy, type Episode, InMemoryExperienceStore, openMemory } from "@jitrl/core";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, failTo, functionCandidates, JitRLNode } from "../src/index.js";
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
  scan,
  Walk,
  type WalkState,
  walk,
  walkGraph,
} from "./graphs.js";

const thread = onThread("one");
const atOnce = { maxAttempts: 2, initialInterval: 0, jitter: false, logWarning: false };

/** Throws the first time that it is called, then does `then`. */
function failing<T>(then: () => T, times = 1): () => T {
  let left = times;
  return () => {
    if (left-- > 0) throw new Error("no luck");
    return then();
  };
}

/** A graph whose nodes try twice. */
function persistentGraph({ policy }: Experience, tools: ReturnType<typeof named>[]) {
  const model = new HabitModel(obey);
  return new StateGraph(MessagesAnnotation)
    .setNodeDefaults({ retryPolicy: atOnce })
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("jitrl", new JitRLNode({ policy, candidates: functionCandidates(() => []) }), JitRLNode.options)
    .addNode("tools", new ToolNode(tools, { handleToolErrors: false }))
    .addNode("evaluate", new EvaluatorNode({ policy, reward: () => 1 }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver() });
}

describe("a retried node counts once", () => {
  it("if it is the one that decides", async () => {
    const learned = await experience();
    const { policy } = learned;
    const luck = failing(() => {});
    const events: unknown[] = [];
    const graph = new StateGraph(Walk)
      .addNode(
        "choose",
        new JitRLNode<WalkState>({
          policy,
          candidates: functionCandidates(({ exits }) => exits.map((action) => ({ action }))),
          describeState: () => "here",
          apply: ({ action }, { taken }) => {
            luck();
            return { taken: [...taken, action] };
          },
        }),
        { ...JitRLNode.optionsFor(Walk), retryPolicy: atOnce },
      )
      .addNode("evaluate", new EvaluatorNode<WalkState>({ policy }), EvaluatorNode.optionsFor(Walk))
      .addEdge(START, "choose")
      .addEdge("choose", "evaluate")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    for await (const event of await graph.stream(walk(1, "north"), { ...thread, streamMode: "custom" })) {
      events.push(event.type);
    }
    expect(await lines(learned)).toEqual(["one done [0:north] ()"]);
    expect(events).toEqual(["jitrl:decision", "jitrl:episode"]);
  });

  it("if it is the tools'", async () => {
    const learned = await experience();
    const luck = failing(() => 2);
    const graph = persistentGraph(learned, [rewarding("a", luck), named("b")]);
    await graph.invoke(say("a b"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (0:2 1)"]);
  });

  it("if it is the evaluator, after the store had taken the episode", async () => {
    const store = new ForgetfulStore();
    const policy = createPolicy({ memory: await openMemory({ store }), mode: "shadow" });
    const told: unknown[] = [];
    const graph = agentGraph({
      experience: { store, policy, episodes: () => scan(store) },
      evaluator: { reward: () => 1, onError: (error) => told.push(error) },
    });
    await graph.invoke(say("a"), thread);
    await graph.invoke(say("b"), thread);
    expect(told).toHaveLength(1);
    expect((await scan(store)).map(({ steps }) => steps.map(({ action }) => action))).toEqual([["a"], ["b"]]);
    expect((await scan(store)).map(({ rewards }) => rewards.length)).toEqual([1, 1]);
  });

  it("if the evaluator's graph fails behind it and the thread is resumed there", async () => {
    const learned = await experience();
    const luck = failing(() => ({}));
    const { policy } = learned;
    const graph = new StateGraph(Walk)
      .addNode(
        "choose",
        new JitRLNode<WalkState>({
          policy,
          candidates: functionCandidates(() => [{ action: "north" }]),
          describeState: () => "here",
          apply: () => ({}),
        }),
        JitRLNode.optionsFor(Walk),
      )
      .addNode(
        "evaluate",
        new EvaluatorNode<WalkState>({ policy, reward: () => 1 }),
        EvaluatorNode.optionsFor(Walk),
      )
      .addNode("beside", luck, { defer: true })
      .addEdge(START, "choose")
      .addEdge("choose", "evaluate")
      .addEdge("choose", "beside")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke(walk(1), thread)).rejects.toThrow("no luck");
    await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual(["one done [0:north] (1)"]);
  });
});

/** A store that takes the first episode and then says that it could not. */
class ForgetfulStore extends InMemoryExperienceStore {
  #first = true;

  override async put(episode: Episode, options: { expectedRevision: number }) {
    const result = await super.put(episode, options);
    if (this.#first) {
      this.#first = false;
      throw new Error("the connection broke");
    }
    return result;
  }
}

describe("a graph that fails half-way", () => {
  it("and is resumed is one episode that is done", async () => {
    const learned = await experience();
    const luck = failing(() => "done", 2);
    const graph = agentGraph({ experience: learned, tools: [named("a"), named("b", luck)] });
    await expect(graph.invoke(say("a b a"), thread)).rejects.toThrow("no luck");
    await expect(graph.invoke(null, thread)).rejects.toThrow("no luck");
    await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:a] ()"]);
  });

  it("and gets new input leaves an episode that failed", async () => {
    const learned = await experience();
    const tools = [
      named("a"),
      named(
        "b",
        failing(() => "done"),
      ),
    ];
    const graph = agentGraph({ experience: learned, tools });
    const walks = walkGraph({ experience: learned, act: failing(() => {}) });
    await expect(graph.invoke(say("a b a"), thread)).rejects.toThrow("no luck");
    await graph.invoke(say("a"), thread);
    await expect(walks.invoke(walk(2, "north"), onThread("two"))).rejects.toThrow("no luck");
    await walks.invoke(walk(1, "south"), onThread("two"));
    expect(await lines(learned)).toEqual([
      "one failed [0:a 1:b] ()",
      "one done [0:a] ()",
      "two failed [0:north] ()",
      "two done [0:south] ()",
    ]);
  });

  it("is one episode that failed at once, where the node has failTo", async () => {
    const learned = await experience();
    const graph = failingGraph(learned, "node");
    await graph.invoke(say("a b a"), thread);
    expect(await lines(learned)).toEqual(["one failed [0:a 1:b] (-1)"]);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one failed [0:a 1:b] (-1)", "one done [0:a] (1)"]);
  });

  it("is one episode that failed at once, where all nodes have failTo", async () => {
    const learned = await experience();
    const graph = failingGraph(learned, "defaults");
    await graph.invoke(say("a b a"), thread);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one failed [0:a 1:b] (-1)", "one done [0:a] (1)"]);
  });

  it("and gets new input before failTo had it stored leaves an episode that failed", async () => {
    const learned = await experience();
    const graph = failingGraph(learned, "node", () => {}, ["evaluate"]);
    await graph.invoke(say("a b"), thread);
    for (let turn = 0; turn < 2; turn++) await graph.invoke(say("a"), thread);
    await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual([
      "one failed [0:a 1:b] ()",
      "one truncated [0:a] ()",
      "one done [0:a] (1)",
    ]);
  });

  it("before it decided anything does not mark the next run as failed", async () => {
    const learned = await experience();
    const graph = failingGraph(
      learned,
      "defaults",
      failing(() => {}),
    );
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual([]);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] (1)"]);
  });

  it("because it was aborted, and gets new input, leaves an episode that was truncated", async () => {
    const learned = await experience();
    const stop = new AbortController();
    const tools = [
      named("a"),
      named("b", () => {
        stop.abort();
        return new Promise((resolve) => setTimeout(resolve, 1));
      }),
    ];
    const graph = agentGraph({ experience: learned, tools });
    await expect(graph.invoke(say("a b a"), { ...thread, signal: stop.signal })).rejects.toThrow(/abort/iu);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "one done [0:a] ()"]);
  });

  it("because it took too many steps, and gets new input, leaves an episode that was truncated", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    const short = { ...thread, recursionLimit: 6 };
    await expect(graph.invoke(say("a b c"), short)).rejects.toThrow(/recursion limit/iu);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "one done [0:a] ()"]);
  });

  it("ends as its option `end` says", async () => {
    const learned = await experience();
    const evaluator = { end: () => "aborted" as const };
    await agentGraph({ experience: learned, evaluator }).invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one aborted [0:a] ()"]);
  });
});

function failingGraph(
  { policy }: Experience,
  where: "node" | "defaults",
  luck = () => {},
  interruptBefore: "evaluate"[] = [],
) {
  const tools = new ToolNode(
    [
      named("a"),
      named(
        "b",
        failing(() => "done"),
      ),
    ],
    { handleToolErrors: false },
  );
  const model = new HabitModel(obey);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => {
      luck();
      return { messages: [await model.invoke(messages)] };
    })
    .addNode("jitrl", new JitRLNode({ policy, candidates: functionCandidates(() => []) }), JitRLNode.options)
    .addNode("tools", tools, where === "node" ? { errorHandler: failTo("evaluate"), ends: ["evaluate"] } : {})
    .addNode(
      "evaluate",
      new EvaluatorNode({ policy, reward: (_state, { end }) => (end === "failed" ? -1 : 1) }),
      EvaluatorNode.options,
    )
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END);
  if (where === "defaults") graph.setNodeDefaults({ errorHandler: failTo("evaluate") });
  return graph.compile({ checkpointer: new MemorySaver(), interruptBefore });
}

import { HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, functionCandidates, JitRLNode } from "../src/index.js";
import {
  agentGraph,
  calling,
  type Experience,
  experience,
  lines,
  named,
  onThread,
  rewarding,
  say,
  walk,
  walkGraph,
} from "./graphs.js";

const thread = onThread("one");
const asking = () => [named("a"), named("b", () => interrupt("really?")), named("c")];

/** After each call of a tool a person is asked, whose answer becomes a message of the user. */
function askingGraph({ policy }: Experience, ask = () => String(interrupt("what now?"))) {
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", ({ messages }) => ({
      messages: [messages.length < 5 ? calling(`step${messages.length}`) : calling()],
    }))
    .addNode("jitrl", new JitRLNode({ policy, candidates: functionCandidates(() => []) }), JitRLNode.options)
    .addNode("ask", () => ({ messages: [new HumanMessage(ask())] }))
    .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", ({ messages }) => (messages.length < 6 ? "ask" : "evaluate"), [
      "ask",
      "evaluate",
    ])
    .addEdge("ask", "agent")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver() });
}

describe("a run that is interrupted and resumed stays one episode", () => {
  it("in a tool, among steps before and after", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    await graph.invoke(say("a b c b a"), thread);
    expect(await lines(learned)).toEqual([]);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c 3:b 4:a] ()"]);
  });

  it("in one of several parallel tools", async () => {
    const learned = await experience();
    const tools = [rewarding("a", () => 1), named("b", () => interrupt("really?"))];
    const graph = agentGraph({ experience: learned, tools });
    await graph.invoke(say("a+b a"), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 0:b 1:a] (0:1 2:1)"]);
  });

  it("in a graph without messages", async () => {
    const learned = await experience();
    const graph = walkGraph({
      experience: learned,
      act: ({ taken }) => taken.length % 2 === 0 && interrupt("further?"),
    });
    await graph.invoke(walk(5, "north"), thread);
    await graph.invoke(new Command({ resume: true }), thread);
    await graph.invoke(new Command({ resume: true }), thread);
    expect(await lines(learned)).toEqual(["one done [0:north 1:north 2:north 3:north 4:north] ()"]);
  });

  it.each(["async", "sync"] as const)("under durability %s", async (durability) => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    const walks = walkGraph({
      experience: learned,
      act: ({ taken }) => taken.length === 1 && interrupt("?"),
    });
    const two = { ...onThread("two"), durability };
    await graph.invoke(say("a b c"), { ...thread, durability });
    await graph.invoke(new Command({ resume: "yes" }), { ...thread, durability });
    await walks.invoke(walk(2, "north"), two);
    await walks.invoke(new Command({ resume: "yes" }), two);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c] ()", "two done [0:north 1:north] ()"]);
  });

  it("under durability exit, which writes only when the call ends", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    const exit = { ...thread, durability: "exit" as const };
    await graph.invoke(say("a b c"), exit);
    await graph.invoke(new Command({ resume: "yes" }), exit);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c] ()"]);
  });

  it.each(["async", "exit"] as const)(
    "though a node speaks for the user within the call, under durability %s",
    async (durability) => {
      const learned = await experience();
      const graph = askingGraph(learned, () => "onwards");
      await graph.invoke(say("go"), { ...thread, durability });
      expect(await lines(learned)).toEqual(["one done [0:step1 1:step3] ()"]);
    },
  );

  it("and no checkpoint is read for it while nothing interrupts", async () => {
    const learned = await experience();
    const saver = new CountingSaver();
    const graph = agentGraph({ experience: learned, saver });
    await graph.invoke(say("a b c"), thread);
    await graph.invoke(say("a b c"), thread);
    expect(saver.reads).toBe(0);
  });

  it("when the answer becomes a message of the user", async () => {
    const learned = await experience();
    const graph = askingGraph(learned);
    await graph.invoke(say("go"), thread);
    await graph.invoke(new Command({ resume: "left" }), thread);
    await graph.invoke(new Command({ resume: "right" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:step1 1:step3] ()"]);
  });

  it("when resumed with an update, which is no new input", async () => {
    const learned = await experience();
    const graph = askingGraph(learned);
    await graph.invoke(say("go"), thread);
    const update = { messages: [new HumanMessage({ content: "by the way", id: "more" })] };
    await graph.invoke(new Command({ resume: "left", update }), thread);
    await graph.invoke(new Command({ resume: "right" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:step1 1:step4] ()"]);
  });

  it.each(["agent", "jitrl", "tools", "evaluate"] as const)("before and after %s", async (node) => {
    const learned = await experience();
    for (const [id, options] of [
      ["before", { interruptBefore: [node] }],
      ["after", { interruptAfter: [node] }],
    ] as const) {
      const graph = agentGraph({ experience: learned, ...options });
      await graph.invoke(say("a b"), onThread(id));
      while ((await graph.getState(onThread(id))).next.length > 0) await graph.invoke(null, onThread(id));
    }
    expect(await lines(learned)).toEqual(["before done [0:a 1:b] ()", "after done [0:a 1:b] ()"]);
  });

  it("when it is resumed in another process", async () => {
    const learned = await experience();
    const saver = new MemorySaver();
    const fresh = () => agentGraph({ experience: learned, saver, tools: asking() });
    await fresh().invoke(say("a b c"), thread);
    await fresh().invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c] ()"]);
  });

  it("when a person edits the state of the interrupted thread", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, interruptBefore: ["tools"] });
    await graph.invoke(say("a b"), thread);
    await graph.updateState(thread, { messages: [] }, "jitrl");
    while ((await graph.getState(thread)).next.length > 0) await graph.invoke(null, thread);
    const [episode] = await learned.episodes();
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()"]);
    expect(episode?.id).not.toContain("~");
  });

  it("when the source of candidates itself asks a person", async () => {
    const learned = await experience();
    const graph = walkGraph({
      experience: learned,
      jitrl: {
        candidates: functionCandidates(({ taken }) => [
          { action: taken.length === 1 ? String(interrupt("where to?")) : "north" },
        ]),
      },
    });
    await graph.invoke(walk(3), thread);
    await graph.invoke(new Command({ resume: "up" }), thread);
    expect(await lines(learned)).toEqual(["one done [0:north 1:up 2:north] ()"]);
  });

  it("when its checkpoints are written late", async () => {
    const learned = await experience();
    const saver = new LateSaver();
    const graph = agentGraph({ experience: learned, saver, interruptBefore: ["jitrl"] });
    const walks = walkGraph({
      experience: learned,
      saver,
      act: ({ taken }) => taken.length === 1 && interrupt("?"),
    });
    await graph.invoke(say("a b"), thread);
    while ((await graph.getState(thread)).next.length > 0) await graph.invoke(null, thread);
    await walks.invoke(walk(2, "north"), onThread("two"));
    await walks.invoke(walk(1, "south"), onThread("two"));
    await walks.invoke(new Command({ resume: "yes" }), onThread("two"));
    expect(await lines(learned)).toEqual([
      "one done [0:a 1:b] ()",
      "two truncated [0:north] ()",
      "two done [0:south] ()",
    ]);
  });
});

/** A saver that is slow to write, as one over a network is. */
class LateSaver extends MemorySaver {
  override async put(...args: Parameters<MemorySaver["put"]>): ReturnType<MemorySaver["put"]> {
    await new Promise((resolve) => setTimeout(resolve, 15));
    return super.put(...args);
  }
}

/** Counts how often one certain checkpoint is read, which LangGraph itself does only for time travel. */
class CountingSaver extends MemorySaver {
  reads = 0;

  override getTuple(...args: Parameters<MemorySaver["getTuple"]>): ReturnType<MemorySaver["getTuple"]> {
    if (args[0].configurable?.checkpoint_id !== undefined) this.reads++;
    return super.getTuple(...args);
  }
}

describe("new input on an interrupted run ends that run as truncated and begins another", () => {
  it.each(["async", "sync", "exit"] as const)("under durability %s", async (durability) => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    await graph.invoke(say("a b c"), { ...thread, durability });
    await graph.invoke(say("c"), { ...thread, durability });
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "one done [0:c] ()"]);
  });

  it.each(["async", "sync"] as const)(
    "in a graph without messages, under durability %s",
    async (durability) => {
      const learned = await experience();
      const graph = walkGraph({
        experience: learned,
        act: ({ taken }) => taken.length === 2 && interrupt("?"),
      });
      await graph.invoke(walk(3, "north"), { ...thread, durability });
      await graph.invoke(walk(1, "south"), { ...thread, durability });
      expect(await lines(learned)).toEqual(["one truncated [0:north 1:north] ()", "one done [0:south] ()"]);
    },
  );

  it("but without messages durability exit leaves no sign of it: the run goes on", async () => {
    const learned = await experience();
    const graph = walkGraph({
      experience: learned,
      act: ({ taken }) => taken.length === 2 && interrupt("?"),
    });
    const exit = { ...thread, durability: "exit" as const };
    await graph.invoke(walk(3, "north"), exit);
    await graph.invoke(walk(1, "south"), exit);
    expect(await lines(learned)).toEqual(["one done [0:north 1:north 2:south] ()"]);
  });

  it("when the second run decides nothing", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    const walks = walkGraph({
      experience: learned,
      act: ({ taken }) => taken.length === 1 && interrupt("?"),
    });
    await graph.invoke(say("a b c"), thread);
    await graph.invoke(say(""), thread);
    await walks.invoke(walk(3, "north"), onThread("two"));
    await walks.invoke(walk(0), onThread("two"));
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "two truncated [0:north] ()"]);
  });

  it("twice in a row", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    const walks = walkGraph({
      experience: learned,
      act: ({ taken }) => taken.length === 2 && interrupt("?"),
    });
    for (const text of ["a b c", "b a", "c"]) await graph.invoke(say(text), thread);
    for (const todo of [2, 3, 1]) await walks.invoke(walk(todo, `exit${todo}`), onThread("two"));
    expect(await lines(learned)).toEqual([
      "one truncated [0:a 1:b] ()",
      "one truncated [0:b] ()",
      "one done [0:c] ()",
      "two truncated [0:exit2 1:exit2] ()",
      "two truncated [0:exit3 1:exit3] ()",
      "two done [0:exit1] ()",
    ]);
  });

  it("when the second run is itself interrupted and resumed", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, tools: asking() });
    await graph.invoke(say("a b c"), thread);
    await graph.invoke(say("c b a"), thread);
    await graph.invoke(new Command({ resume: "yes" }), thread);
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] ()", "one done [0:c 1:b 2:a] ()"]);
  });

  it("with what its tools had earned, and the metadata of the thread, but not the reward of the other run", async () => {
    const learned = await experience();
    const tools = [rewarding("a", () => 3), named("b", () => interrupt("really?"))];
    const evaluator = { reward: () => 1, metadata: () => ({ user: "ann" }) };
    const graph = agentGraph({ experience: learned, tools, evaluator });
    await graph.invoke(say("a b"), thread);
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one truncated [0:a 1:b] (0:3)", "one done [0:a] (0:3 1)"]);
    expect((await learned.episodes()).map(({ metadata }) => metadata)).toEqual([
      { user: "ann" },
      { user: "ann" },
    ]);
  });

  it("when a run ended without an evaluator", async () => {
    const learned = await experience();
    const { policy } = learned;
    const State = Annotation.Root({ skip: Annotation<boolean>(), way: Annotation<string>() });
    const graph = new StateGraph(State)
      .addNode(
        "choose",
        new JitRLNode<typeof State.State>({
          policy,
          candidates: functionCandidates(() => [{ action: "north" }]),
          describeState: () => "here",
          apply: ({ action }) => ({ way: action }),
        }),
        JitRLNode.optionsFor(State),
      )
      .addNode("evaluate", new EvaluatorNode<typeof State.State>({ policy }), EvaluatorNode.optionsFor(State))
      .addEdge(START, "choose")
      .addConditionalEdges("choose", ({ skip }) => (skip ? END : "evaluate"), ["evaluate", END])
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
    for (const skip of [true, true, false]) await graph.invoke({ skip }, thread);
    expect(await lines(learned)).toEqual([
      "one truncated [0:north] ()",
      "one truncated [0:north] ()",
      "one done [0:north] ()",
    ]);
  });

  it("but a run that was interrupted before its first decision was none", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, interruptBefore: ["agent"] });
    await graph.invoke(say("a"), thread);
    await graph.invoke(say("b"), thread);
    while ((await graph.getState(thread)).next.length > 0) await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual(["one done [0:b] ()"]);
  });
});

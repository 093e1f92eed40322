import { AIMessage, HumanMessage } from "@langchain/core/messages";
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
import { humanInTheLoopMiddleware } from "langchain";
import { describe, expect, it } from "vitest";
import { EvaluatorNode, JitRLNode, refusedCall, rewriteToolCall } from "../src/index.js";
import { abc, anyOfAbc, learningAgent, ToolModel, told } from "./agents.js";
import { agentGraph, type Experience, experience, lines, obey, onThread, say } from "./graphs.js";

const plainLines = async (learned: Experience) =>
  (await lines(learned)).map((line) => line.replaceAll(/#[0-9a-f]{8}/gu, ""));

/** An agent whose calls a person looks at, and what came of it when they decided. */
async function reviewed(text: string, decisions: readonly object[][], inPlace: boolean) {
  const learned = await experience({ mode: "on", estimator: "plain" });
  const model = new ToolModel();
  const agent = learningAgent({
    experience: learned,
    model,
    jitrl: { ...(inPlace ? {} : { candidates: anyOfAbc }), reward: () => 1 },
    beside: [humanInTheLoopMiddleware({ interruptOn: { a: true, b: true } })],
  });
  let result = await agent.invoke({ messages: [new HumanMessage(text)] }, onThread("one"));
  for (const decided of decisions) {
    result = await agent.invoke(new Command({ resume: { decisions: decided } }), onThread("one"));
  }
  return { learned, said: result.messages.slice(1).map(told), messages: result.messages };
}

const approve = { type: "approve" };
const reject = { type: "reject", message: "better not" };
const edit = (name: string) => ({ type: "edit", editedAction: { name, args: {} } });

for (const inPlace of [true, false]) {
  const answer = (t: number) => (inPlace ? ` ${t}:(answer)` : "");

  describe(`a person who looks at calls, with candidates ${inPlace ? "in place" : "beside the call"}`, () => {
    it("and approves one changes nothing", async () => {
      const { learned, said } = await reviewed("a", [[approve]], inPlace);
      expect(said).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:a${answer(1)}] (1)`]);
    });

    it("and edits one has made that step", async () => {
      const { learned, said, messages } = await reviewed("a", [[edit("c")]], inPlace);
      expect(said).toEqual(["ai: →c", "tool: c is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:c?${answer(1)}] (1)`]);
      expect(await learned.episodes()).toMatchObject([
        {
          steps: [
            { action: expect.stringMatching(/^c#/u), payload: { name: "c" } },
            ...(inPlace ? [{}] : []),
          ],
        },
      ]);
      expect(JSON.stringify(messages)).not.toContain('"name":"a"');
    });

    it("and edits one in another process, where nobody has told of the tools yet, has made the same step", async () => {
      const [stayed, moved] = [await experience(), await experience()];
      const beside = [humanInTheLoopMiddleware({ interruptOn: { a: true } })];
      const jitrl = { ...(inPlace ? {} : { candidates: anyOfAbc }), reward: () => 1 };
      for (const learned of [stayed, moved]) {
        learned.policy.mode = "on";
        const saver = new MemorySaver();
        const first = learningAgent({ experience: learned, jitrl, beside, saver });
        const second =
          learned === stayed ? first : learningAgent({ experience: learned, jitrl, beside, saver });
        await first.invoke({ messages: [new HumanMessage("a")] }, onThread("one"));
        await second.invoke(new Command({ resume: { decisions: [edit("c")] } }), onThread("one"));
      }
      const actions = async ({ episodes }: Experience) =>
        (await episodes())[0]?.steps.map(({ action }) => action);
      expect((await actions(moved))?.[0]).toMatch(/^c#/u);
      expect(await actions(moved)).toEqual(await actions(stayed));
    });

    it("and rejects one makes it a step that earned a refusal", async () => {
      const { learned, said } = await reviewed("a b", [[reject], [approve]], inPlace);
      expect(said).toEqual(["ai: →a", "tool: better not", "ai: →b", "tool: b is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:a 1:b${answer(2)}] (0:-1 1)`]);
      const [episode] = await learned.episodes();
      expect(episode?.rewards[0]).toMatchObject({ source: "human:refusal", step: 0, value: -1 });
    });

    it("and rejects the last one is learned from too", async () => {
      const { learned, said } = await reviewed("a", [[reject]], inPlace);
      expect(said).toEqual(["ai: →a", "tool: better not", "ai: done"]);
      expect(await plainLines(learned)).toEqual([
        inPlace ? "one done [0:a 1:(answer)] (0:-1 1)" : "one done [0:a] (0:-1 1)",
      ]);
    });
  });
}

describe("several calls at once", () => {
  it("of which one is edited: that one alone is the person's", async () => {
    const { learned, said } = await reviewed("a+c", [[edit("b")]], false);
    expect(said.toSorted()).toEqual(["ai: done", "ai: →c →b", "tool: b is done", "tool: c is done"]);
    expect(await plainLines(learned)).toEqual(["one done [0:b? 0:c] (1)"]);
  });

  it("of which one is refused: the ones beside it were not made, and are no steps", async () => {
    const { learned } = await reviewed("a+b", [[reject, approve]], false);
    expect(await plainLines(learned)).toEqual(["one done [0:a] (0:-1 1)"]);
  });
});

describe("in a graph, a person who", () => {
  /** agent → jitrl → review → tools → agent, where the review is what a person resumes it with. */
  function reviewedGraph({ policy }: Experience, once = false) {
    const model = new ToolModel({ habit: obey });
    return new StateGraph(MessagesAnnotation)
      .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
      .addNode("jitrl", new JitRLNode({ policy, candidates: anyOfAbc, tools: abc }), JitRLNode.options)
      .addNode(
        "review",
        ({ messages }) => {
          const message = messages.at(-1);
          if (!AIMessage.isInstance(message) || !message.tool_calls?.[0]) throw new Error("Expected a call.");
          const name: unknown = interrupt(message.tool_calls[0].name);
          if (typeof name === "string") {
            return new Command({
              goto: "tools",
              update: { messages: [rewriteToolCall(message, { name, args: {} })] },
            });
          }
          const refused = refusedCall(message.tool_calls[0], { message: "no", reward: -2 });
          return new Command({ goto: "agent", update: { messages: [refused] } });
        },
        { ends: ["tools", "agent"] },
      )
      .addNode("tools", new ToolNode(abc))
      .addNode("evaluate", new EvaluatorNode({ policy, reward: () => 1, tools: abc }), EvaluatorNode.options)
      .addEdge(START, "agent")
      .addEdge("agent", "jitrl")
      .addConditionalEdges("jitrl", toolsCondition, { tools: "review", [END]: "evaluate" })
      .addEdge("tools", once ? "evaluate" : "agent")
      .addEdge("evaluate", END)
      .compile({ checkpointer: new MemorySaver() });
  }

  for (const once of [false, true]) {
    it(`edits a call has made that step, where the run ${once ? "ends with it" : "goes on"}`, async () => {
      const learned = await experience();
      const graph = reviewedGraph(learned, once);
      await graph.invoke(say("a"), onThread("one"));
      const { messages } = await graph.invoke(new Command({ resume: "c" }), onThread("one"));
      expect(messages.map(told).slice(1, 3)).toEqual(["ai: →c", "tool: c is done"]);
      expect(await lines(learned)).toEqual([expect.stringMatching(/^one done \[0:c#\w+\?\] \(1\)$/u)]);
    });
  }

  it("approves a call changes nothing", async () => {
    const learned = await experience();
    const graph = reviewedGraph(learned);
    await graph.invoke(say("a"), onThread("one"));
    await graph.invoke(new Command({ resume: "a" }), onThread("one"));
    expect(await plainLines(learned)).toEqual(["one done [0:a] (1)"]);
  });

  it("refuses a call with refusedCall makes it a step that earned it", async () => {
    const learned = await experience();
    const graph = reviewedGraph(learned);
    await graph.invoke(say("a b"), onThread("one"));
    await graph.invoke(new Command({ resume: { refused: true } }), onThread("one"));
    const { messages } = await graph.invoke(new Command({ resume: "b" }), onThread("one"));
    expect(messages.map(told).slice(1, 5)).toEqual(["ai: →a", "tool: no", "ai: →b", "tool: b is done"]);
    expect(await plainLines(learned)).toEqual(["one done [0:a 1:b] (0:-2 1)"]);
    expect((await learned.episodes())[0]?.rewards[0]).toMatchObject({ source: "human:refusal" });
  });

  it("edits the state of a graph that waits before its tools has made that step", async () => {
    const learned = await experience();
    const graph = agentGraph({
      experience: learned,
      evaluator: { reward: () => 1 },
      interruptBefore: ["tools"],
    });
    const { messages } = await graph.invoke(say("a b"), onThread("one"));
    const message = messages.at(-1);
    if (!AIMessage.isInstance(message)) throw new Error("Expected a call.");
    await graph.updateState(
      onThread("one"),
      { messages: [rewriteToolCall(message, { name: "c", args: {} })] },
      "jitrl",
    );
    await graph.invoke(null, onThread("one"));
    await graph.invoke(null, onThread("one"));
    expect(await plainLines(learned)).toEqual([expect.stringMatching(/^one done \[0:c\? 1:b\] \(1\)$/u)]);
  });
});

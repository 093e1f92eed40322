import { explain, type ModeByRun, type PolicyMode, softmax } from "@jitrl/core";
import { AIMessage, AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type DecisionMetadata,
  describeMessages,
  EvaluatorNode,
  functionCandidates,
  isJitRLEvent,
  type JitRLEvent,
  JitRLNode,
  type JitRLNodeOptions,
} from "../src/index.js";
import {
  agentGraph,
  calling,
  type Experience,
  experience,
  HabitModel,
  lines,
  named,
  onThread,
  say,
  walk,
  walkGraph,
} from "./graphs.js";

const thread = onThread("one");

/** A desk with one tool that notes what it was called with. */
function desk(
  { policy }: Experience,
  model: { invoke(messages: BaseMessage[]): Promise<AIMessage> },
  options: Partial<JitRLNodeOptions> = {},
) {
  const executed: unknown[] = [];
  const refund = tool(
    (args) => {
      executed.push(args);
      return "ok";
    },
    { name: "refund", description: "Pays back.", schema: z.object({ amount: z.number() }) },
  );
  const candidates = functionCandidates(() => [{ call: { name: "refund", args: { amount: 30 } }, logit: 1 }]);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode("jitrl", new JitRLNode({ policy, candidates, ...options }), JitRLNode.options)
    .addNode("tools", new ToolNode([refund]))
    .addNode("evaluate", new EvaluatorNode({ policy, reward: () => 1 }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver() });
  return { graph, executed };
}

/** Says this first, and then that it is done. */
function answering(first: AIMessage) {
  return new HabitModel(({ length }) => (length === 1 ? first : new AIMessage("Done.")));
}

const question = () => new HumanMessage("Please pay back order #4711");
const wrong = { name: "refund", args: { amount: 500 }, id: "call-1", type: "tool_call" as const };

/** Experience that speaks for `refund {"amount":30}` and against what the agent does. */
async function taught(options: Parameters<typeof experience>[0] = {}) {
  const learned = await experience({ mode: "on", explorationBonus: 0, ...options });
  const state = describeMessages([question()]);
  const describedBy = "messages/1";
  await learned.policy.learn({
    describedBy,
    id: "good",
    steps: [{ state, action: 'refund {"amount":30}', reward: 2 }],
  });
  await learned.policy.learn({
    describedBy,
    id: "bad",
    steps: [{ state, action: 'refund {"amount":500}', reward: -2 }],
  });
  return learned;
}

describe("a call that is replaced", () => {
  it("is executed with its new arguments, under the same ids, and leaves nothing of the old one", async () => {
    const learned = await taught();
    const model = answering(new AIMessage({ id: "said", content: "I pay back.", tool_calls: [wrong] }));
    const { graph, executed } = desk(learned, model);
    const { messages } = await graph.invoke({ messages: [question()] }, thread);
    expect(executed).toEqual([{ amount: 30 }]);
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(messages[1]).toMatchObject({
      id: "said",
      content: "I pay back.",
      tool_calls: [{ name: "refund", args: { amount: 30 }, id: "call-1", type: "tool_call" }],
    });
    expect(messages[2]).toMatchObject({ tool_call_id: "call-1", content: "ok" });
    const { id } = (await learned.episodes())[2]!;
    const metadata: DecisionMetadata = {
      episodeId: id,
      step: 0,
      stepId: (await learned.episodes())[2]!.steps[0]!.id,
      action: 'refund {"amount":30}',
      chosenBy: "policy",
      decision: {
        mode: "on",
        reason: "learned",
        baseAction: 'refund {"amount":500}',
        propensity: 1,
        kl: expect.closeTo(Math.log(2)) as number,
        evidence: 2,
      },
    };
    expect(messages[1]?.response_metadata).toEqual({ jitrl: metadata });
    expect((await lines(learned))[2]).toBe('one done [0:refund {"amount":30}*] (1)');
  });

  it("is replaced in a streamed message too", async () => {
    const learned = await taught();
    const chunk = new AIMessageChunk({
      id: "said",
      content: "",
      tool_call_chunks: [
        { name: "refund", args: '{"amount":500}', id: "call-1", index: 0, type: "tool_call_chunk" },
      ],
    });
    const { graph, executed } = desk(learned, answering(chunk));
    const { messages } = await graph.invoke({ messages: [question()] }, thread);
    expect(executed).toEqual([{ amount: 30 }]);
    expect(messages).toHaveLength(4);
    expect(JSON.stringify(messages[1])).not.toContain('"amount":500');
  });

  it("stands in mode shadow, and the decision says what would have been chosen", async () => {
    const learned = await taught({ mode: "shadow" });
    const model = answering(new AIMessage({ content: "", tool_calls: [wrong] }));
    const { graph, executed } = desk(learned, model);
    const decisions: JitRLEvent[] = [];
    for await (const event of await graph.stream(
      { messages: [question()] },
      { ...thread, streamMode: "custom" },
    )) {
      if (isJitRLEvent(event)) decisions.push(event);
    }
    expect(executed).toEqual([{ amount: 500 }]);
    expect(decisions[0]).toMatchObject({
      decision: { preferredAction: 'refund {"amount":30}', chosen: { action: 'refund {"amount":500}' } },
    });
    expect((await lines(learned))[2]).toBe('one done [0:refund {"amount":500}] (1)');
  });
});

describe("in mode off", () => {
  const askedIn = async (mode: PolicyMode | ModeByRun) => {
    const learned = await experience({ mode });
    const asked: string[] = [];
    const decisions: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      candidates: functionCandidates((_state, { call }) => {
        asked.push(call?.name ?? "");
        return [{ call: { name: "c", args: {} } }];
      }),
    });
    for await (const event of await graph.stream(say("a b"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event) && event.type === "jitrl:decision") decisions.push(event);
    }
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()"]);
    return { asked, decisions };
  };

  it("the source of candidates is not asked, and the decision says why the call stands", async () => {
    const { asked, decisions } = await askedIn("off");
    expect(asked).toEqual([]);
    expect(decisions).toMatchObject([
      { decision: { mode: "off", reason: "off", candidates: [{ action: "a", logit: 0, propensity: 1 }] } },
      { decision: { mode: "off", reason: "off", candidates: [{ action: "b", logit: 0, propensity: 1 }] } },
    ]);
  });

  it("of some calls only, it is asked beside the others", async () => {
    const { asked, decisions } = await askedIn((_run, base) => (base?.action === "a" ? "off" : "shadow"));
    expect(asked).toEqual(["b"]);
    expect(decisions).toMatchObject([{ decision: { mode: "off" } }, { decision: { mode: "shadow" } }]);
  });
});

describe("a call that stands", () => {
  it("is annotated, with all that the message held", async () => {
    const learned = await experience();
    const said = new AIMessage({
      id: "said",
      content: [{ type: "text", text: "hm" }],
      name: "helper",
      tool_calls: [{ ...wrong }],
      invalid_tool_calls: [
        { name: "refund", args: "{", id: "call-2", error: "no JSON", type: "invalid_tool_call" },
      ],
      additional_kwargs: { kept: 1 },
      response_metadata: { output: ["kept"], model: "m" },
      usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    });
    const { graph } = desk(learned, answering(said));
    const { messages } = await graph.invoke({ messages: [question()] }, thread);
    const { response_metadata, ...rest } = messages[1]!.toDict().data as {
      response_metadata: Record<string, unknown>;
    };
    const { jitrl, ...others } = response_metadata;
    const { response_metadata: before, ...expected } = said.toDict().data as typeof rest & {
      response_metadata: object;
    };
    expect(rest).toEqual(expected);
    expect(others).toEqual(before);
    expect(jitrl).toMatchObject({ action: 'refund {"amount":500}', chosenBy: "base" });
  });

  it("is none in a message without calls, which passes untouched and is no step", async () => {
    const learned = await experience();
    const said = new AIMessage({ id: "said", content: "Hello." });
    const { graph } = desk(learned, { invoke: async () => said });
    const { messages } = await graph.invoke({ messages: [question()] }, thread);
    expect(messages).toHaveLength(2);
    expect(messages[1]).toBe(said);
    expect(messages[1]?.response_metadata).toEqual({});
  });

  it.each([
    ["candidates", { candidates: () => Promise.reject(new Error("no candidates")) }],
    ["payload", { candidates: () => [{ action: "up", logit: 0, payload: "up" }] }],
    [
      "logit",
      { candidates: functionCandidates(() => [{ call: { name: "b", args: {} }, logit: Number.NaN }]) },
    ],
  ])("with the step marked as fallback, where the source of candidates fails: %s", async (_name, options) => {
    const learned = await experience();
    const told: unknown[] = [];
    const events: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      jitrl: { ...options, onError: (error) => told.push(error) },
    });
    for await (const event of await graph.stream(say("a"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event)) events.push(event);
    }
    expect(await lines(learned)).toEqual(["one done [0:a!] ()"]);
    expect(told).toHaveLength(1);
    expect(events.map(({ type }) => type)).toEqual(["jitrl:error", "jitrl:episode"]);
  });

  it.each([
    ["describeState", { describeState: fail }],
    ["actionKey", { actionKey: fail }],
  ])("and is no step, where it cannot be told apart: %s", async (_name, options) => {
    const learned = await experience();
    const told: unknown[] = [];
    const graph = agentGraph({
      experience: learned,
      jitrl: { ...options, onError: (error) => told.push(error) },
    });
    const { messages } = await graph.invoke(say("a"), thread);
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(await lines(learned)).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("where the memory is closed, and where only the observation fails", async () => {
    const learned = await experience({ mode: "on" });
    const graph = agentGraph({ experience: learned, jitrl: { observe: fail } });
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
    await learned.policy.memory.close();
    const { messages } = await graph.invoke(say("b"), thread);
    expect(messages.map(({ type }) => type).slice(4)).toEqual(["human", "ai", "tool", "ai"]);
    const { values } = await graph.getState(thread);
    expect(values.jitrl.unsent).toHaveLength(1);
  });

  it("is an error where the last message is not the agent's", async () => {
    const { policy } = await experience();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode(
        "jitrl",
        new JitRLNode({ policy, candidates: functionCandidates(() => []) }),
        JitRLNode.options,
      )
      .addEdge(START, "jitrl")
      .compile();
    await expect(graph.invoke(say("a"))).rejects.toMatchObject({ code: "invalid-input" });
  });
});

function fail(): never {
  throw new Error("no luck");
}

describe("an observation", () => {
  it("is kept with the step if asked for", async () => {
    const learned = await experience();
    const graph = walkGraph({
      experience: learned,
      jitrl: { observe: ({ taken }) => ({ seen: taken.length }) },
    });
    await graph.invoke(walk(2, "north"), thread);
    const [episode] = await learned.episodes();
    expect(episode?.steps.map(({ observation }) => observation)).toEqual([{ seen: 0 }, { seen: 1 }]);
  });
});

describe("the stream", () => {
  it("of mode custom tells of decisions and episodes, among what other nodes write", async () => {
    const learned = await taught();
    const model = answering(new AIMessage({ content: "", tool_calls: [wrong] }));
    const { graph } = desk(learned, model);
    const events: unknown[] = [];
    const stream = await graph.stream({ messages: [question()] }, { ...thread, streamMode: "custom" });
    for await (const event of stream) events.push(event);
    expect(events.every(isJitRLEvent)).toBe(true);
    expect([{ type: "mine" }, null, "jitrl:decision", {}].some(isJitRLEvent)).toBe(false);
    const [decided, stored] = events.filter(isJitRLEvent);
    const { id } = (await learned.episodes())[2]!;
    if (decided?.type !== "jitrl:decision") throw new Error("Expected a decision first.");
    expect(decided).toMatchObject({ episodeId: id, step: 0 });
    expect(softmax(decided.decision.candidates.map(({ logit }) => logit))).toEqual([0.5, 0.5]);
    expect(explain(decided.decision).replaceAll(/\s+/gu, " ")).toContain(
      'refund {"amount":30} instead of refund {"amount":500}: experience speaks for it.',
    );
    expect(stored).toEqual({
      type: "jitrl:episode",
      receipt: { status: "stored", episodeId: id, revision: 1 },
      steps: 1,
      rewards: 1,
    });
  });

  it("tells of what happens in subgraphs as well", async () => {
    const learned = await experience();
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", agentGraph({ experience: learned, saver: false }))
      .addEdge(START, "work")
      .compile();
    const types: unknown[] = [];
    const stream = await graph.stream(say("a"), { ...thread, streamMode: "custom", subgraphs: true });
    for await (const [, event] of stream) types.push(event.type);
    expect(types).toEqual(["jitrl:decision", "jitrl:episode"]);
  });

  it("of mode messages shows the agent's own call, which streamed before the node could replace it", async () => {
    const learned = await taught();
    const model = new HabitModel((messages) =>
      messages.length === 1
        ? new AIMessage({ id: "said", content: "", tool_calls: [{ ...wrong }] })
        : new AIMessage({ id: "end", content: "Done." }),
    );
    const { graph, executed } = desk(learned, model);
    const shown: unknown[] = [];
    const stream = await graph.stream({ messages: [question()] }, { ...thread, streamMode: "messages" });
    for await (const [message] of stream) {
      shown.push(AIMessage.isInstance(message) ? [message.id, message.tool_calls?.[0]?.args] : message.type);
    }
    expect(shown).toEqual([["said", { amount: 500 }], "tool", ["end", undefined]]);
    expect(executed).toEqual([{ amount: 30 }]);
  });

  it("of mode messages shows nothing of models that candidates and rewards ask", async () => {
    const learned = await experience();
    const judge = new HabitModel(() => new AIMessage({ content: "7" }));
    const graph = agentGraph({
      experience: learned,
      habit: (messages) =>
        messages.length === 1 ? calling("a") : new AIMessage({ id: "end", content: "Done." }),
      tools: [named("a")],
      candidates: functionCandidates(async () => {
        await judge.invoke("which?");
        return [];
      }),
      evaluator: { reward: async () => Number((await judge.invoke("how good?")).text) },
    });
    const shown: string[] = [];
    for await (const [message] of await graph.stream(say("go"), { ...thread, streamMode: "messages" })) {
      shown.push(message.text);
    }
    expect(shown).toEqual(["", "a is done", "Done."]);
    expect(judge.calls).toBe(2);
    expect(await lines(learned)).toEqual(["one done [0:a] (7)"]);
  });
});

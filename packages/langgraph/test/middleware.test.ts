import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { createAgent, createMiddleware, providerStrategy, toolStrategy } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { functionCandidates, isJitRLEvent } from "../src/index.js";
import { type AgentState, jitrlMiddleware } from "../src/middleware/index.js";
import { abc, anyOfAbc, converse, learningAgent, ToolModel, told } from "./agents.js";
import { calling, experience, lines, named, obey, onThread, rewarding } from "./graphs.js";

/** One line of an episode without the fingerprints of tools. */
const plain = (line: string) => line.replaceAll(/#[0-9a-f]{8}/gu, "");
const told1 = async (learned: Awaited<ReturnType<typeof experience>>) => (await lines(learned)).map(plain);

const likesB = ({ messages }: { messages: { text: string }[] }) =>
  messages.some(({ text }) => text === "b is done") ? 1 : -1;

describe("an agent with the middleware alone", () => {
  it("learns from one run to the next, and asks its model no more often than without", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const model = new ToolModel({ ideas: ["b"] });
    const agent = learningAgent({ experience: learned, model, jitrl: { reward: likesB } });
    expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
    expect(await converse(agent, "a", onThread("two"))).toEqual(["ai: →b", "tool: b is done", "ai: done"]);

    const without = new ToolModel();
    await createAgent({ model: without, tools: abc }).invoke({ messages: [new HumanMessage("a")] });
    expect(model.asked).toHaveLength(2 * without.asked.length);
    expect(model.proposed).toBe(model.asked.length);
    expect(await told1(learned)).toEqual([
      "one done [0:a 1:(answer)] (-1)",
      expect.stringMatching(/^two done \[0:b\* 1:\(answer\)\*?\] \(1\)$/u),
    ]);
  });

  it("says nothing of the proposal in the message that it makes of it", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const agent = learningAgent({ experience: learned });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("a")] }, onThread("one"));
    expect(messages.map(told)).toEqual(["human: a", "ai: →a", "tool: a is done", "ai: done"]);
    expect(JSON.stringify(messages)).not.toMatch(/propose_|Let me think/u);
    expect(messages[1]?.response_metadata).toMatchObject({
      jitrl: { step: 0, chosenBy: "base", decision: { mode: "on", reason: "no-evidence" } },
    });
    expect(JSON.stringify(messages)).not.toContain("features");
  });

  it("lets the agent do as ever where proposing fails, and says so", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const errors: unknown[] = [];
    const model = new ToolModel({ proposals: () => "nonsense" });
    const jitrl = { onError: (error: unknown) => errors.push(error), reward: () => 1 };
    const agent = learningAgent({ experience: learned, model, jitrl });
    expect(await converse(agent, "a+b", onThread("one"))).toEqual([
      "ai: →a →b",
      "tool: a is done",
      "tool: b is done",
      "ai: done",
    ]);
    expect(errors).toEqual([
      expect.objectContaining({ code: "candidates-failed" }),
      expect.objectContaining({ code: "candidates-failed" }),
    ]);
    expect(await told1(learned)).toEqual(["one done [0:a! 0:b! 1:(answer)!] (1)"]);
  });

  it("executes only what is bound and what a schema takes, whatever is proposed", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const errors: unknown[] = [];
    const count = tool(({ n }) => `counted to ${n}`, {
      name: "count",
      description: "Counts.",
      schema: z.object({ n: z.number().int() }),
    });
    const source = functionCandidates(() => [
      { call: { name: "a", args: {} }, logit: 99 },
      { call: { name: "count", args: { n: "many" } }, logit: 98 },
      { call: { name: "count", args: { n: 2 } }, logit: 1 },
      { call: { name: "gone", args: {} }, logit: 97 },
    ]);
    const candidates = Object.assign(source, { inPlaceOfCall: true });
    const model = new ToolModel({ habit: () => calling("b") });
    const jitrl = { candidates, onError: (error: unknown) => errors.push(error) };
    const agent = learningAgent({ experience: learned, model, tools: [count], jitrl });
    const { messages } = await agent
      .invoke({ messages: [new HumanMessage("go")] }, { ...onThread("one"), recursionLimit: 6 })
      .catch(async () => (await agent.graph.getState(onThread("one"))).values);
    expect(messages.map(told).slice(1, 3)).toEqual(["ai: →count", "tool: counted to 2"]);
    expect(errors).toEqual([]);
  });

  it("works with a source that weighs the agent's own call", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const agent = learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc, reward: likesB } });
    expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
    expect(await converse(agent, "a", onThread("two"))).toEqual(["ai: →b", "tool: b is done", "ai: done"]);
    expect(await told1(learned)).toEqual(["one done [0:a] (-1)", "two done [0:b*] (1)"]);
  });

  it("keeps several calls at once, each a step", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const agent = learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc, reward: () => 1 } });
    expect(await converse(agent, "a+b c", onThread("one"))).toEqual([
      "ai: →a →b",
      "tool: a is done",
      "tool: b is done",
      "ai: →c",
      "tool: c is done",
      "ai: done",
    ]);
    expect(await told1(learned)).toEqual(["one done [0:a 0:b 1:c] (1)"]);
  });

  it("makes several calls at once that were proposed as one step", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const agent = learningAgent({ experience: learned, jitrl: { reward: () => 1 } });
    expect(await converse(agent, "a+b", onThread("one"))).toEqual([
      "ai: →a →b",
      "tool: a is done",
      "tool: b is done",
      "ai: done",
    ]);
    expect(await told1(learned)).toEqual(["one done [0:a + b 1:(answer)] (1)"]);
  });

  it("survives a source and a memory that fail", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    await learned.policy.memory.close();
    const errors: unknown[] = [];
    const candidates = () => Promise.reject(new Error("no idea"));
    const jitrl = { candidates, onError: (error: unknown) => errors.push(error) };
    const agent = learningAgent({ experience: learned, jitrl });
    expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
    expect(errors).toEqual([
      expect.objectContaining({ code: "candidates-failed" }),
      expect.objectContaining({ code: "memory-closed" }),
    ]);
  });

  it("works without a checkpointer", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const agent = createAgent({
      model: new ToolModel(),
      tools: abc,
      middleware: [jitrlMiddleware({ policy: learned.policy, reward: () => 1 })],
    });
    await agent.invoke({ messages: [new HumanMessage("a b")] });
    expect(await told1(learned)).toEqual(["- done [0:a 1:b 2:(answer)] (1)"]);
  });

  it("refuses options that cannot work", () => {
    expect(() => jitrlMiddleware({ policy: undefined as never })).toThrow(/policy/u);
  });
});

describe("modes", () => {
  it("change nothing in shadow, but tell what would have been", async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const on = learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc, reward: likesB } });
    await converse(on, "a", onThread("one"));
    learned.policy.mode = "shadow";
    const model = new ToolModel({ ideas: ["b"] });
    const agent = learningAgent({ experience: learned, model });
    const events: unknown[] = [];
    const stream = await agent.stream(
      { messages: [new HumanMessage("a")] },
      { ...onThread("two"), streamMode: ["custom", "messages"] },
    );
    const words: string[] = [];
    for await (const [mode, chunk] of stream) {
      if (mode === "custom") events.push(chunk);
      else if (chunk[0].text) words.push(chunk[0].text);
    }
    expect(words).toEqual(["a is done", "done"]);
    expect(events.filter(isJitRLEvent)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: "jitrl:decision",
          decision: expect.objectContaining({
            mode: "shadow",
            chosen: expect.objectContaining({ payload: { name: "a", args: {} } }),
            preferredAction: expect.stringMatching(/^b#/u),
          }),
        }),
      ]),
    );
    // The agent's own calls, and a proposal for each that calls a tool.
    expect([model.asked.length, model.proposed]).toEqual([3, 1]);
  });

  it("ask nothing more when off, and are learned from all the same", async () => {
    const learned = await experience({ mode: "off" });
    const model = new ToolModel();
    const agent = learningAgent({ experience: learned, model, jitrl: { reward: () => 1 } });
    await converse(agent, "a", onThread("one"));
    expect([model.asked.length, model.proposed]).toEqual([2, 0]);
    expect(await told1(learned)).toEqual(["one done [0:a 1:(answer)] (1)"]);
  });

  it("may depend on the run", async () => {
    const learned = await experience({
      mode: ({ metadata, threadId }) => (metadata?.tenant === "acme" && threadId === "two" ? "on" : "off"),
    });
    const model = new ToolModel();
    const agent = learningAgent({ experience: learned, model });
    await converse(agent, "a", onThread("one"));
    expect(model.proposed).toBe(0);
    await converse(agent, "a", { ...onThread("two"), metadata: { tenant: "acme" } });
    expect(model.proposed).toBe(2);
  });
});

describe("rewards and metadata", () => {
  it("come from tools, a function and the config, as in a graph", async () => {
    const learned = await experience();
    const agent = learningAgent({
      experience: learned,
      tools: [rewarding("a", () => 0.5), ...abc.slice(1)],
      jitrl: {
        candidates: anyOfAbc,
        reward: ({ messages }, { steps }) => steps.map(() => messages.length),
        metadata: (_state, config) => ({ user: config.configurable?.user }),
      },
    });
    await converse(agent, "a b", { configurable: { thread_id: "one", user: "ada" } });
    expect(await told1(learned)).toEqual(["one done [0:a 1:b] (0:0.5 0:6 1:6)"]);
    expect((await learned.episodes())[0]?.metadata).toEqual({ user: "ada" });
  });

  it("count for the run that gave them, turn by turn", async () => {
    const learned = await experience();
    const agent = learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc, reward: () => 1 } });
    for (const text of ["a", "b c", "thanks"]) await converse(agent, text, onThread("one"));
    expect(await told1(learned)).toEqual(["one done [0:a] (1)", "one done [0:b 1:c] (1)"]);
  });
});

describe("a run that is cut short", () => {
  it("by an error of the model is settled as failed with the next one", async () => {
    const learned = await experience();
    let broken = true;
    const model = new ToolModel({
      habit: (messages) => {
        if (broken && messages.at(-1)?.type === "tool") throw new Error("the model is away");
        return obey(messages);
      },
    });
    const agent = learningAgent({
      experience: learned,
      model,
      tools: [rewarding("a", () => 0.5)],
      jitrl: { candidates: anyOfAbc, reward: () => 1 },
    });
    await expect(converse(agent, "a", onThread("one"))).rejects.toThrow("the model is away");
    expect(await told1(learned)).toEqual([]);
    broken = false;
    await converse(agent, "a", onThread("one"));
    expect(await told1(learned)).toEqual(["one failed [0:a] (0:0.5)", "one done [0:a] (0:0.5 1)"]);
  });

  it("by an abort or a limit is settled as truncated", async () => {
    const learned = await experience();
    const abort = new AbortController();
    const agent = learningAgent({
      experience: learned,
      tools: [named("a", () => abort.abort()), abc[1]!],
      jitrl: { candidates: anyOfAbc, reward: () => 1 },
    });
    await expect(converse(agent, "a b", { ...onThread("one"), signal: abort.signal })).rejects.toThrow();
    await expect(converse(agent, "b b b", { ...onThread("one"), recursionLimit: 6 })).rejects.toThrow(
      "Recursion limit",
    );
    await converse(agent, "b", onThread("one"));
    expect(await told1(learned)).toEqual([
      expect.stringMatching(/^one (?:truncated|failed) \[0:a\] \(\)$/u),
      expect.stringMatching(/^one truncated \[0:b 1:b\] \(\)$/u),
      "one done [0:b] (1)",
    ]);
  });

  it("by a tool that fails goes on as the same run when it is resumed", async () => {
    const learned = await experience();
    let broken = true;
    const once = named("c", () => {
      if (broken) throw new Error("broken");
      return "mended";
    });
    const agent = createAgent({
      model: new ToolModel(),
      tools: [abc[0]!, once],
      middleware: [
        jitrlMiddleware({ policy: learned.policy, candidates: anyOfAbc, reward: () => 1 }),
        createMiddleware({ name: "rethrow", wrapToolCall: (request, handler) => handler(request) }),
      ],
      checkpointer: new MemorySaver(),
    });
    await expect(converse(agent, "a c", onThread("one"))).rejects.toThrow("broken");
    broken = false;
    await agent.graph.invoke(null, onThread("one"));
    expect(await told1(learned)).toEqual(["one done [0:a 1:c] (1)"]);
  });

  it("by an interrupt is one run with what comes after", async () => {
    const learned = await experience();
    const asking = named("c", () => interrupt("may I?"));
    const agent = learningAgent({
      experience: learned,
      tools: [abc[0]!, asking],
      jitrl: { candidates: anyOfAbc, reward: () => 1 },
    });
    await converse(agent, "a c", onThread("one"));
    expect(await told1(learned)).toEqual([]);
    const { messages } = await agent.invoke(new Command({ resume: "yes" }), onThread("one"));
    expect(messages.map(told)).toContain("tool: yes");
    expect(await told1(learned)).toEqual(["one done [0:a 1:c] (1)"]);
  });

  it("and forked has an episode for each branch", async () => {
    const learned = await experience();
    const agent = learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc, reward: () => 1 } });
    await converse(agent, "a b", onThread("one"));
    const history = [];
    for await (const snapshot of agent.graph.getStateHistory(onThread("one"))) history.push(snapshot);
    const beforeSecond = history.filter(({ next }) => next.includes("JitRL.before_model")).at(-2);
    await agent.graph.invoke(null, beforeSecond!.config);
    expect(await told1(learned)).toEqual(["one done [0:a 1:b] (1)", "one done [0:a 1:b] (1)"]);
  });
});

describe("structured answers", () => {
  const format = z.object({ verdict: z.string() });
  const extract = (messages: Parameters<typeof obey>[0], tools: readonly string[]) => {
    const next = obey(messages);
    const name = tools.find((one) => one.startsWith("extract"));
    if ((next.tool_calls ?? []).length > 0 || !name) return next;
    const call = { name, args: { verdict: "done" }, id: "extract-1" };
    return Object.assign(calling("x"), { tool_calls: [{ ...call, type: "tool_call" as const }] });
  };

  for (const [source, candidates] of Object.entries({ "in place": undefined, "beside the call": anyOfAbc })) {
    it(`by a tool come as without the middleware, with candidates ${source}`, async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      const model = new ToolModel({ habit: (messages, { tools }) => extract(messages, tools) });
      const agent = createAgent({
        model,
        tools: abc,
        responseFormat: toolStrategy(format),
        middleware: [
          jitrlMiddleware({
            policy: learned.policy,
            ...(candidates ? { candidates } : {}),
            reward: ({ structuredResponse }) => (structuredResponse ? 1 : -1),
          }),
        ],
        checkpointer: new MemorySaver(),
      });
      const result = await agent.invoke({ messages: [new HumanMessage("a")] }, onThread("one"));
      expect(result.structuredResponse).toEqual({ verdict: "done" });
      const answer = candidates ? "" : " 1:(answer)";
      expect(await told1(learned)).toEqual([`one done [0:a${answer}] (1)`]);
    });

    it(`by the provider come as without the middleware, with candidates ${source}`, async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      const model = new ToolModel({
        habit: (messages) => {
          const next = obey(messages);
          if ((next.tool_calls ?? []).length === 0) next.content = '{"verdict":"done"}';
          return next;
        },
      });
      const agent = createAgent({
        model,
        tools: abc,
        responseFormat: providerStrategy(format),
        middleware: [jitrlMiddleware({ policy: learned.policy, ...(candidates ? { candidates } : {}) })],
      });
      const result = await agent.invoke({ messages: [new HumanMessage("a")] });
      expect(result.structuredResponse).toEqual({ verdict: "done" });
      expect(result.messages.map(told).slice(1, 3)).toEqual(["ai: →a", "tool: a is done"]);
    });
  }
});

it("shows functions the keys of the agent's own state that they name", async () => {
  const learned = await experience({ mode: "on", estimator: "plain" });
  const stateSchema = z.object({ order: z.string() });
  const seen: unknown[] = [];
  const agent = createAgent({
    model: new ToolModel(),
    tools: abc,
    stateSchema,
    middleware: [
      jitrlMiddleware<AgentState & z.infer<typeof stateSchema>>({
        policy: learned.policy,
        stateSchema,
        describeState: ({ order, messages }) => `${order} after ${messages.length}`,
        reward: (state) => {
          seen.push(state.messages.length, state.order);
          return 1;
        },
      }),
    ],
  });
  const result = await agent.invoke({ messages: [new HumanMessage("a")], order: "lamp" });
  expect(result.order).toBe("lamp");
  expect(seen).toEqual([4, "lamp"]);
  expect(
    (await learned.episodes())[0]?.steps.map(({ state }) => Object.values(state.features)[0]?.tokens),
  ).toEqual([
    ["lamp", "after", "1"],
    ["lamp", "after", "3"],
  ]);
});

it("keeps its state to itself: no result has it", async () => {
  const learned = await experience({ mode: "on", estimator: "plain" });
  const agent = learningAgent({ experience: learned });
  const result = await agent.invoke({ messages: [new HumanMessage("a")] }, onThread("one"));
  expect(Object.keys(result)).toEqual(["messages"]);
  expect(JSON.stringify(result)).not.toContain("trajectory");
  expect((await agent.graph.getState(onThread("one"))).values).toHaveProperty("_jitrl.current", null);
});

it("is not needed by those who use the nodes only: the main entry imports neither langchain nor zod", () => {
  const folder = join(import.meta.dirname, "../src");
  const sources = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(20);
  const imports = sources.flatMap((name) => {
    const source = readFileSync(join(folder, name), "utf8");
    return [...source.matchAll(/from "([^"]+)"/gu)].map(([, from]) => from);
  });
  expect(imports).toContain("@langchain/langgraph");
  expect(imports.filter((from) => /^(?:langchain|zod)(?:\/|$)|middleware/u.test(from ?? ""))).toEqual([]);
});

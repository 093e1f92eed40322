import { type Candidate, softmax } from "@jitrl/core";
import { AIMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../../test/property-seed.ts";
import {
  ANSWER_ACTION,
  type BoundTool,
  callsFromPayload,
  combineCandidates,
  functionCandidates,
  JitRLNode,
  type ModelQuestion,
  readAnswer,
  sampledCandidates,
  toolCallKey,
  toolNameKey,
  type VerbalizedCandidatesOptions,
  verbalizedCandidates,
} from "../src/index.js";
import { own, ScoringModel, tools } from "./candidate-source-suite.js";
import { experience, named, say } from "./graphs.js";

interface Asked {
  readonly candidates: readonly Candidate[];
  readonly question: ModelQuestion;
}

/** Asks a source for candidates, in the place where the agent's model answers as given. */
async function ask(
  answer: unknown,
  options: VerbalizedCandidatesOptions & {
    bound?: readonly BoundTool[];
    actionKey?: typeof toolCallKey;
  } = {},
): Promise<Asked> {
  const { bound = tools, actionKey = toolCallKey, ...more } = options;
  const questions: ModelQuestion[] = [];
  const candidates = await verbalizedCandidates(more)({
    state: say("Pay back!"),
    tools: bound,
    actionKey,
    config: {},
    ask: async (question) => {
      questions.push(question);
      if (answer instanceof Error) throw answer;
      return answer instanceof AIMessage ? answer : calling(question, answer);
    },
  });
  const [question] = questions;
  if (!question || questions.length > 1) throw new Error(`Asked ${questions.length} times.`);
  return { candidates, question };
}

/** The message of a model that calls the tool that it was asked to call. */
function calling({ toolChoice }: ModelQuestion, ...args: unknown[]): AIMessage {
  const name = typeof toolChoice === "object" ? toolChoice.function.name : "";
  const tool_calls = args.map((one, i) => ({ name, args: Object(one), id: `p${i}` }));
  return new AIMessage({ content: "", tool_calls });
}

function step(calls: readonly (readonly [string, unknown])[], score: unknown, answer: unknown = "") {
  return {
    calls: calls.map(([tool, args]) => ({
      tool,
      arguments: typeof args === "string" ? args : JSON.stringify(args),
    })),
    answer,
    score,
  };
}

function shares(candidates: readonly Candidate[]): Record<string, number> {
  const probabilities = softmax(candidates.map(({ logit }) => logit));
  return Object.fromEntries(
    candidates.map(({ action }, i) => [action, Math.round(probabilities[i]! * 1000) / 1000]),
  );
}

const north = ["ship", { from: "north" }] as const;
const south = ["ship", { from: "south" }] as const;
const wait = ["wait", {}] as const;

it.each([
  ["verbalizedCandidates", verbalizedCandidates()],
  ["sampledCandidates", sampledCandidates()],
  [
    "combined",
    combineCandidates(
      functionCandidates(() => []),
      verbalizedCandidates(),
    ),
  ],
])(
  "a JitRLNode refuses a source that asks the agent's model, and says what to do: %s",
  async (_name, candidates) => {
    const { policy } = await experience();
    expect(() => new JitRLNode({ policy, candidates })).toThrow(
      expect.objectContaining({
        code: "invalid-input",
        message: expect.stringMatching(/Give the source a `model`/u),
      }),
    );
  },
);

describe("verbalizedCandidates in the place of the agent's call", () => {
  it("ask once, with the agent's messages and settings, for a call of one tool", async () => {
    const { question } = await ask(
      { proposals: [step([wait], 1)] },
      { instructions: "Be generous.", count: 2 },
    );
    expect(Object.keys(question).sort()).toEqual(["toolChoice", "tools"]);
    expect(question.tools).toHaveLength(1);
    const [tool] = question.tools ?? [];
    const text = JSON.stringify(tool);
    expect(tool).toMatchObject({ type: "function", function: { name: "propose_next_steps" } });
    expect(question.toolChoice).toEqual({ type: "function", function: { name: "propose_next_steps" } });
    for (const part of ["- refund: Pays back.", "north", "Be generous.", "Up to 2"])
      expect(text).toContain(part);
    expect(verbalizedCandidates().inPlaceOfCall).toBe(true);
    expect(verbalizedCandidates({ model: new ScoringModel({}) }).inPlaceOfCall).toBeUndefined();
  });

  it("keep what is said of the tool itself within what APIs allow, however many tools there are", async () => {
    const bound = Array.from({ length: 100 }, (_, i) => named(`tool_${i}`));
    const { question } = await ask({ proposals: [step([["tool_7", {}]], 1)] }, { bound });
    expect(question.tools?.[0]).toMatchObject({
      function: { description: expect.toSatisfy((text: string) => text.length <= 1024) },
    });
  });

  it("take a name that none of the agent's tools has", async () => {
    const { question } = await ask(
      { proposals: [step([["propose_next_steps", {}]], 1)] },
      {
        bound: [named("propose_next_steps")],
      },
    );
    expect(question.toolChoice).toEqual({ type: "function", function: { name: "propose_next_steps_" } });
  });

  it("give each step the share of its score, the likeliest first", async () => {
    const { candidates } = await ask({
      proposals: [step([north], 20), step([wait], 50), step([], 30, "It is on its way.")],
    });
    expect(candidates[0]?.action).toBe("wait");
    expect(shares(candidates)).toEqual({ wait: 0.5, [ANSWER_ACTION]: 0.3, 'ship {"from":"north"}': 0.2 });
  });

  it("carry the answer's text where it is inline, and none where it is streamed", async () => {
    const inline = await ask({ proposals: [step([wait], 1), step([], 2, " Done. ")] });
    expect(inline.candidates.map(({ payload }) => readAnswer(payload))).toEqual([
      { text: "Done." },
      undefined,
    ]);
    const streamed = await ask(
      { proposals: [step([wait], 1, false), step([], 2, true)] },
      { answer: "stream" },
    );
    expect(streamed.candidates.map(({ payload }) => readAnswer(payload))).toEqual([{}, undefined]);
  });

  it("leave out an answer without text where it should be inline, and a step that is nothing", async () => {
    const { candidates } = await ask({ proposals: [step([], 90), step([], 80, true), step([wait], 1)] });
    expect(candidates.map(({ action }) => action)).toEqual(["wait"]);
    const streamed = await ask(
      { proposals: [step([], 90, false), step([], 90, "false"), step([wait], 1)] },
      { answer: "stream" },
    );
    expect(streamed.candidates.map(({ action }) => action)).toEqual(["wait"]);
  });

  it("take the calls of a step that says something besides", async () => {
    const { candidates } = await ask({ proposals: [step([wait], 1, "One moment.")] });
    expect(candidates.map(({ action }) => action)).toEqual(["wait"]);
  });

  it("keep calls that are made at once as one action, whatever their order", async () => {
    const { candidates } = await ask({
      proposals: [step([north, wait], 30), step([wait, north], 30), step([wait], 40)],
    });
    expect(shares(candidates)).toEqual({ 'ship {"from":"north"} + wait': 0.6, wait: 0.4 });
    expect(callsFromPayload(candidates[0]?.payload)).toEqual([
      { name: "ship", args: { from: "north" } },
      { name: "wait", args: {} },
    ]);
  });

  it("leave out a set of calls of which one cannot be made", async () => {
    const { candidates } = await ask({
      proposals: [step([north, ["explode", {}]], 90), step([north, ["ship", "{"]], 90), step([wait], 1)],
    });
    expect(candidates.map(({ action }) => action)).toEqual(["wait"]);
  });

  it.each([
    ["missing", undefined],
    ["no number", "very good"],
    ["empty", " "],
    ["not finite", Number.NaN],
    ["a list", [50]],
  ])("leave out a step whose score is %s", async (_name, score) => {
    const { candidates } = await ask({ proposals: [step([north], score), step([wait], 1)] });
    expect(candidates.map(({ action }) => action)).toEqual(["wait"]);
  });

  it("read scores beyond the scale as its ends, add up those of one action, and lift those that are all 0", async () => {
    const beyond = await ask({ proposals: [step([north], 1000), step([wait], "50"), step([south], -3)] });
    expect(shares(beyond.candidates)).toEqual({
      'ship {"from":"north"}': 0.645,
      wait: 0.323,
      'ship {"from":"south"}': 0.032,
    });
    const twice = await ask({ proposals: [step([wait], 10), step([north], 40), step([wait], 50)] });
    expect(shares(twice.candidates)).toEqual({ wait: 0.6, 'ship {"from":"north"}': 0.4 });
    const none = await ask({ proposals: [step([wait], 0), step([north], 0)] });
    expect(shares(none.candidates)).toEqual({ wait: 0.5, 'ship {"from":"north"}': 0.5 });
  });

  it.each([
    ["tools that are not bound", ["explode", {}]],
    ["arguments that the schema refuses", ["refund", { amount: -1 }]],
    ["arguments that are no JSON", ["ship", '{"from":']],
    ["arguments that are no object", ["ship", '["north"]']],
    ["numbers that JSON has no room for", ["refund", '{"amount":1e999}']],
  ] as const)("leave out steps with %s", async (_name, wrong) => {
    const { candidates } = await ask({ proposals: [step([wrong], 99), step([wait], 1)] });
    expect(candidates.map(({ action }) => action)).toEqual(["wait"]);
  });

  it("keep the best calls that were asked for, and the answer besides", async () => {
    const { candidates } = await ask(
      { proposals: [step([wait], 10), step([north], 60), step([], 5, "Hi"), step([south], 20)] },
      { count: 2 },
    );
    expect(candidates.map(({ action }) => action)).toEqual([
      'ship {"from":"north"}',
      'ship {"from":"south"}',
      ANSWER_ACTION,
    ]);
  });

  it("execute the one with the highest score of those with one key", async () => {
    const { candidates } = await ask(
      { proposals: [step([north], 10), step([south], 20), step([], 1, "No."), step([], 2, "Yes.")] },
      { actionKey: toolNameKey },
    );
    expect(candidates.map(({ payload }) => payload)).toEqual([
      { name: "ship", args: { from: "south" } },
      { answer: { text: "Yes." } },
    ]);
  });

  it("understand lists in texts, calls without a list, and a tool that is called twice", async () => {
    const text = await ask({ proposals: JSON.stringify([step([wait], 1)]) });
    expect(text.candidates.map(({ action }) => action)).toEqual(["wait"]);
    const short = await ask({ proposals: [{ tool: "wait", arguments: {}, score: 1 }] });
    expect(short.candidates.map(({ action }) => action)).toEqual(["wait"]);
    const question = { toolChoice: { type: "function", function: { name: "propose_next_steps" } } } as const;
    const twice = await ask(
      calling(question, { proposals: [step([wait], 1)] }, { proposals: [step([north], 3)] }),
    );
    expect(shares(twice.candidates)).toEqual({ 'ship {"from":"north"}': 0.75, wait: 0.25 });
  });

  const wrong: [string, unknown, RegExp][] = [
    [
      "nothing that can be carried out",
      { proposals: [step([["explode", {}]], 1)] },
      /found 1 proposals and none/u,
    ],
    ["an empty list", { proposals: [] }, /found 0 proposals/u],
    ["no list", { proposals: "none" }, /found a call without them/u],
    ["nothing", {}, /found a call without them/u],
    ["a text", new AIMessage("I would wait."), /found no call/u],
    [
      "a call of a tool of its own making",
      new AIMessage({ content: "", tool_calls: [{ name: "wait", args: {}, id: "1" }] }),
      /or of another tool/u,
    ],
    [
      "a call that was cut off",
      new AIMessage({
        content: "",
        invalid_tool_calls: [{ name: "propose_next_steps", args: '{"proposals":[', id: "1", error: "cut" }],
      }),
      /no JSON, perhaps cut off/u,
    ],
  ];
  it.each(wrong)("fail where the model answers with %s", async (_name, answer, message) => {
    await expect(ask(answer)).rejects.toMatchObject({
      code: "candidates-failed",
      message: expect.stringMatching(message),
    });
  });

  it("pass on what goes wrong with the agent's model", async () => {
    await expect(ask(new Error("no quota"))).rejects.toThrow("no quota");
  });

  it("leave agents alone whose tools cannot be proposed, without asking", async () => {
    const request = {
      state: say("x"),
      actionKey: toolCallKey,
      config: {},
      ask: () => Promise.reject(new Error("asked")),
    };
    const source = verbalizedCandidates();
    const hosted = [...tools, { type: "web_search_20250305", name: "web_search" }];
    await expect(source({ ...request, tools: hosted })).rejects.toThrow(/web_search_20250305/u);
    expect(await source({ ...request, tools: [] })).toEqual([]);
  });

  it("say where they cannot work", async () => {
    const request = { state: say("x"), call: own, actionKey: toolCallKey, tools, config: {} };
    await expect(verbalizedCandidates()(request)).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("verbalizedCandidates({ model, tools })"),
    });
  });

  it("make something that can be executed, or a clear error, of whatever a model writes", async () => {
    const leaf = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(
        "ship",
        "wait",
        "refund",
        '{"from":"north"}',
        "{}",
        "[]",
        "null",
        "",
        "50",
        50,
        0,
        -1,
        1e308,
      ),
      fc.constantFrom(
        '{"__proto__":{"polluted":1}}',
        '{"constructor":1}',
        "\u0000",
        "\ud800",
        "[".repeat(5000),
      ),
    );
    const call = fc.record({ tool: leaf, arguments: leaf }, { requiredKeys: [] });
    const calls = fc.oneof(leaf, fc.array(fc.oneof(leaf, call), { maxLength: 3 }));
    const proposal = fc.oneof(
      leaf,
      fc.record({ calls, answer: leaf, score: leaf, tool: leaf, arguments: leaf }, { requiredKeys: [] }),
    );
    const answer = fc.oneof(
      leaf,
      fc.record({ proposals: fc.oneof(leaf, fc.array(proposal, { maxLength: 4 })) }),
    );
    const mode = fc.constantFrom("inline" as const, "stream" as const);
    await fc.assert(
      fc.asyncProperty(answer, mode, async (written, answer) => {
        const { candidates } = await ask(written, { answer }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: "candidates-failed" });
          return { candidates: undefined };
        });
        if (!candidates) return;
        expect(candidates.length).toBeGreaterThan(0);
        expect(new Set(candidates.map(({ action }) => action)).size).toBe(candidates.length);
        for (const { logit, payload } of candidates) {
          expect(logit).toSatisfy(Number.isFinite);
          const names = callsFromPayload(payload)?.map(({ name }) => name) ?? ["answer"];
          for (const name of names) expect(["refund", "ship", "wait", "answer"]).toContain(name);
        }
        expect(Object.prototype).not.toHaveProperty("polluted");
      }),
      { numRuns: 300 },
    );
  });
});

import { type Candidate, JitRLError, softmax } from "@jitrl/core";
import { describe, expect, it } from "vitest";
import {
  functionCandidates,
  isJitRLEvent,
  type JitRLEvent,
  JitRLNode,
  toolCallKey,
  toolNameKey,
  type VerbalizedCandidatesOptions,
  verbalizedCandidates,
} from "../src/index.js";
import { own, ScoringModel, tools } from "./candidate-source-suite.js";
import { agentGraph, experience, lines, named, onThread, say, type Walk, walk, walkGraph } from "./graphs.js";

const thread = onThread("one");

function alternative(name: string, args: unknown, score: unknown) {
  return { tool: name, arguments: typeof args === "string" ? args : JSON.stringify(args), score };
}

/** The share of each action, as the base policy has it. */
async function shares(
  answer: unknown,
  options: Partial<VerbalizedCandidatesOptions> = {},
  actionKey = toolCallKey,
) {
  const source = verbalizedCandidates({ model: new ScoringModel(answer), tools, ...options });
  const candidates = await source({ state: say("Pay back!"), call: own, actionKey, config: {} });
  return Object.fromEntries(shareOf(candidates));
}

function shareOf(candidates: readonly Candidate[]): [string, number][] {
  const probabilities = softmax(candidates.map(({ logit }) => logit));
  return candidates.map(({ action }, i) => [action, Math.round(probabilities[i]! * 1000) / 1000]);
}

describe("verbalizedCandidates beside the agent's call", () => {
  it("gives each call the share of its score", async () => {
    const alternatives = [alternative("ship", { from: "north" }, 60), alternative("wait", {}, 20)];
    expect(await shares({ own_score: 20, alternatives })).toEqual({
      'refund {"amount":30}': 0.2,
      'ship {"from":"north"}': 0.6,
      wait: 0.2,
    });
  });

  it("carries complete calls, the agent's own with its own arguments", async () => {
    const source = verbalizedCandidates({
      model: new ScoringModel({
        own_score: 1,
        alternatives: [alternative("refund", { amount: 30.0 }, 5), alternative("wait", {}, 1)],
      }),
      tools,
    });
    const call = { name: "refund", args: { amount: 30, note: "as agreed" } };
    const candidates = await source({ state: say("x"), call, actionKey: toolNameKey, config: {} });
    expect(candidates.map(({ payload }) => payload)).toEqual([call, { name: "wait", args: {} }]);
  });

  it.each([
    ["tools that are not bound", alternative("explode", {}, 50)],
    ["arguments that a Zod schema refuses", alternative("refund", { amount: -1 }, 50)],
    ["arguments that a JSON schema refuses", alternative("ship", { from: "east" }, 50)],
    ["arguments that are missing", alternative("ship", {}, 50)],
    ["arguments that are no JSON", alternative("ship", '{"from":', 50)],
    ["arguments that are no object", alternative("ship", '["north"]', 50)],
    ["no tool", { arguments: "{}", score: 50 }],
    ["no score", { tool: "wait", arguments: "{}" }],
    ["a score that is no number", alternative("wait", {}, "very good")],
    ["a score that is not finite", alternative("wait", {}, Number.NaN)],
    ["nothing", null],
    ["a text", "wait"],
  ])("leaves out proposals with %s", async (_name, wrong) => {
    const answer = { own_score: 50, alternatives: [wrong, alternative("ship", { from: "south" }, 50)] };
    expect(await shares(answer)).toEqual({ 'refund {"amount":30}': 0.5, 'ship {"from":"south"}': 0.5 });
  });

  it("reads scores beyond the scale as its ends, and numbers in texts", async () => {
    const alternatives = [alternative("wait", {}, 1000), alternative("ship", { from: "north" }, "50")];
    expect(await shares({ own_score: 50, alternatives })).toEqual({
      'refund {"amount":30}': 0.25,
      wait: 0.5,
      'ship {"from":"north"}': 0.25,
    });
  });

  it("takes arguments that are already an object", async () => {
    const alternatives = [{ tool: "ship", arguments: { from: "north" }, score: 50 }];
    expect(await shares({ own_score: 50, alternatives })).toHaveProperty('ship {"from":"north"}', 0.5);
  });

  it("makes all equal where all scores are 0", async () => {
    const alternatives = [alternative("wait", {}, 0)];
    expect(await shares({ own_score: 0, alternatives })).toEqual({ 'refund {"amount":30}': 0.5, wait: 0.5 });
  });

  it("keeps calls with one key as one candidate, whose scores add up", async () => {
    const alternatives = [
      alternative("wait", {}, 10),
      alternative("ship", { from: "north" }, 20),
      alternative("wait", {}, 30),
    ];
    expect(await shares({ own_score: 40, alternatives })).toEqual({
      'refund {"amount":30}': 0.4,
      wait: 0.4,
      'ship {"from":"north"}': 0.2,
    });
  });

  it("takes a proposal of the agent's own call for its score, where that one is missing", async () => {
    const alternatives = [alternative("refund", { amount: 30 }, 75), alternative("wait", {}, 25)];
    expect(await shares({ alternatives })).toEqual({ 'refund {"amount":30}': 0.75, wait: 0.25 });
    expect(await shares({ own_score: 25, alternatives })).toEqual({ 'refund {"amount":30}': 0.5, wait: 0.5 });
  });

  it("takes the agent's own call for as good as the best, where nothing scores it", async () => {
    const alternatives = [alternative("wait", {}, 60), alternative("ship", { from: "north" }, 30)];
    expect(await shares({ own_score: null, alternatives })).toEqual({
      'refund {"amount":30}': 0.4,
      wait: 0.4,
      'ship {"from":"north"}': 0.2,
    });
  });

  it("executes the one with the highest score of the calls with one key", async () => {
    const model = new ScoringModel({
      own_score: 1,
      alternatives: [alternative("ship", { from: "north" }, 10), alternative("ship", { from: "south" }, 20)],
    });
    const source = verbalizedCandidates({ model, tools });
    const candidates = await source({ state: say("x"), call: own, actionKey: toolNameKey, config: {} });
    expect(candidates[1]?.payload).toEqual({ name: "ship", args: { from: "south" } });
  });

  it("goes by the tools that are bound now, where they are known", async () => {
    const model = new ScoringModel({
      own_score: 1,
      alternatives: [alternative("wait", {}, 1), alternative("nap", {}, 1)],
    });
    const source = verbalizedCandidates({ model, tools });
    const bound = [named("nap")];
    const candidates = await source({
      state: say("x"),
      call: own,
      tools: bound,
      actionKey: toolNameKey,
      config: {},
    });
    expect(candidates.map(({ action }) => action)).toEqual(["refund", "nap"]);
    expect(model.prompts[0]).not.toContain("- wait");
  });

  it("keeps the best of more proposals than were asked for, and is content with fewer", async () => {
    const alternatives = [alternative("ship", { from: "north" }, 10), alternative("wait", {}, 50)];
    expect(await shares({ own_score: 50, alternatives }, { count: 1 })).toEqual({
      'refund {"amount":30}': 0.5,
      wait: 0.5,
    });
    expect(await shares({ own_score: 50, alternatives: [] })).toEqual({ 'refund {"amount":30}': 1 });
  });

  it.each([
    ["nothing", {}],
    ["no list", { own_score: 1, alternatives: "none" }],
  ])("fails where the model answers with %s", async (_name, answer) => {
    await expect(shares(answer)).rejects.toMatchObject({ code: "candidates-failed" });
  });

  it("tells the model the tools, the conversation, the call and the instructions", async () => {
    const model = new ScoringModel({ own_score: 1, alternatives: [] });
    const source = verbalizedCandidates({ model, tools, instructions: "Be generous.", count: 2 });
    await source({ state: say("Pay back order 7!"), call: own, actionKey: toolCallKey, config: {} });
    for (const part of [
      "- refund: Pays back.",
      '"enum":["north","south"]',
      "human: Pay back order 7!",
      'refund {"amount":30}',
      "Be generous.",
      "up to 2",
    ]) {
      expect(model.prompts[0]).toContain(part);
    }
  });

  it("wants tools and a count, and a call to score", async () => {
    const model = new ScoringModel({});
    expect(() => verbalizedCandidates({ model, tools: [] })).toThrow(/Expected the tools/u);
    expect(() => verbalizedCandidates({ model, tools, count: 0 })).toThrow(/integer ≥ 1/u);
    const source = verbalizedCandidates({ model, tools });
    await expect(source({ state: say("x"), actionKey: toolCallKey, config: {} })).rejects.toMatchObject({
      code: "invalid-input",
    });
  });
});

describe("verbalizedCandidates in a graph", () => {
  const abc = ["a", "b", "c"].map((name) => named(name));

  it("ask the model once a step, and nothing of that is in the stream of messages", async () => {
    const learned = await experience();
    const model = new ScoringModel({ own_score: 50, alternatives: [alternative("c", {}, 50)] });
    const graph = agentGraph({
      experience: learned,
      candidates: verbalizedCandidates({ model, tools: abc }),
    });
    const shown: string[] = [];
    for await (const [message] of await graph.stream(say("a b"), { ...thread, streamMode: "messages" })) {
      shown.push(`${message.type} ${message.text}`.trim());
    }
    expect(shown).toEqual(["ai", "tool a is done", "ai", "tool b is done", "ai done"]);
    expect(model.prompts).toHaveLength(2);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()"]);
  });

  it("leave the agent's own call where the model fails", async () => {
    const learned = await experience();
    const cause = new Error("no quota");
    const model = new ScoringModel(cause, { maxRetries: 0 });
    const told: unknown[] = [];
    const events: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      candidates: verbalizedCandidates({ model, tools: abc }),
      jitrl: { onError: (error) => told.push(error) },
    });
    for await (const event of await graph.stream(say("a"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event)) events.push(event);
    }
    expect(await lines(learned)).toEqual(["one done [0:a!] ()"]);
    expect(told).toEqual([expect.objectContaining({ code: "candidates-failed", cause })]);
    expect(events[0]).toEqual({
      type: "jitrl:error",
      code: "candidates-failed",
      message: "The source of candidates failed: no quota",
    });
  });
});

describe("functionCandidates", () => {
  it("that do not list the agent's own call leave it no less than a logit of 0", async () => {
    const learned = await experience();
    const decisions: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      candidates: functionCandidates(() => [{ call: { name: "b", args: {} }, logit: -3 }]),
    });
    for await (const event of await graph.stream(say("a"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event)) decisions.push(event);
    }
    expect(decisions[0]).toMatchObject({
      decision: {
        candidates: [
          { action: "a", logit: 0 },
          { action: "b", logit: -3 },
        ],
      },
    });
  });

  it("list complete calls, among which the agent's own need not be", async () => {
    const learned = await experience();
    const decisions: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      candidates: functionCandidates(({ messages }, { call }) => {
        expect(messages.at(-1)?.type).toBe("human");
        expect(call).toMatchObject({ name: "a", args: {} });
        return [{ call: { name: "b", args: {} }, logit: 2 }, { call: { name: "c", args: {} } }];
      }),
    });
    for await (const event of await graph.stream(say("a"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event)) decisions.push(event);
    }
    expect(decisions[0]).toMatchObject({
      decision: {
        baseAction: "a",
        candidates: [
          { action: "a", logit: 2 },
          { action: "b", logit: 2 },
          { action: "c", logit: 0 },
        ],
      },
    });
  });

  it("that list the agent's own call say how likely it is, but not what its arguments are", async () => {
    const learned = await experience();
    const decisions: JitRLEvent[] = [];
    const graph = agentGraph({
      experience: learned,
      candidates: functionCandidates(() => [{ call: { name: "a", args: { more: 1 } }, logit: -3 }]),
      jitrl: { actionKey: toolNameKey },
    });
    for await (const event of await graph.stream(say("a"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event)) decisions.push(event);
    }
    expect(decisions[0]).toMatchObject({
      decision: {
        chosen: { action: "a", payload: { name: "a", args: {} } },
        candidates: [{ action: "a", logit: -3 }],
      },
    });
  });

  it("need list none", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, candidates: functionCandidates(() => []) });
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
  });

  it("choose the likeliest in a graph without messages, and hand its payload to apply", async () => {
    const learned = await experience();
    const graph = walkGraph({
      experience: learned,
      jitrl: {
        candidates: functionCandidates(async () => [
          { action: "north", payload: { metres: 5 } },
          { action: "south", logit: 1, payload: { metres: 7 } },
        ]),
        apply: ({ action, payload, decision }, { taken }) => {
          expect(decision.chosen).toMatchObject({ action, payload });
          return { taken: [...taken, `${action} ${JSON.stringify(payload)}`] };
        },
      },
    });
    const { taken } = await graph.invoke(walk(1), thread);
    expect(taken).toEqual(['south {"metres":7}']);
    expect((await learned.episodes())[0]?.steps[0]).toMatchObject({
      action: "south",
      payload: { metres: 7 },
    });
  });

  it.each([
    [
      "are none",
      functionCandidates<typeof Walk.State>(() => []),
      "candidates-failed",
      /at least one candidate/u,
    ],
    [
      "cannot be told",
      functionCandidates<typeof Walk.State>(() => {
        throw new Error("no map");
      }),
      "candidates-failed",
      /The source of candidates failed: no map/u,
    ],
  ] as const)(
    "in a graph without messages are an error where they %s",
    async (_name, candidates, code, message) => {
      const learned = await experience();
      const graph = walkGraph({ experience: learned, jitrl: { candidates } });
      const error = await graph.invoke(walk(1), thread).catch((thrown: unknown) => thrown);
      expect(JitRLError.isInstance(error) && error.code).toBe(code);
      expect(error).toHaveProperty("message", expect.stringMatching(message));
    },
  );

  it("and apply want describeState", async () => {
    const { policy } = await experience();
    const candidates = functionCandidates(() => []);
    expect(() => new JitRLNode({ policy, candidates, apply: () => ({}) })).toThrow(
      /Expected describeState beside apply/u,
    );
  });
});

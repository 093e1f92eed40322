import { createPolicy, InMemoryExperienceStore, JitRLError, openMemory } from "@jitrl/core";
import { HumanMessage } from "@langchain/core/messages";
import { createTrajectoryLLMAsJudge, trajectoryStrictMatch, trajectorySubset } from "agentevals";
import { createLLMAsJudge, exactMatch } from "openevals";
import { describe, expect, it } from "vitest";
import { type Evaluator, fromOpenevals, llmEvaluator, rescore, scorePending } from "../src/index.js";
import { agentGraph, experience, line, lines, named, onThread, rewarding, say, scan } from "./graphs.js";
import { JudgeModel, runOf, scoring, stepOf } from "./judges.js";

const thread = onThread("one");

/** An evaluator that gives every step the same. */
function always(value: number, source: Evaluator["source"] = "judge:always"): Evaluator {
  return { source, evaluate: ({ steps }) => steps.map((_, step) => ({ step, value })) };
}

describe("an evaluator as reward", () => {
  it("is asked once an episode, sees the run in words, and its reasons are kept", async () => {
    const learned = await experience();
    const model = scoring();
    const tools = [named("a", () => "a brought this"), rewarding("b", () => 5)];
    const graph = agentGraph({ experience: learned, tools, evaluator: { reward: llmEvaluator({ model }) } });
    await graph.invoke(say("a b"), thread);
    expect(model.asked).toHaveLength(1);
    expect(model.asked[0]).toContain("<task>a b</task>");
    expect(model.asked[0]).toContain("<result>a brought this</result>");
    expect(model.asked[0]).toContain("step 1: 5 (environment:tool)");
    const [episode] = await learned.episodes();
    expect(line(episode!)).toBe("one done [0:a 1:b] (1:5 0:0 1:0.1)");
    expect(episode?.rewards.slice(1)).toMatchObject([
      { source: "judge:llm", reason: "because of 0" },
      { source: "judge:llm", reason: "because of 1" },
    ]);
    expect(episode).not.toHaveProperty("awaiting");
    expect(episode?.transcript).toMatchObject({ task: "a b", outcome: "done" });
  });

  it("shows nothing of itself in the stream of messages", async () => {
    const learned = await experience();
    const reward = llmEvaluator({ model: scoring() });
    const graph = agentGraph({ experience: learned, evaluator: { reward } });
    const nodes = new Set<unknown>();
    for await (const [, metadata] of await graph.stream(say("a"), { ...thread, streamMode: "messages" })) {
      nodes.add(metadata?.langgraph_node);
    }
    expect(nodes).not.toContain("evaluate");
  });

  it("that fails leaves the episode unscored, says so, and can judge it later from what is stored", async () => {
    const learned = await experience();
    const told: unknown[] = [];
    const model = new JudgeModel((_prompt, call) =>
      call < 2 ? "no idea" : { scores: [{ step: 0, reason: "at last", score: 1 }] },
    );
    const reward = llmEvaluator({ model });
    const evaluator = { reward, onError: (error: unknown) => told.push(error) };
    const graph = agentGraph({ experience: learned, evaluator });
    expect((await graph.invoke(say("a b"), thread)).messages.at(-1)?.text).toBe("done");
    expect(told).toEqual([
      expect.objectContaining({ code: "reward-failed", message: expect.stringContaining("scorePending") }),
    ]);
    const [before] = await learned.episodes();
    expect(before).toMatchObject({ rewards: [], awaiting: ["judge:llm"] });
    const { memory } = learned.policy;
    expect(await scorePending({ memory, evaluator: always(9) })).toMatchObject({ judged: 0 });
    expect(await scorePending({ memory, evaluator: reward })).toEqual({ judged: 1, skipped: 0, failed: [] });
    expect(model.asked[2]).toContain("<task>a b</task>");
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (0:1)"]);
    expect((await learned.episodes())[0]).not.toHaveProperty("awaiting");
    expect(await scorePending({ memory, evaluator: reward })).toMatchObject({ judged: 0, failed: [] });
  });

  it.each([
    ["a step that is not there", [{ step: 9, value: 1 }]],
    ["no number", [{ value: Number.NaN }]],
  ])("that gives %s is told, and the episode awaits it", async (_name, rewards) => {
    const learned = await experience();
    const told: unknown[] = [];
    const evaluator = {
      reward: { source: "judge:x" as const, evaluate: () => rewards },
      onError: (error: unknown) => told.push(error),
    };
    await agentGraph({ experience: learned, evaluator }).invoke(say("a"), thread);
    expect((await learned.episodes())[0]).toMatchObject({ rewards: [], awaiting: ["judge:x"] });
    expect(told).toHaveLength(1);
  });

  it("also judges what new input cut off, by its own words", async () => {
    const learned = await experience();
    const model = scoring(() => 1);
    const graph = agentGraph({
      experience: learned,
      interruptBefore: ["tools"],
      evaluator: { reward: llmEvaluator({ model }) },
    });
    await graph.invoke(say("a"), thread);
    await graph.invoke({ messages: [new HumanMessage("")] }, thread);
    await graph.invoke(say("b"), thread);
    await graph.invoke(null, thread);
    expect((await lines(learned)).sort()).toEqual(["one done [0:b] (0:1)", "one truncated [0:a] (0:1)"]);
    expect(model.asked.map((prompt) => /<task>(.*)<\/task>/u.exec(prompt)?.[1]).sort()).toEqual(["a", "b"]);
  });

  it("keeps no words where that is not wanted, and nothing else does", async () => {
    const learned = await experience();
    await agentGraph({
      experience: learned,
      evaluator: { reward: always(1), transcript: false },
    }).invoke(say("a"), thread);
    await agentGraph({ experience: learned, evaluator: { reward: () => 1 } }).invoke(say("b"), thread);
    for (const episode of await learned.episodes()) expect(episode).not.toHaveProperty("transcript");
  });
});

describe("scoring what is stored", () => {
  const steps = ["a", "b"].map((action) => ({ state: `at ${action}`, action }));

  async function stored(count = 3) {
    const store = new InMemoryExperienceStore();
    const policy = createPolicy({ memory: await openMemory({ store }) });
    for (let i = 0; i < count; i++) {
      await policy.learn({ id: `e${i}`, threadId: `t${i}`, steps, awaiting: ["judge:always"] });
    }
    return {
      memory: policy.memory,
      rewards: async () => (await scan(store)).map((episode) => line(episode)),
    };
  }

  it("again puts the new rewards in the place of the old, and leaves those of others", async () => {
    const { memory, rewards } = await stored(2);
    await memory.feedback("e0", { reward: 7, step: 0 });
    await scorePending({ memory, evaluator: always(1) });
    expect(await rescore({ memory, evaluator: always(2), selector: { threadId: "t0" } })).toMatchObject({
      judged: 1,
    });
    expect(await rewards()).toEqual(["t0 done [0:a 1:b] (0:7 0:2 1:2)", "t1 done [0:a 1:b] (0:1 1:1)"]);
    // The same again changes no revision.
    expect(await rescore({ memory, evaluator: always(2), selector: { threadId: "t0" } })).toMatchObject({
      judged: 1,
    });
    for await (const { revision } of memory.episodes({ episodeId: "e0" })) expect(revision).toBe(4);
  });

  it("again after revoking reaches those only of which nothing counts, if wanted", async () => {
    const { memory } = await stored();
    await scorePending({ memory, evaluator: always(1) });
    await memory.revoke({ source: "judge:always", selector: { threadId: "t1" } });
    const judged: string[] = [];
    const evaluator: Evaluator = {
      source: "judge:always",
      evaluate: ({ episodeId, rewards }) => {
        judged.push(episodeId);
        expect(rewards).toEqual([]);
        return [{ value: 3 }];
      },
    };
    await rescore({ memory, evaluator, which: "unscored" });
    expect(judged).toEqual(["e1"]);
  });

  it("goes on where some cannot be judged: they stay as they are, and are named", async () => {
    const { memory, rewards } = await stored();
    await rescore({ memory, evaluator: always(1) });
    const evaluator: Evaluator = {
      source: "judge:always",
      evaluate: ({ episodeId }) => {
        if (episodeId === "e1") throw new Error("no luck");
        return [{ value: 2 }];
      },
    };
    const receipt = await rescore({ memory, evaluator });
    expect(receipt).toEqual({
      judged: 2,
      skipped: 0,
      failed: [{ episodeId: "e1", error: expect.objectContaining({ code: "reward-failed" }) }],
    });
    expect((await rewards())[1]).toBe("t1 done [0:a 1:b] (0:1 1:1)");
  });

  it("by two at once asks and counts each episode once in one process, and skips what is forgotten", async () => {
    const { memory, rewards } = await stored();
    let asked = 0;
    const evaluator: Evaluator = {
      source: "judge:always",
      evaluate: async ({ episodeId }) => {
        asked++;
        if (episodeId === "e2") await memory.forget({ episodeId });
        return [{ value: asked }];
      },
    };
    const receipts = await Promise.all([1, 2].map(() => scorePending({ memory, evaluator })));
    expect(asked).toBe(3);
    expect(receipts.reduce((sum, { judged }) => sum + judged, 0)).toBe(2);
    expect(receipts.flatMap(({ failed }) => failed.map(({ episodeId }) => episodeId))).toEqual([]);
    expect(await rewards()).toHaveLength(2);
  });

  it("ends early when told to, and refuses a concurrency that is none", async () => {
    const { memory } = await stored();
    const stop = new AbortController();
    const evaluator: Evaluator = {
      source: "judge:always",
      evaluate: () => {
        stop.abort();
        return [];
      },
    };
    const { signal } = stop;
    expect(await scorePending({ memory, evaluator, concurrency: 1, signal })).toMatchObject({ judged: 1 });
    await expect(scorePending({ memory, evaluator, concurrency: 0 })).rejects.toThrow(JitRLError);
  });
});

describe("evaluators of openevals and agentevals", () => {
  const run = runOf(
    [
      stepOf(0, { payload: { name: "search", args: { q: "x" }, id: "c0" } }),
      stepOf(1, { payload: { answer: {} } }),
    ],
    { transcript: { task: "find x", steps: [{ result: "x is here" }], outcome: "It is here." } },
  );

  it("judge the outcome, with their comment as the reason", async () => {
    const model = new JudgeModel(() => ({ reasoning: "It found it.", score: true }));
    const trajectory = fromOpenevals(createTrajectoryLLMAsJudge({ judge: model }), { name: "trajectory" });
    expect(trajectory.source).toBe("judge:trajectory");
    expect(await trajectory.evaluate(run)).toEqual([{ value: 1, reason: "It found it." }]);
    expect(model.asked[0]).toContain("x is here");
    expect(model.asked[0]).toContain("search");
    const plain = createLLMAsJudge({ prompt: "Is {outputs} good for {inputs}?", judge: model });
    const reward = (score: number | boolean) => (score === true ? 10 : 0);
    expect(await fromOpenevals(plain, { reward }).evaluate(run)).toEqual([
      { value: 10, reason: "It found it." },
    ]);
    expect(model.asked[1]).toContain("find x");
  });

  it("get what else they need from a function around them", async () => {
    const outputs = [
      { role: "user" as const, content: "find x" },
      {
        role: "assistant" as const,
        content: "",
        tool_calls: [{ function: { name: "search", arguments: JSON.stringify({ q: "x" }) } }],
      },
    ];
    const subset = fromOpenevals((given) =>
      trajectorySubset({ outputs: given.outputs, referenceOutputs: outputs }),
    );
    expect(await subset.evaluate(run)).toEqual([{ value: 1 }]);
    const strict = fromOpenevals((given) =>
      trajectoryStrictMatch({
        outputs: given.outputs,
        referenceOutputs: outputs,
        toolCallArgsExactMatch: true,
      }),
    );
    expect(await strict.evaluate(run)).toEqual([{ value: -1 }]);
    const exact = fromOpenevals((given) =>
      exactMatch({ outputs: given.outputs.at(-1)?.content, referenceOutputs: "It is here." }),
    );
    expect(await exact.evaluate(run)).toEqual([{ value: 1 }]);
  });

  it("may give several scores, which are kept apart and add up", async () => {
    const learned = await experience();
    const reward = fromOpenevals(() => [
      { key: "tone", score: 0.5, comment: "kind" },
      { key: "facts", score: false },
    ]);
    await agentGraph({ experience: learned, evaluator: { reward } }).invoke(say("a"), thread);
    expect((await learned.episodes())[0]?.rewards).toMatchObject([
      { id: "judge:openevals/tone", value: 0.5, reason: "kind" },
      { id: "judge:openevals/facts", value: -1 },
    ]);
  });

  it("that give no score fail", async () => {
    const silent = fromOpenevals(() => ({ key: "k", score: Number.NaN }));
    await expect(silent.evaluate(run)).rejects.toThrow(/number or a boolean as score, found NaN/u);
  });
});

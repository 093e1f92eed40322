import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openMemory } from "@jitrl/core";
import { FileExperienceStore } from "@jitrl/core/file";
import { HumanMessage } from "@langchain/core/messages";
import { createAgent } from "langchain";
import { afterEach, describe, expect, it } from "vitest";
import { BackgroundQueue, EvaluatorNode, llmEvaluator, rescore, scorePending } from "../src/index.js";
import { jitrlMiddleware } from "../src/middleware/index.js";
import { abc, anyOfAbc, ToolModel } from "./agents.js";
import { agentGraph, experience, line, lines, onThread, say, scan } from "./graphs.js";
import { JudgeModel, scoring } from "./judges.js";

const thread = onThread("one");

/** A promise with its key. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A judge who waits at a gate before each answer. */
function waiting() {
  const { open, opened } = gate();
  const model = new JudgeModel(async () => {
    await opened;
    return { scores: [{ step: 0, reason: "in the end", score: 1 }] };
  });
  return { open, model, reward: llmEvaluator({ model }) };
}

describe("in the background", () => {
  it("the answer does not wait for the judge, whose rewards come as a revision", async () => {
    const learned = await experience();
    const { open, model, reward } = waiting();
    const background = new BackgroundQueue();
    const graph = agentGraph({ experience: learned, evaluator: { reward, background } });
    expect((await graph.invoke(say("a b"), thread)).messages.at(-1)?.text).toBe("done");
    expect((await learned.episodes())[0]).toMatchObject({
      revision: 1,
      rewards: [],
      awaiting: ["judge:llm"],
    });
    expect(background.size).toBe(1);
    open();
    await background.settled();
    expect(model.asked[0]).toContain("<task>a b</task>");
    const [judged] = await learned.episodes();
    expect(line(judged!)).toBe("one done [0:a 1:b] (0:1)");
    expect(judged).toMatchObject({ revision: 2, rewards: [{ source: "judge:llm", reason: "in the end" }] });
    expect(judged).not.toHaveProperty("awaiting");
  });

  it("an agent with the middleware does not wait either, and settled() does", async () => {
    const learned = await experience();
    const { open, model, reward } = waiting();
    const { policy } = learned;
    const learning = jitrlMiddleware({ policy, candidates: anyOfAbc, reward, background: true });
    const agent = createAgent({ model: new ToolModel(), tools: abc, middleware: [learning] });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("a b")] });
    expect(messages.at(-1)?.text).toBe("done");
    expect((await learned.episodes())[0]).toMatchObject({ rewards: [], awaiting: ["judge:llm"] });
    open();
    await learning.settled();
    expect(model.asked).toHaveLength(1);
    expect(model.asked[0]).toContain("<task>a b</task>");
    const [judged, ...others] = await learned.episodes();
    expect(others).toEqual([]);
    expect(judged).toMatchObject({ revision: 2, rewards: [{ step: 0, value: 1, source: "judge:llm" }] });
    expect(judged).not.toHaveProperty("awaiting");
  });

  it("tools reward at once, and a person may be faster than the judge", async () => {
    const learned = await experience();
    const { open, reward } = waiting();
    const background = new BackgroundQueue();
    const evaluator = { reward, background, toolReward: () => 3 };
    await agentGraph({ experience: learned, evaluator }).invoke(say("a b"), thread);
    await learned.policy.feedback({ threadId: "one" }, { reward: -1, step: 0 });
    open();
    await background.settled();
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (0:3 1:3 0:-1 0:1)"]);
  });

  it("an abort of the run does not abort the judging", async () => {
    const learned = await experience();
    const { open, model, reward } = waiting();
    const background = new BackgroundQueue();
    const told: unknown[] = [];
    const evaluator = { reward, background, onError: (error: unknown) => told.push(error) };
    const stop = new AbortController();
    const { signal } = stop;
    await agentGraph({ experience: learned, evaluator }).invoke(say("a"), { ...thread, signal });
    stop.abort();
    open();
    await background.settled();
    expect(told).toEqual([]);
    expect(await lines(learned)).toEqual(["one done [0:a] (0:1)"]);
    expect([model.asked.length, model.abortable]).toEqual([1, 0]);
    // At once, it is a part of the run.
    const own = agentGraph({ experience: learned, evaluator: { reward } });
    await own.invoke(say("b"), { ...thread, signal: new AbortController().signal });
    expect([model.asked.length, model.abortable]).toEqual([2, 1]);
  });

  it("a judge that fails is told, and the episode awaits it", async () => {
    const learned = await experience();
    const told: unknown[] = [];
    const background = new BackgroundQueue();
    const reward = llmEvaluator({ model: new JudgeModel(() => "no idea") });
    const evaluator = { reward, background, onError: (error: unknown) => told.push(error) };
    await agentGraph({ experience: learned, evaluator }).invoke(say("a"), thread);
    await background.settled();
    expect(told).toEqual([expect.objectContaining({ code: "reward-failed" })]);
    expect((await learned.episodes())[0]).toMatchObject({ rewards: [], awaiting: ["judge:llm"] });
  });

  it("what the queue has no room for is told, stored, and judged later", async () => {
    const learned = await experience();
    const told: string[] = [];
    const { open, model, reward } = waiting();
    const background = new BackgroundQueue({ concurrency: 1, limit: 1 });
    const evaluator = { reward, background, onError: (error: unknown) => told.push(String(error)) };
    const graph = agentGraph({ experience: learned, evaluator });
    for (const id of ["one", "two", "three"]) await graph.invoke(say("a"), onThread(id));
    expect(told).toEqual([expect.stringMatching(/judge:llm is behind: 1 episodes wait.*awaits it/u)]);
    open();
    await background.settled();
    expect((await lines(learned)).sort()).toEqual([
      "one done [0:a] (0:1)",
      "three done [0:a] ()",
      "two done [0:a] (0:1)",
    ]);
    const { memory } = learned.policy;
    expect(await scorePending({ memory, evaluator: reward })).toMatchObject({ judged: 1 });
    expect(model.asked).toHaveLength(3);
  });

  it("judges once what scorePending finds at the same time", async () => {
    const learned = await experience();
    const { open, model, reward } = waiting();
    const background = new BackgroundQueue();
    await agentGraph({ experience: learned, evaluator: { reward, background } }).invoke(say("a"), thread);
    const pending = scorePending({ memory: learned.policy.memory, evaluator: reward });
    open();
    const [receipt] = await Promise.all([pending, background.settled()]);
    expect([receipt.judged + receipt.skipped, model.asked.length]).toEqual([1, 1]);
    expect(await lines(learned)).toEqual(["one done [0:a] (0:1)"]);
  });

  it("also judges what could not be stored before, and the node tells when all is judged", async () => {
    const learned = await experience();
    const node = new EvaluatorNode({
      policy: learned.policy,
      reward: llmEvaluator({ model: scoring(() => 1) }),
      background: true,
    });
    const waited = { id: "e", awaiting: ["judge:llm" as const], steps: [{ state: "s", action: "a" }] };
    const state = {
      messages: [new HumanMessage("hello")],
      jitrl: { current: null, end: null, ended: [], unsent: [waited] },
    };
    await node.invoke(state);
    await node.settled();
    expect(await lines(learned)).toEqual(["- done [0:a] (0:1)"]);
  });

  it("is for evaluators, which can judge what is stored", async () => {
    const { policy } = await experience();
    expect(() => new EvaluatorNode({ policy, reward: () => 1, background: true })).toThrow(
      /Expected an evaluator as reward/u,
    );
  });
});

describe("a queue", () => {
  it("runs so much at a time, in order, and goes on past what fails", async () => {
    const queue = new BackgroundQueue({ concurrency: 2 });
    let running = 0;
    let most = 0;
    const begun: number[] = [];
    for (let i = 0; i < 9; i++) {
      queue.add(async () => {
        begun.push(i);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (i === 3) throw new Error("no luck");
      });
    }
    expect(queue.size).toBe(9);
    await Promise.all([queue.settled(), queue.settled()]);
    expect([begun, most, queue.size]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8], 2, 0]);
    await queue.settled();
  });

  it("also waits for what was added while it was waited for", async () => {
    const queue = new BackgroundQueue({ concurrency: 1 });
    const done: string[] = [];
    queue.add(async () => {
      done.push("first");
      queue.add(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push("second");
      });
    });
    await queue.settled();
    expect(done).toEqual(["first", "second"]);
  });

  it.each([{ concurrency: 0 }, { concurrency: 1.5 }, { limit: -1 }, { limit: Number.NaN }])(
    "refuses %j",
    (options) => {
      expect(() => new BackgroundQueue(options)).toThrow(expect.objectContaining({ code: "invalid-input" }));
    },
  );
});

describe("a process that is killed between answer and judgement", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  it("has lost nothing: the next one judges the episode, exactly once", { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "jitrl-background-"));
    folders.push(folder);
    const path = join(folder, "experience.jsonl");
    const program = fileURLToPath(new URL("background-process.ts", import.meta.url));
    const args = ["--conditions=@jitrl/source", "--import", "tsx", program, path];
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
    const said: object[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      said.push(JSON.parse(text));
      // The user has the answer, and the judge is at work.
      if (said.length === 2) child.kill("SIGKILL");
    }
    expect(said).toContainEqual({ answer: "done" });
    expect(said).toContainEqual({ asked: true });

    const model = scoring(() => 1);
    const evaluator = llmEvaluator({ model });
    for (const judged of [1, 0]) {
      const store = await FileExperienceStore.open(path);
      const memory = await openMemory({ store });
      expect(await scorePending({ memory, evaluator })).toEqual({ judged, skipped: 0, failed: [] });
      const [episode, ...others] = await scan(store);
      expect(others).toEqual([]);
      expect(line(episode!)).toBe("one done [0:a 1:b] (0:1 1:1)");
      expect(episode).not.toHaveProperty("awaiting");
      await memory.close();
    }
    expect(model.asked).toHaveLength(1);
    // The judge after the restart saw what the one before was shown.
    expect(model.asked[0]).toContain("<task>a b</task>");
    expect(model.asked[0]).toContain("<result>a is done</result>");

    const memory = await openMemory({ store: await FileExperienceStore.open(path) });
    expect(await memory.revoke({ source: "judge:llm" })).toEqual({ episodes: 1, rewards: 2 });
    expect(await rescore({ memory, evaluator, which: "unscored" })).toMatchObject({ judged: 1 });
    await memory.close();
  });
});

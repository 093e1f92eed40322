import { type Candidate, type EpisodeInput, type ExperienceMemory, openMemory } from "@jitrl/core";
import { describe, expect, it } from "vitest";
import type { MessagesState } from "../src/channels.js";
import {
  ANSWER_ACTION,
  type BoundTool,
  bindActionKey,
  type CandidateRequest,
  type CandidateSource,
  functionCandidates,
  recalledCandidates,
  type ToolCallSpec,
  toolCallKey,
  toolNameKey,
  translatedActions,
} from "../src/index.js";
import { converse, learningAgent } from "./agents.js";
import { own, refund, ship, tools } from "./candidate-source-suite.js";
import { agentGraph, experience, named, onThread, say } from "./graphs.js";

const thread = onThread("one");

const north: ToolCallSpec = { name: "ship", args: { from: "north" } };
const south: ToolCallSpec = { name: "ship", args: { from: "south" } };
const wait: ToolCallSpec = { name: "wait", args: {} };
const key = bindActionKey(toolCallKey, { tools });

/** An episode of one step. */
function episode(call: ToolCallSpec, reward: number, actionKey = key): EpisodeInput {
  const payload = { name: call.name, args: JSON.parse(JSON.stringify(call.args)), id: "call-1" };
  return { steps: [{ state: "here", action: actionKey(call), payload, reward }] };
}

async function memoryOf(...episodes: readonly EpisodeInput[]): Promise<ExperienceMemory> {
  const memory = await openMemory({ payloads: true });
  for (const one of episodes) await memory.learn(one);
  return memory;
}

function requestOf(
  memory: ExperienceMemory,
  more: Partial<CandidateRequest<MessagesState>> = {},
): CandidateRequest<MessagesState> {
  return {
    state: say("x"),
    tools,
    actionKey: key,
    config: {},
    neighbors: () => {
      const found = memory.neighbors("here", { minSimilarity: 1 });
      return found.status === "found" ? found.neighbors : [];
    },
    ...more,
  };
}

async function recalled(
  memory: ExperienceMemory,
  options: Partial<{ count: number; logit: number; minCount: number; tools: BoundTool[] }> = {},
  more: Partial<CandidateRequest<MessagesState>> = {},
): Promise<readonly Candidate[]> {
  const source = recalledCandidates({ memory, shareable: true, ...options });
  return source(requestOf(memory, more));
}

const bad = [episode(wait, -1), episode(wait, -1)];

describe("recalledCandidates", () => {
  it("recall the complete actions that did better than all past steps together, the best first", async () => {
    const memory = await memoryOf(
      ...bad,
      episode(north, 1),
      episode(north, 2),
      episode(south, 3),
      episode(south, 3),
    );
    expect(await recalled(memory)).toEqual([
      { action: key(south), logit: -3, payload: south },
      { action: key(north), logit: -3, payload: north },
    ]);
    expect(await recalled(memory, { count: 1, logit: -5 })).toEqual([
      { action: key(south), logit: -5, payload: south },
    ]);
  });

  it("recall nothing that was not taken often enough, or that is no better than the rest", async () => {
    const once = await memoryOf(...bad, episode(north, 1));
    expect(await recalled(once)).toEqual([]);
    expect(await recalled(once, { minCount: 1 })).toHaveLength(1);
    expect(await recalled(await memoryOf(episode(north, 1), episode(north, 1)))).toEqual([]);
    expect(await recalled(await memoryOf())).toEqual([]);
  });

  it("recall neither answers, nor several calls at once, nor the agent's own call", async () => {
    const answer = {
      state: "here",
      action: ANSWER_ACTION,
      payload: { answer: { text: "Hi Ann" } },
      reward: 9,
    };
    const both = {
      state: "here",
      action: `${key(north)} + wait`,
      payload: { calls: [{ ...north }, { ...wait }] },
      reward: 9,
    };
    const memory = await memoryOf(
      ...bad,
      ...[answer, answer, both, both].map((step) => ({ steps: [JSON.parse(JSON.stringify(step))] })),
      episode(own, 20),
      episode(own, 20),
    );
    expect(await recalled(memory, {}, { call: own })).toEqual([]);
    expect(await recalled(memory)).toEqual([{ action: key(own), logit: -3, payload: own }]);
  });

  it("recall only for tools that are bound now, with arguments that they take now, in the shape that was learned", async () => {
    const memory = await memoryOf(...bad, episode(north, 1), episode(north, 1));
    const asked = (bound: readonly BoundTool[]) =>
      recalled(memory, {}, { tools: bound, actionKey: bindActionKey(toolCallKey, { tools: bound }) });
    expect(await asked([refund, ship])).toHaveLength(1);
    expect(await asked([refund])).toEqual([]);
    const shipWith = (properties: object): BoundTool => ({
      name: "ship",
      parameters: { type: "object", properties },
    });
    expect(await asked([shipWith({ from: { type: "string" }, by: { type: "string" } })])).toEqual([]);
    const byName = await memoryOf(
      ...[-1, -1].map((reward) => episode(wait, reward, toolNameKey)),
      ...[1, 1].map((reward) => episode(north, reward, toolNameKey)),
    );
    const named = (bound: readonly BoundTool[]) =>
      recalled(byName, {}, { tools: bound, actionKey: toolNameKey });
    expect(await named([shipWith({ from: { type: "string" }, by: { type: "string" } })])).toHaveLength(1);
    expect(await named([shipWith({ from: { type: "number" } })])).toEqual([]);
  });

  it("take the tools from an option, where they are not known from the agent", async () => {
    const memory = await memoryOf(...bad, episode(north, 1), episode(north, 1));
    const { tools: _, ...unknown } = requestOf(memory);
    const source = (bound?: BoundTool[]) =>
      recalledCandidates({ memory, shareable: true, ...(bound ? { tools: bound } : {}) });
    expect(await source([ship])(unknown)).toHaveLength(1);
    expect(await source()(unknown)).toEqual([]);
  });

  it("never pass on by themselves what was masked, since it is another user's", async () => {
    const note = (note: string): ToolCallSpec => ({ name: "refund", args: { amount: 1, note } });
    for (const secret of ["ann@example.com", "order #4711", "see 2026-11-22 09:08"]) {
      const memory = await memoryOf(...bad, episode(note(secret), 1), episode(note(secret), 1));
      expect(await recalled(memory)).toEqual([]);
    }
    const harmless = await memoryOf(...bad, episode(note("as agreed"), 1), episode(note("as agreed"), 1));
    expect(await recalled(harmless)).toHaveLength(1);
  });

  it("make a past call right for the present state, or leave it out", async () => {
    const note = (note: string): ToolCallSpec => ({ name: "refund", args: { amount: 1, note } });
    const memory = await memoryOf(...bad, episode(note("order #1"), 1), episode(note("order #2"), 2));
    const grounded = (ground: (call: ToolCallSpec) => ToolCallSpec | undefined) => {
      const seen: ToolCallSpec[] = [];
      const source: CandidateSource<MessagesState> = recalledCandidates<MessagesState>({
        memory,
        ground: (call, { state }) => {
          expect(state?.messages).toHaveLength(1);
          seen.push(call);
          return ground(call);
        },
      });
      return Promise.resolve(source(requestOf(memory))).then((found) => ({ seen, found }));
    };
    const { seen, found } = await grounded(() => note("order #99"));
    expect(seen).toEqual([note("order #2")]);
    expect(found).toEqual([{ action: key(note("order #1")), logit: -3, payload: note("order #99") }]);
    expect((await grounded(() => undefined)).found).toEqual([]);
    // Another action, which the experience says nothing about, and one that the tool refuses.
    expect((await grounded(() => wait)).found).toEqual([]);
    expect((await grounded(() => ({ name: "refund", args: { amount: -1 } }))).found).toEqual([]);
  });

  it("pass on what goes wrong in ground", async () => {
    const memory = await memoryOf(...bad, episode(north, 1), episode(north, 1));
    const ground = () => {
      throw new Error("no page");
    };
    const source = recalledCandidates({ memory, ground });
    await expect((async () => source(requestOf(memory)))()).rejects.toThrow("no page");
  });

  it("read translated actions from their keys, without anybody's payload", async () => {
    const places = translatedActions<MessagesState>({
      describe: ({ name, args }, { state }) => {
        const [first] = state?.messages ?? [];
        return name === "ship"
          ? { name, args: { from: args.from === first?.text ? "home" : "away" } }
          : undefined;
      },
      ground: ({ name, args }, { state }) =>
        args.from === "home" ? { name, args: { from: state?.messages[0]?.text } } : undefined,
    });
    const at = (text: string) => bindActionKey(places.actionKey, { state: say(text), tools });
    const memory = await memoryOf(...bad, episode(north, 1, at("north")), episode(south, 1, at("south")));
    const source = recalledCandidates(places);
    const found = await source(requestOf(memory, { state: say("south"), actionKey: at("south") }));
    expect(found).toEqual([{ action: at("north")(north), logit: -3, payload: south }]);
  });

  it("want to know where calls come from, and that they may be shared", async () => {
    const memory = await memoryOf();
    const deaf = await openMemory();
    expect(() => recalledCandidates({ memory: deaf, shareable: true })).toThrow(
      /openMemory\(\{ payloads: true \}\)/u,
    );
    // @ts-expect-error neither ground nor shareable
    expect(() => recalledCandidates({ memory })).toThrow(/belongs to other users/u);
    // @ts-expect-error shareable is to be said, not to be computed
    expect(() => recalledCandidates({ memory, shareable: false })).toThrow(/belongs to other users/u);
    for (const wrong of [{ count: 0 }, { minCount: 0.5 }, { logit: Number.NaN }]) {
      expect(() => recalledCandidates({ memory, shareable: true, ...wrong })).toThrow(/Expected/u);
    }
    const { neighbors: _, ...blind } = requestOf(memory);
    const source = recalledCandidates({ memory, shareable: true });
    await expect((async () => source(blind))()).rejects.toMatchObject({ code: "invalid-input" });
  });

  it.each([
    ["all of them", {}, ["b", "c"]],
    ["as many as its k", { k: 1 }, ["b"]],
    ["those above its floor", { minSimilarity: 0.9 }, ["b"]],
    ["none beyond its budget", { searchBudget: 1 }, []],
  ])(
    "see the past states that the policy decides by, in a graph and in an agent: %s",
    async (_name, options, seen) => {
      const learned = await experience({ mode: "on", ...options });
      const found: string[][] = [];
      const candidates = functionCandidates((_state, { neighbors }) => {
        found.push((neighbors?.() ?? []).flatMap(({ actions }) => actions.map(({ action }) => action)));
        return [];
      });
      const describeState = () => "one two three";
      const past = (state: string, action: string) => ({
        describedBy: "custom",
        steps: [{ state, action, reward: 1 }],
      });
      await learned.policy.learn(past("one two three", "b"));
      await learned.policy.learn(past("one two", "c"));
      await agentGraph({ experience: learned, candidates, jitrl: { describeState } }).invoke(
        say("a"),
        thread,
      );
      await converse(
        learningAgent({ experience: learned, jitrl: { candidates, describeState } }),
        "a",
        thread,
      );
      expect(found).toEqual([seen, seen]);
    },
  );

  it("bring back in a graph what the model no longer thinks of", async () => {
    const memory = await openMemory({ payloads: true });
    const learned = await experience({ mode: "on", memory });
    const abc = ["a", "b"].map((name) => named(name));
    const graph = agentGraph({
      experience: learned,
      saver: false,
      tools: abc,
      candidates: recalledCandidates({ memory, shareable: true, tools: abc, minCount: 1 }),
      jitrl: { describeState: () => "here", describedBy: "" },
    });
    const past = (action: string, reward: number): EpisodeInput => ({
      steps: [{ state: "here", action, payload: { name: action, args: {} }, reward }],
    });
    await memory.learn(past("a", -5));
    await memory.learn(past("b", 5));
    const { messages } = await graph.invoke(say("a"));
    expect(messages.filter(({ type }) => type === "tool").map(({ text }) => text)).toEqual(["b is done"]);
  });
});

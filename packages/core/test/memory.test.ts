import {
  type Episode,
  type EpisodeInput,
  ExperienceMemory,
  InMemoryExperienceStore,
  type JitRLError,
  type LearnReceipt,
  MAX_REWARD,
  type Neighbor,
  type NeighborOptions,
  openMemory,
  type RewardSource,
  type Selector,
  type State,
  type StateInput,
  type StoredEpisode,
  similarity,
  stateKey,
  stepReturns,
  toState,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { memoryOf } from "./experience.js";
import { rejected, thrown } from "./thrown.js";

const episode = (
  id: string,
  reward: number,
  more: { threadId?: string; at?: number; action?: string } = {},
) => ({
  id,
  ...(more.threadId === undefined ? {} : { threadId: more.threadId }),
  ...(more.at === undefined ? {} : { at: more.at }),
  steps: [{ state: "here", action: more.action ?? "go", reward }],
});

/** A clock that only moves when it is told to. */
function clock(start = 1000) {
  const now = () => now.time;
  now.time = start;
  return now;
}

function found(
  memory: ExperienceMemory,
  state: StateInput = "here",
  options: NeighborOptions = {},
): readonly Neighbor[] {
  const search = memory.neighbors(state, options);
  if (search.status !== "found") throw new Error(`Expected neighbours, found "${search.status}".`);
  return search.neighbors;
}

/** Returns by episode of what was done in this very state. */
function returnsOf(memory: ExperienceMemory, state: StateInput = "here", options: NeighborOptions = {}) {
  const actions = found(memory, state, { minSimilarity: 1, k: 1000, ...options }).flatMap((n) => n.actions);
  return Object.fromEntries(
    actions.flatMap(({ latest }) => latest.map((step) => [step.episodeId, step.return])),
  );
}

async function stored(store: InMemoryExperienceStore): Promise<StoredEpisode[]> {
  const episodes: StoredEpisode[] = [];
  for await (const one of store.scan()) episodes.push(one);
  return episodes;
}

describe("learn", () => {
  test("makes steps retrievable, with their returns, as soon as it resolves", async () => {
    const memory = await openMemory({ gamma: 0.5 });
    const receipt = await memory.learn({
      id: "e",
      steps: [
        { state: "here", action: "go", chosenBy: "policy" },
        { state: "there", action: "stop", reward: 4 },
      ],
    });
    expect(receipt).toEqual({ status: "stored", episodeId: "e", revision: 1 });
    expect(found(memory)).toEqual([
      {
        similarity: 1,
        actions: [
          {
            action: "go",
            count: 1,
            mean: 2,
            spread: 0,
            best: expect.objectContaining({ return: 2 }),
            latest: [
              {
                episodeId: "e",
                step: 0,
                return: 2,
                chosenBy: "policy",
                order: expect.any(Number),
                later: 1,
                novelty: 0.5 / 2, // one step later, where one step was taken
              },
            ],
          },
        ],
      },
    ]);
    expect(returnsOf(memory, "there")).toEqual({ e: 4 });
  });

  test("gives an episode without id or time new ones", async () => {
    const memory = await openMemory({ newId: () => "new", now: () => 42 });
    expect(await memory.learn({ steps: [{ state: "here", action: "go", reward: 1 }] })).toMatchObject({
      episodeId: "new",
    });
    const store = new InMemoryExperienceStore();
    const other = await openMemory({ store, newId: () => "new", now: () => 42 });
    await other.learn({ steps: [{ state: "here", action: "go", reward: 1 }] });
    expect(await store.get("new")).toMatchObject({
      at: 42,
      end: "done",
      rewards: [{ id: "step-0", step: 0, value: 1, source: "environment", at: 42 }],
      steps: [{ id: "0", t: 0, chosenBy: "base" }],
    });
  });

  test("the same episode again changes nothing", async () => {
    const memory = await openMemory();
    await memory.learn(episode("e", 1));
    expect(await memory.learn(episode("e", 1))).toEqual({ status: "duplicate", episodeId: "e", revision: 1 });
    expect(await memory.learn(episode("e", 99))).toMatchObject({ status: "duplicate" });
    expect(returnsOf(memory)).toEqual({ e: 1 });
    expect(await memory.stats()).toMatchObject({ episodes: 1, steps: 1, states: 1 });
  });

  test("the same episode with rewards of new ids gains just those", async () => {
    const memory = await openMemory();
    await memory.learn(episode("e", 1));
    const rewards = [
      { id: "step-0", step: 0, value: 50, source: "environment" as const, at: 0 },
      { id: "more", step: 0, value: 2, source: "environment" as const, at: 0 },
    ];
    const again = { ...episode("e", 1), rewards };
    expect(await memory.learn(again)).toEqual({ status: "stored", episodeId: "e", revision: 2 });
    expect(returnsOf(memory)).toEqual({ e: 3 });
    expect(await memory.learn(again)).toMatchObject({ status: "duplicate", revision: 2 });
  });

  test("an id that belongs to other steps is a conflict and changes nothing", async () => {
    const memory = await openMemory();
    await memory.learn(episode("e", 1));
    expect(await memory.learn(episode("e", 5, { action: "stay" }))).toEqual({
      status: "conflict",
      episodeId: "e",
    });
    expect(returnsOf(memory)).toEqual({ e: 1 });
    expect(found(memory)[0]?.actions.map(({ action }) => action)).toEqual(["go"]);
  });

  test("the same episode many times at once is stored once", async () => {
    const memory = await openMemory();
    const receipts = await Promise.all(
      Array.from({ length: 20 }, () => memory.learn(episode("e", 1, { at: 5 }))),
    );
    expect(receipts.filter(({ status }) => status === "stored")).toHaveLength(1);
    expect(receipts.filter(({ status }) => status === "duplicate")).toHaveLength(19);
    expect(await memory.stats()).toMatchObject({ episodes: 1, steps: 1 });
  });

  test("an episode that nobody rewarded teaches nothing until somebody does", async () => {
    const memory = await openMemory();
    await memory.learn({ id: "e", steps: [{ state: "here", action: "go" }] });
    expect(found(memory)).toEqual([]);
    expect(await memory.stats()).toMatchObject({ episodes: 1, steps: 0, states: 0 });
    await memory.feedback("e", { reward: 0 });
    expect(returnsOf(memory)).toEqual({ e: 0 });
  });

  test("does not see what the caller does with the episode later", async () => {
    const memory = await openMemory();
    const steps = [{ state: "here", action: "go", reward: 1 }];
    const learning = memory.learn({ id: "e", steps });
    steps[0]!.action = "changed";
    steps.push({ state: "there", action: "go", reward: 9 });
    await learning;
    expect(found(memory)[0]?.actions.map(({ action }) => action)).toEqual(["go"]);
    expect(found(memory, "there")).toEqual([]);
  });

  const step = { state: "here", action: "go", reward: 1 };
  test.each([
    ["no steps", `{"steps":[]}`],
    ["steps that are no array", `{"steps":{}}`],
    ["an empty id", `{"id":"","steps":[${JSON.stringify(step)}]}`],
    ["an empty action", `{"steps":[{"state":"here","action":"","reward":1}]}`],
    ["no action", `{"steps":[{"state":"here","reward":1}]}`],
    ["a reward beyond the largest", `{"steps":[{"state":"here","action":"go","reward":${MAX_REWARD * 10}}]}`],
    ["an infinite reward", `{"steps":[{"state":"here","action":"go","reward":1e999}]}`],
    ["a reward that is a text", `{"steps":[{"state":"here","action":"go","reward":"1"}]}`],
    [
      "time running backwards",
      `{"steps":[{"t":2,"state":"a","action":"b"},{"t":1,"state":"a","action":"b"}]}`,
    ],
    [
      "two steps of one id",
      `{"steps":[{"id":"s","state":"a","action":"b"},{"id":"s","state":"a","action":"b"}]}`,
    ],
    ["an end that is none", `{"end":"gone","steps":[${JSON.stringify(step)}]}`],
    ["a chooser that is none", `{"steps":[{"state":"a","action":"b","chosenBy":"nobody"}]}`],
    ["metadata that is an object", `{"metadata":{"a":{}},"steps":[${JSON.stringify(step)}]}`],
    [
      "a reward of a step that is not there",
      `{"steps":[${JSON.stringify(step)}],"rewards":[{"id":"r","step":1,"value":1,"source":"human","at":0}]}`,
    ],
    [
      "a reward of unknown source",
      `{"steps":[${JSON.stringify(step)}],"rewards":[{"id":"r","value":1,"source":"me","at":0}]}`,
    ],
  ])("refuses an episode with %s and keeps what it has", async (_, json) => {
    const memory = await memoryOf([{ action: "go", return: 1 }]);
    expect((await rejected(memory.learn(JSON.parse(json)))).code).toBe("invalid-input");
    expect(await memory.stats()).toMatchObject({ episodes: 1, steps: 1 });
  });

  test("takes __proto__ and constructor for actions and metadata like any other", async () => {
    const memory = await openMemory();
    const metadata = JSON.parse(`{"__proto__":"u1","constructor":"x"}`) as Record<string, string>;
    await memory.learn({ id: "e", metadata, steps: [{ state: "here", action: "__proto__", reward: 1 }] });
    await memory.learn({ id: "f", steps: [{ state: "here", action: "__proto__", reward: 3 }] });
    expect(found(memory)[0]?.actions).toMatchObject([{ action: "__proto__", count: 2, mean: 2 }]);
    expect(await memory.forget({ metadata })).toEqual({ episodes: 1, ids: ["e"] });
  });
});

describe("evidence", () => {
  test("counts, averages and spreads all steps of an action, beyond the k newest", async () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const memory = await memoryOf(values.map((value) => ({ action: "go", return: value })));
    const [neighbor] = found(memory, "here", { k: 3 });
    const [evidence] = neighbor!.actions;
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(evidence).toMatchObject({ count: 8, best: { return: 9 } });
    expect(evidence?.mean).toBeCloseTo(mean, 12);
    expect(evidence?.spread).toBeCloseTo(
      Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 8),
      12,
    );
    expect(evidence?.latest.map((step) => step.return)).toEqual([6, 2, 9]);
  });

  test("of equally good steps the newest is the best", async () => {
    const memory = await openMemory();
    for (const id of ["e", "f", "g"]) await memory.learn(episode(id, id === "g" ? 0 : 1));
    expect(found(memory)[0]?.actions[0]?.best.episodeId).toBe("f");
  });

  test("stays finite for the largest rewards", async () => {
    const memory = await memoryOf([
      { action: "go", return: MAX_REWARD },
      { action: "go", return: -MAX_REWARD },
    ]);
    expect(found(memory)[0]?.actions[0]).toMatchObject({ mean: 0, spread: MAX_REWARD });
  });

  test("holds references and numbers, and nobody's text", async () => {
    const memory = await memoryOf([{ state: "my secret diary", action: "read", return: 1 }]);
    expect(JSON.stringify(memory.neighbors("my secret diary"))).not.toMatch(/secret|diary/);
  });

  test("is kept apart by version of the state features", async () => {
    const memory = await openMemory();
    await memory.learn({ ...episode("old", 1), describedBy: "v1" });
    await memory.learn({ ...episode("new", 2), describedBy: "v2" });
    await memory.learn(episode("none", 3));
    expect(returnsOf(memory, "here", { describedBy: "v1" })).toEqual({ old: 1 });
    expect(returnsOf(memory, "here", { describedBy: "v2" })).toEqual({ new: 2 });
    expect(returnsOf(memory)).toEqual({ none: 3 });
    expect(returnsOf(memory, "here", { describedBy: "v3", minSimilarity: 0 })).toEqual({});
  });

  test("is kept apart by partition, and a version is not mistaken for one", async () => {
    const memory = await openMemory();
    const here = (partition: string) => ({ ...toState("here"), partition });
    await memory.learn({ id: "a", steps: [{ state: here("a"), action: "go", reward: 1 }] });
    await memory.learn({ id: "b", describedBy: "a", steps: [{ state: "here", action: "go", reward: 2 }] });
    expect(returnsOf(memory, here("a"), { minSimilarity: 0 })).toEqual({ a: 1 });
    expect(returnsOf(memory, "here", { minSimilarity: 0, describedBy: "a" })).toEqual({ b: 2 });
    expect(returnsOf(memory, "here", { minSimilarity: 0 })).toEqual({});
  });
});

describe("neighbors", () => {
  test.each([
    ["k", { k: 0 }],
    ["k", { k: 1.5 }],
    ["minSimilarity", { minSimilarity: -0.1 }],
    ["minSimilarity", { minSimilarity: Number.NaN }],
    ["budget", { budget: 0 }],
    ["budget", { budget: Number.NaN }],
    ["minFeatureSimilarity.text", { minFeatureSimilarity: { text: Number.NaN } }],
    ["minFeatureSimilarity.text", { minFeatureSimilarity: { text: 2 } }],
  ])("refuses %s out of range: %j", async (name, options) => {
    const error = thrown(() => new ExperienceMemory().neighbors("here", options));
    expect(error.code).toBe("invalid-input");
    expect(error.message).toContain(name);
  });

  test("changes nothing", async () => {
    const memory = await memoryOf([{ action: "go", return: 1 }]);
    const before = await memory.stats();
    for (const state of ["here", "never seen", "here never"]) memory.neighbors(state, { minSimilarity: 0 });
    expect(await memory.stats()).toEqual(before);
  });
});

describe("payload", () => {
  const paid = (id: string, amount: number, reward?: number) => ({
    id,
    steps: [
      { state: "here", action: "pay", payload: { name: "pay", args: { amount } } },
      { state: "here", action: "wait", ...(reward === undefined ? {} : { reward }) },
    ],
  });
  const payloads = (memory: ExperienceMemory) =>
    found(memory).flatMap(({ actions }) => actions.map(({ action, best }) => [action, memory.payload(best)]));

  test("gives back what a step executed, where the memory was opened for that", async () => {
    const store = new InMemoryExperienceStore();
    const memory = await openMemory({ store, payloads: true });
    await memory.learn(paid("a", 5, 1));
    expect(Object.fromEntries(payloads(memory))).toEqual({
      pay: { name: "pay", args: { amount: 5 } },
      wait: undefined,
    });
    const later = await openMemory({ store, payloads: true });
    expect(payloads(later)).toEqual(payloads(memory));
    expect(later.keepsPayloads).toBe(true);
  });

  test("is not kept unless asked for", async () => {
    const memory = await openMemory();
    await memory.learn(paid("a", 5, 1));
    expect(memory.keepsPayloads).toBe(false);
    expect(payloads(memory).map(([, payload]) => payload)).toEqual([undefined, undefined]);
  });

  test("is gone with what was forgotten, and never there for what nobody rewarded", async () => {
    const memory = await openMemory({ payloads: true });
    await memory.learn(paid("a", 5, 1));
    await memory.learn(paid("b", 6));
    await memory.forget({ episodeId: "a" });
    for (const episodeId of ["a", "b", "c"]) expect(memory.payload({ episodeId, step: 0 })).toBeUndefined();
    await memory.feedback("b", { reward: 1 });
    expect(memory.payload({ episodeId: "b", step: 0 })).toEqual({ name: "pay", args: { amount: 6 } });
    expect(memory.payload({ episodeId: "b", step: 9 })).toBeUndefined();
    await memory.close();
    expect(thrown(() => memory.payload({ episodeId: "b", step: 0 })).code).toBe("memory-closed");
  });
});

describe("feedback", () => {
  test("is a new revision: the returns change with it", async () => {
    const memory = await openMemory({ gamma: 0.5 });
    await memory.learn({
      id: "e",
      steps: [
        { state: "here", action: "go" },
        { state: "there", action: "stop", reward: 1 },
      ],
    });
    expect(await memory.feedback("e", { reward: -4 })).toEqual({
      status: "stored",
      episodeId: "e",
      revision: 2,
    });
    expect([returnsOf(memory), returnsOf(memory, "there")]).toEqual([{ e: -2 }, { e: -4 }]);
    await memory.feedback({ episodeId: "e" }, { reward: 10, step: 0, source: "judge:model" });
    expect([returnsOf(memory), returnsOf(memory, "there")]).toEqual([{ e: 8 }, { e: -4 }]);
    expect(await memory.stats()).toMatchObject({ episodes: 1, steps: 2, states: 2 });
  });

  test("to a thread goes to the episode of it that arrived last", async () => {
    const memory = await openMemory();
    await memory.learn(episode("first", 0, { threadId: "t", at: 500 }));
    await memory.learn(episode("second", 0, { threadId: "t", at: 100 }));
    await memory.learn(episode("other", 0, { threadId: "u" }));
    expect(await memory.feedback({ threadId: "t" }, { reward: 1 })).toMatchObject({ episodeId: "second" });
    await memory.feedback("first", { reward: 2 });
    expect(await memory.feedback({ threadId: "t" }, { reward: 1 })).toMatchObject({ episodeId: "second" });
    await memory.forget({ episodeId: "second" });
    expect(await memory.feedback({ threadId: "t" }, { reward: 1 })).toMatchObject({ episodeId: "first" });
    expect(returnsOf(memory)).toEqual({ first: 3, other: 0 });
  });

  test("of one id counts once, also when it comes many times at once", async () => {
    const memory = await openMemory();
    await memory.learn(episode("e", 0));
    const give = () => memory.feedback("e", { id: "click", reward: 3 });
    const receipts = await Promise.all(Array.from({ length: 10 }, give));
    expect(receipts.filter(({ status }) => status === "stored")).toHaveLength(1);
    expect(await give()).toMatchObject({ status: "duplicate", revision: 2 });
    expect(returnsOf(memory)).toEqual({ e: 3 });
  });

  test("of 50 people at once all counts, through one memory or two", async () => {
    const store = new InMemoryExperienceStore();
    const memories = [await openMemory({ store }), await openMemory({ store })];
    await memories[0]!.learn(episode("e", 0));
    await Promise.all(Array.from({ length: 50 }, (_, i) => memories[i % 2]!.feedback("e", { reward: 1 })));
    for (const memory of memories) await vi.waitFor(() => expect(returnsOf(memory)).toEqual({ e: 50 }));
    expect((await store.get("e"))?.revision).toBe(51);
  });

  test("may come before the memory has loaded", async () => {
    const store = new InMemoryExperienceStore();
    await (await openMemory({ store })).learn(episode("e", 0, { threadId: "t" }));
    const memory = new ExperienceMemory({ store });
    await memory.feedback({ threadId: "t" }, { reward: 7 });
    expect(returnsOf(memory)).toEqual({ e: 7 });
  });

  test("says what it cannot find", async () => {
    const memory = await openMemory();
    await memory.learn(episode("e", 0, { threadId: "t" }));
    const lost = await rejected(memory.feedback("nobody", { reward: 1 }));
    expect([lost.code, lost.details]).toEqual(["episode-not-found", { episodeId: "nobody" }]);
    const thread = await rejected(memory.feedback({ threadId: "nowhere" }, { reward: 1 }));
    expect([thread.code, thread.details]).toEqual(["episode-not-found", { threadId: "nowhere" }]);
  });

  test.each([
    { reward: Number.NaN },
    { reward: Number.POSITIVE_INFINITY },
    { reward: 1e101 },
    { reward: 1, step: 1 },
    { reward: 1, step: -1 },
    { reward: 1, step: 0.5 },
    { reward: 1, id: "" },
    { reward: 1, source: "somebody" as RewardSource },
  ])("refuses %j and changes nothing", async (feedback) => {
    const memory = await openMemory();
    await memory.learn(episode("e", 2));
    expect((await rejected(memory.feedback("e", feedback))).code).toBe("invalid-input");
    expect(returnsOf(memory)).toEqual({ e: 2 });
  });
});

describe("forget", () => {
  const selectors: [string, Selector, string[]][] = [
    ["an episode", { episodeId: "a" }, ["a"]],
    ["a thread", { threadId: "t" }, ["a", "b"]],
    ["what has some metadata", { metadata: { user: "u" } }, ["b", "c"]],
    ["what has all of some metadata", { metadata: { user: "u", paid: true } }, ["c"]],
    ["everything", { all: true }, ["a", "b", "c", "d"]],
    ["what is not there", { threadId: "nowhere" }, []],
  ];
  const four: (EpisodeInput & { id: string })[] = [
    { ...episode("a", 1, { threadId: "t", at: 1 }) },
    { ...episode("b", 2, { threadId: "t", at: 2 }), metadata: { user: "u" } },
    { ...episode("c", 3, { threadId: "s", at: 3 }), metadata: { user: "u", paid: true } },
    { ...episode("d", 4, { at: 4 }), metadata: { user: "v", paid: true } },
  ];

  test.each(selectors)(
    "removes %s for good, and late writers cannot bring it back",
    async (_, selector, ids) => {
      const store = new InMemoryExperienceStore({ now: clock(1000) });
      const memory = await openMemory({ store });
      for (const one of four) await memory.learn(one);
      expect(await memory.forget(selector)).toEqual({ episodes: ids.length, ids });
      const left = Object.fromEntries(
        four.filter(({ id }) => !ids.includes(id)).map((e) => [e.id, e.steps[0]!.reward]),
      );
      expect(returnsOf(memory)).toEqual(left);
      for (const one of four) {
        const expected: LearnReceipt["status"] = ids.includes(one.id) ? "forgotten" : "duplicate";
        expect((await memory.learn(one)).status).toBe(expected);
      }
      for (const id of ids)
        expect((await rejected(memory.feedback(id, { reward: 1 }))).code).toBe("episode-not-found");
      expect(returnsOf(memory)).toEqual(left);
      expect((await stored(store)).map(({ id }) => id)).toEqual(Object.keys(left));
      expect(await memory.stats()).toMatchObject({ episodes: 4 - ids.length, steps: 4 - ids.length });
    },
  );

  test("leaves room for what begins later, except under an id that was named", async () => {
    const now = clock();
    const memory = await openMemory({ now });
    await memory.learn(episode("a", 1, { threadId: "t" }));
    await memory.learn(episode("b", 1, { threadId: "t" }));
    await memory.forget({ episodeId: "a" });
    await memory.forget({ threadId: "t" });
    now.time += 1;
    expect(await memory.learn(episode("a", 1, { threadId: "t" }))).toEqual({
      status: "forgotten",
      episodeId: "a",
    });
    expect(await memory.learn(episode("b", 1, { threadId: "t" }))).toEqual({
      status: "stored",
      episodeId: "b",
      revision: 1,
    });
    expect(await memory.learn(episode("c", 1, { threadId: "t" }))).toMatchObject({ status: "stored" });
  });

  test.each([
    ["{}"],
    ["null"],
    [`"all"`],
    [`{"all":false}`],
    [`{"metadata":{}}`],
    [`{"metadata":null}`],
    [`{"metadata":{"user":null}}`],
    [`{"episodeId":"a","threadId":"t"}`],
    [`{"threadId":null}`],
    [`{"threadId":""}`],
    [`{"episodeId":7}`],
  ])("refuses the selector %s and removes nothing", async (json) => {
    const memory = await openMemory();
    for (const one of four) await memory.learn(one);
    expect((await rejected(memory.forget(JSON.parse(json)))).code).toBe("invalid-input");
    expect(await memory.stats()).toMatchObject({ episodes: 4 });
  });

  test("does not take { threadId: undefined } for all episodes without a thread", async () => {
    const memory = await openMemory();
    for (const one of four) await memory.learn(one);
    const selector = { threadId: undefined } as unknown as Selector;
    expect((await rejected(memory.forget(selector))).code).toBe("invalid-input");
    expect(await memory.stats()).toMatchObject({ episodes: 4 });
  });
});

describe("two memories over one store", () => {
  test("see each other's episodes, feedback and deletions", async () => {
    const store = new InMemoryExperienceStore();
    const [one, other] = [await openMemory({ store }), await openMemory({ store })];
    await one.learn(episode("e", 1));
    await vi.waitFor(() => expect(returnsOf(other)).toEqual({ e: 1 }));
    await other.feedback("e", { reward: 5 });
    await vi.waitFor(() => expect(returnsOf(one)).toEqual({ e: 5 }));
    await one.learn(episode("f", 2));
    await other.forget({ episodeId: "e" });
    await vi.waitFor(() => expect(returnsOf(one)).toEqual({ f: 2 }));
    await vi.waitFor(() => expect(returnsOf(other)).toEqual({ f: 2 }));
  });

  test("may discount differently", async () => {
    const store = new InMemoryExperienceStore();
    const [one, other] = [await openMemory({ store, gamma: 0 }), await openMemory({ store, gamma: 1 })];
    const steps = [
      { state: "here", action: "go" },
      { state: "there", action: "stop", reward: 1 },
    ];
    await one.learn({ id: "e", steps });
    expect(returnsOf(one)).toEqual({ e: 0 });
    await vi.waitFor(() => expect(returnsOf(other)).toEqual({ e: 1 }));
  });

  test("what is put while one of them loads is not missed", async () => {
    const store = new InMemoryExperienceStore();
    const writer = await openMemory({ store });
    for (let i = 0; i < 20; i++) await writer.learn(episode(`e${i}`, i));
    const memory = new ExperienceMemory({ store });
    const writing = Promise.all([
      writer.learn(episode("late", 1)),
      writer.feedback("e3", { reward: 100 }),
      writer.forget({ episodeId: "e4" }),
    ]);
    await Promise.all([memory.ready(), writing]);
    const expected = returnsOf(writer);
    expect(expected).toMatchObject({ late: 1, e3: 100 });
    await vi.waitFor(() => expect(returnsOf(memory)).toEqual(expected));
  });
});

describe("limits of a store", () => {
  test("of capacity drop the episodes that arrived first", async () => {
    const store = new InMemoryExperienceStore({ capacity: 2 });
    const memory = await openMemory({ store });
    for (const id of ["a", "b", "c"]) await memory.learn(episode(id, 1));
    await memory.feedback("b", { reward: 5 });
    await vi.waitFor(() => expect(returnsOf(memory)).toEqual({ b: 5, c: 1 }));
    expect((await rejected(memory.feedback("a", { reward: 1 }))).code).toBe("episode-not-found");
    await memory.learn(episode("d", 1));
    await vi.waitFor(() => expect(returnsOf(memory)).toEqual({ c: 1, d: 1 }));
    expect(await memory.learn(episode("a", 9))).toMatchObject({ status: "stored", revision: 1 });
  });

  test("of age drop what began too long ago, by the clock that was given", async () => {
    const now = clock(1000);
    const memory = await openMemory({ store: new InMemoryExperienceStore({ maxAge: 100, now }), now });
    await memory.learn(episode("a", 1));
    now.time = 1090;
    await memory.learn(episode("b", 1));
    expect(returnsOf(memory)).toEqual({ a: 1, b: 1 });
    now.time = 1101;
    await memory.learn(episode("c", 1));
    await vi.waitFor(() => expect(returnsOf(memory)).toEqual({ b: 1, c: 1 }));
  });
});

describe("a memory", () => {
  test("tells its numbers and its status", async () => {
    const memory = new ExperienceMemory();
    expect(memory.neighbors("here")).toEqual({ status: "loading" });
    expect((await memory.stats()).status).toBe("loading");
    await memory.ready();
    await memory.learn(episode("e", 1));
    await memory.learn({ id: "f", steps: [{ state: "there", action: "go" }] });
    expect(await memory.stats()).toEqual({ status: "ready", episodes: 2, steps: 1, states: 1, setAside: 0 });
    await memory.close();
    expect((await memory.stats()).status).toBe("closed");
  });

  test("that is closed says so, and closing again does nothing", async () => {
    const memory = await memoryOf([{ action: "go", return: 1 }]);
    await memory.close();
    await memory.close();
    expect(thrown(() => memory.neighbors("here")).code).toBe("memory-closed");
    expect((await rejected(memory.learn(episode("e", 1)))).code).toBe("memory-closed");
    expect((await rejected(memory.feedback("e", { reward: 1 }))).code).toBe("memory-closed");
    expect((await rejected(memory.forget({ all: true }))).code).toBe("memory-closed");
  });

  test("finishes what was begun before it closes", async () => {
    const store = new InMemoryExperienceStore();
    const written: string[] = [];
    store.watch((change) => written.push(change.type));
    const memory = await openMemory({ store });
    await memory.learn(episode("e", 1));
    const begun = [
      memory.learn(episode("f", 1)),
      memory.feedback("e", { reward: 2 }),
      memory.forget({ episodeId: "x" }),
    ];
    const closing = [memory.close(), memory.close()];
    expect(thrown(() => memory.neighbors("here")).code).toBe("memory-closed");
    await Promise.all(closing);
    expect(written).toEqual(["put", "put", "put"]);
    expect((await rejected(store.stats())).code).toBe("memory-closed");
    await expect(Promise.all(begun)).resolves.toMatchObject([
      { status: "stored" },
      { status: "stored" },
      { episodes: 0 },
    ]);
  });

  test("refuses a discount outside [0, 1]", () => {
    for (const gamma of [-0.1, 1.1, Number.NaN]) {
      expect(thrown(() => new ExperienceMemory({ gamma })).code).toBe("invalid-input");
    }
  });

  test("whose store cannot be read fails to open, and says why", async () => {
    const cause = new Error("the disk is gone");
    class Unreadable extends InMemoryExperienceStore {
      // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
      override async *scan(): AsyncGenerator<StoredEpisode> {
        throw cause;
      }
    }
    const errors: JitRLError[] = [];
    const options = { store: new Unreadable(), onError: (error: JitRLError) => errors.push(error) };
    const error = await rejected(openMemory(options));
    expect(error).toMatchObject({
      code: "memory-failed",
      cause,
      message: expect.stringContaining("the disk is gone"),
    });
    expect(errors).toEqual([error]);
    const memory = new ExperienceMemory(options);
    await rejected(memory.ready());
    expect((await memory.stats()).status).toBe("failed");
    expect(thrown(() => memory.neighbors("here")).code).toBe("memory-failed");
    expect(await memory.learn(episode("e", 1))).toMatchObject({ status: "stored" });
    expect((await rejected(memory.feedback({ threadId: "t" }, { reward: 1 }))).code).toBe("memory-failed");
    await memory.close();
  });

  test("whose store cannot be read for a moment tells so, and goes on with the next change", async () => {
    let failures = 0;
    class Flaky extends InMemoryExperienceStore {
      override async get(id: string) {
        if (failures > 0 && failures-- > 0) throw new Error("busy");
        return super.get(id);
      }
    }
    const store = new Flaky();
    const errors: JitRLError[] = [];
    const reader = await openMemory({ store, onError: (error) => errors.push(error) });
    failures = 1;
    await store.put(storedLike("e"), { expectedRevision: 0 });
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    expect(errors[0]).toMatchObject({ code: "memory-failed", message: expect.stringContaining("busy") });
    expect(returnsOf(reader)).toEqual({});
    await reader.feedback("e", { reward: 4 });
    expect(returnsOf(reader)).toEqual({ e: 4 });
  });

  test("whose store cannot write rejects with the store's error and keeps what it has", async () => {
    const failure = new Error("disk full");
    class Full extends InMemoryExperienceStore {
      full = false;
      override async put(...input: Parameters<InMemoryExperienceStore["put"]>) {
        if (this.full) throw failure;
        return super.put(...input);
      }
    }
    const store = new Full();
    const memory = await openMemory({ store });
    await memory.learn(episode("e", 1));
    store.full = true;
    await expect(memory.learn(episode("f", 2))).rejects.toBe(failure);
    await expect(memory.feedback("e", { reward: 2 })).rejects.toBe(failure);
    expect(returnsOf(memory)).toEqual({ e: 1 });
    store.full = false;
    await memory.learn(episode("f", 2));
    expect(returnsOf(memory)).toEqual({ e: 1, f: 2 });
  });

  test("keeps a revision in its place in the order of arrival", async () => {
    const memory = await openMemory();
    for (const id of ["a", "b", "c"]) await memory.learn(episode(id, 1));
    const order = () => found(memory)[0]?.actions[0]?.latest.map(({ episodeId }) => episodeId);
    expect(order()).toEqual(["c", "b", "a"]);
    await memory.feedback("a", { reward: 9 });
    expect(order()).toEqual(["c", "b", "a"]);
  });
});

function storedLike(id: string): Episode {
  return {
    id,
    revision: 1,
    at: 0,
    end: "done",
    steps: [{ id: "0", t: 0, state: toState("here"), action: "go", chosenBy: "base" }],
    rewards: [{ id: "r", value: 1, source: "environment", at: 0 }],
    metadata: {},
    describedBy: "",
  };
}

describe("after any learning, feedback and forgetting", () => {
  const stateText = fc.constantFrom("a", "a b", "a b c", "b c", "c d", "d");
  const step = fc.record({
    state: stateText,
    action: fc.constantFrom("x", "y", "z"),
    t: fc.nat(2),
    reward: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
  });
  const command = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("learn" as const),
        id: fc.nat(7),
        thread: fc.nat(2),
        steps: fc.array(step, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("feedback" as const),
        id: fc.nat(7),
        reward: fc.integer({ min: -3, max: 3 }),
        key: fc.nat(3),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("forget" as const), id: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("forget thread" as const), thread: fc.nat(2) }) },
  );
  const query = fc.record({
    state: stateText,
    k: fc.integer({ min: 1, max: 5 }),
    minSimilarity: fc.constantFrom(0, 0.3, 0.5, 1),
    describedBy: fc.constantFrom("", "v"),
  });

  /** Neighbours by their definition, from nothing but the stored episodes. */
  function neighborsOf(
    episodes: readonly Episode[],
    {
      state,
      k,
      minSimilarity,
      describedBy,
    }: { state: string; k: number; minSimilarity: number; describedBy: string },
    gamma: number,
  ) {
    const present = toState(state);
    const own = episodes.filter((one) => one.describedBy === describedBy && stepReturns(one, gamma));
    const visits = (other: State) =>
      own.flatMap(({ steps }) => steps).filter((step) => stateKey(step.state) === stateKey(other)).length;
    const steps = own
      .flatMap((one) => {
        const returns = stepReturns(one, gamma)!;
        return one.steps.map((step, i) => {
          const after = one.steps.slice(i + 1);
          const novelties = after.map(({ state }, d) => gamma ** (d + 1) / (1 + visits(state)));
          const alike = similarity(present, step.state);
          return {
            key: stateKey(step.state),
            similarity: alike,
            action: step.action,
            best: {
              episodeId: one.id,
              step: i,
              return: returns[i]!,
              chosenBy: step.chosenBy,
              later: gamma > 0 ? after.length : 0,
            },
            novelty: alike === 1 ? { novelty: expect.closeTo(Math.max(0, ...novelties), 9) } : {},
          };
        });
      })
      .map((step, age) => ({ ...step, age }))
      .filter((step) => step.similarity >= minSimilarity - 1e-12)
      .reverse();
    const states = [...new Set(steps.map(({ key }) => key))].map((key) =>
      steps.filter((step) => step.key === key),
    );
    states.sort(([a], [b]) => b!.similarity - a!.similarity || b!.age - a!.age);
    return states.slice(0, k).map((group) => ({
      similarity: group[0]!.similarity,
      actions: [...new Set(group.map(({ action }) => action))].map((action) => {
        const taken = group.filter((step) => step.action === action);
        const latest = taken.map(({ best }) => best);
        const mean = latest.reduce((sum, step) => sum + step.return, 0) / latest.length;
        const variance = latest.reduce((sum, step) => sum + (step.return - mean) ** 2, 0) / latest.length;
        return {
          action,
          count: latest.length,
          mean: expect.closeTo(mean, 9),
          spread: expect.closeTo(Math.sqrt(variance), 6),
          best: latest.reduce((best, step) => (step.return > best.return ? step : best)),
          latest: taken.slice(0, k).map(({ best, novelty }) => ({ ...best, ...novelty })),
        };
      }),
    }));
  }

  const withoutOrder = (neighbors: readonly Neighbor[]) => {
    const reference = ({ order: _, ...rest }: Neighbor["actions"][number]["best"]) => rest;
    return neighbors.map(({ similarity, actions }) => ({
      similarity,
      actions: actions.map((action) => ({
        ...action,
        best: reference(action.best),
        latest: action.latest.map(reference),
      })),
    }));
  };

  test("the neighbours are those of the stored episodes, and of a memory that reads the store afresh", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 25 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0, 0.5, 1),
        fc.integer({ min: 2, max: 10 }),
        async (commands, queries, gamma, capacity) => {
          const now = clock();
          const store = new InMemoryExperienceStore({ capacity, now });
          const memory = await openMemory({ store, gamma, now });
          for (const one of commands) {
            now.time++;
            if (one.type === "learn") {
              const steps = one.steps
                .sort((a, b) => a.t - b.t)
                .map(({ reward, ...step }) => (reward === undefined ? step : { ...step, reward }));
              await memory.learn({
                id: `e${one.id}`,
                threadId: `t${one.thread}`,
                describedBy: one.id === 0 ? "v" : "",
                steps,
              });
            } else if (one.type === "feedback") {
              const outcome = await memory
                .feedback(`e${one.id}`, { reward: one.reward, id: `f${one.key}` })
                .catch((error: JitRLError) => error.code);
              if (typeof outcome === "string") expect(outcome).toBe("episode-not-found");
            } else if (one.type === "forget") await memory.forget({ episodeId: `e${one.id}` });
            else await memory.forget({ threadId: `t${one.thread}` });
          }
          // The last change, so that everything announced before it has been taken over.
          await memory.forget({ episodeId: "nobody" });
          const episodes = await stored(store);
          const fresh = await openMemory({ store, gamma });
          expect(await fresh.stats()).toEqual(await memory.stats());
          for (const one of queries) {
            const { state, ...options } = one;
            const neighbors = found(memory, state, options);
            expect(found(fresh, state, options)).toEqual(neighbors);
            expect(withoutOrder(neighbors)).toEqual(neighborsOf(episodes, one, gamma));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

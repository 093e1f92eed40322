import {
  type Episode,
  type ExperienceMemory,
  InMemoryExperienceStore,
  type JitRLError,
  MAX_REASON,
  openMemory,
  type RevokeOptions,
  type Reward,
  stepRewards,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import "../../../test/property-seed.js";
import { rejected } from "./thrown.js";

const steps = ["a", "b", "c"].map((action) => ({ state: `before ${action}`, action }));
const judge = "judge:x";

async function world(options: { now?: () => number } = {}) {
  const store = new InMemoryExperienceStore();
  const memory = await openMemory({ store, gamma: 0, now: () => 7, ...options });
  return { store, memory };
}

/** What each step is worth as evidence; γ is 0, so it is what the step itself earned. */
function worth(memory: ExperienceMemory, action: string): number | undefined {
  const search = memory.neighbors(`before ${action}`, { minSimilarity: 1 });
  if (search.status !== "found") throw new Error(`Expected neighbours, found "${search.status}".`);
  return search.neighbors[0]?.actions[0]?.mean;
}

function said({ rewards }: Episode | { rewards: readonly Reward[] } = { rewards: [] }) {
  return rewards.map(
    ({ id, value, revokedAt }) => `${id}=${value}${revokedAt === undefined ? "" : " revoked"}`,
  );
}

describe("a judgement", () => {
  test("brings rewards with reasons and ends the waiting", async () => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps, awaiting: [judge, "judge:y", judge] });
    expect((await store.get("e"))?.awaiting).toEqual([judge, "judge:y"]);
    const rewards = [
      { step: 0, value: 1, reason: "asked first" },
      { step: 2, value: -1 },
    ];
    expect(await memory.judge("e", { source: judge, rewards })).toEqual({
      status: "stored",
      episodeId: "e",
      revision: 2,
    });
    expect(await store.get("e")).toMatchObject({
      awaiting: ["judge:y"],
      rewards: [
        { id: "judge:x#0", step: 0, value: 1, source: judge, at: 7, reason: "asked first" },
        { id: "judge:x#2", step: 2, value: -1, source: judge, at: 7 },
      ],
    });
    // The step that was left out is worth nothing by itself, but nobody said that it is worth 0.
    expect([worth(memory, "a"), worth(memory, "b"), worth(memory, "c")]).toEqual([1, 0, -1]);
  });

  test("takes the place of the one before, whatever others said", async () => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps });
    await memory.feedback("e", { reward: 5, step: 1, id: "person" });
    await memory.judge("e", { source: judge, rewards: [0, 1].map((step) => ({ step, value: 1 })) });
    await memory.judge("e", { source: judge, rewards: [1, 2].map((step) => ({ step, value: 2 })) });
    expect(said(await store.get("e"))).toEqual([
      "person=5",
      "judge:x#0=1 revoked",
      "judge:x#1=2",
      "judge:x#2=2",
    ]);
    expect([worth(memory, "a"), worth(memory, "b"), worth(memory, "c")]).toEqual([0, 5, 2]);
  });

  test("that says the same changes nothing, and may have nothing to say", async () => {
    const { memory } = await world();
    await memory.learn({ id: "e", steps, awaiting: [judge] });
    const rewards = [{ value: 1, reason: "well done" }];
    expect(await memory.judge("e", { source: judge, rewards })).toMatchObject({ revision: 2 });
    expect(await memory.judge("e", { source: judge, rewards })).toMatchObject({
      status: "duplicate",
      revision: 2,
    });
    expect(await memory.judge("e", { source: judge, rewards: [] })).toMatchObject({ revision: 3 });
    expect(await memory.judge("e", { source: judge, rewards: [] })).toMatchObject({ status: "duplicate" });
    // One that was revoked counts again when it is said again.
    await memory.judge("e", { source: judge, rewards });
    expect(worth(memory, "c")).toBe(1);
  });

  test("may be for those only who still await it, so that of two judges only the first counts", async () => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps, awaiting: [judge] });
    const values = await Promise.all(
      [1, 2, 3].map((value) =>
        memory.judge("e", { source: judge, rewards: [{ value }], onlyIfAwaiting: true }),
      ),
    );
    expect(values.map(({ status }) => status)).toEqual(["stored", "duplicate", "duplicate"]);
    expect(said(await store.get("e"))).toEqual(["judge:x=1"]);
  });

  test("tells apart what is said of one step in several respects", async () => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps });
    const rewards = [
      { value: 1, respect: "tone" },
      { value: 2, respect: "facts" },
    ];
    await memory.judge("e", { source: judge, rewards });
    expect(said(await store.get("e"))).toEqual(["judge:x/tone=1", "judge:x/facts=2"]);
    expect(worth(memory, "c")).toBe(3);
  });

  test.each([
    ["a step that is not there", [{ step: 3, value: 1 }]],
    ["a value that is none", [{ value: Number.NaN }]],
    [
      "one step twice",
      [
        { step: 1, value: 1 },
        { step: 1, value: 2 },
      ],
    ],
    ["a reason without end", [{ value: 1, reason: "x".repeat(MAX_REASON + 1) }]],
  ])("of %s is refused and changes nothing", async (_name, rewards) => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps, awaiting: [judge] });
    expect((await rejected(memory.judge("e", { source: judge, rewards }))).code).toBe("invalid-input");
    expect(await store.get("e")).toMatchObject({ revision: 1, awaiting: [judge] });
  });

  test("of an episode that is not there says so", async () => {
    const { memory } = await world();
    expect((await rejected(memory.judge("e", { source: judge, rewards: [] }))).code).toBe(
      "episode-not-found",
    );
  });

  test("is no longer awaited when it comes with the episode itself or as feedback", async () => {
    const { store, memory } = await world();
    const awaiting = [judge, "judge:y"] as const;
    await memory.learn({ id: "e", steps, awaiting });
    await memory.learn({ id: "e", steps, rewards: [{ id: "r", value: 1, source: judge, at: 0 }] });
    await memory.feedback("e", { reward: 1, source: "judge:y", reason: "late" });
    expect(await store.get("e")).not.toHaveProperty("awaiting");
    expect((await store.get("e"))?.rewards[1]).toMatchObject({ reason: "late" });
  });
});

describe("revoking", () => {
  const reward = (id: string, source: Reward["source"], value = 1) => ({ id, source, value, at: 0 });

  async function judged() {
    const made = await world();
    for (const [i, id] of ["e1", "e2", "e3"].entries()) {
      await made.memory.learn({
        id,
        steps,
        threadId: `t${i}`,
        metadata: { user: i === 0 ? "ann" : "ben" },
        rewards: [
          reward("j", judge),
          reward("k", judge),
          reward("other", "judge:xy"),
          reward("all", "judge"),
        ],
      });
    }
    return made;
  }

  test("takes away what exactly one source said, and tells how much that was", async () => {
    const { store, memory } = await judged();
    expect(worth(memory, "c")).toBe(4);
    expect(await memory.revoke({ source: judge })).toEqual({ episodes: 3, rewards: 6 });
    expect(said(await store.get("e1"))).toEqual(["j=1 revoked", "k=1 revoked", "other=1", "all=1"]);
    expect(worth(memory, "c")).toBe(2);
    expect(await memory.revoke({ source: judge })).toEqual({ episodes: 0, rewards: 0 });
    expect(await store.get("e1")).toMatchObject({ revision: 2, rewards: [{ revokedAt: 7 }, {}, {}, {}] });
  });

  test.each([
    [{ episodeId: "e1" }, 1],
    [{ threadId: "t1" }, 1],
    [{ metadata: { user: "ben" } }, 2],
    [{ episodeId: "nobody" }, 0],
  ])("is limited to what %j names", async (selector, episodes) => {
    const { memory } = await judged();
    expect(await memory.revoke({ source: judge, selector })).toMatchObject({ episodes });
  });

  test("leaves an episode that only that source rewarded without teaching anything", async () => {
    const { store, memory } = await world();
    await memory.learn({ id: "e", steps, rewards: [reward("j", judge)] });
    await memory.revoke({ source: judge });
    expect(worth(memory, "c")).toBe(undefined);
    const held = await store.get("e");
    expect(held && stepRewards(held)).toBe(undefined);
    // Redelivered, it stays revoked; said anew, it counts.
    expect(await memory.learn({ id: "e", steps, rewards: [reward("j", judge)] })).toMatchObject({
      status: "duplicate",
    });
    await memory.judge("e", { source: judge, rewards: [{ value: 3 }] });
    expect(worth(memory, "c")).toBe(3);
  });

  test("goes on past an episode that cannot be changed, tells of it, and is done when done again", async () => {
    let broken = "e2";
    class Broken extends InMemoryExperienceStore {
      override async put(...input: Parameters<InMemoryExperienceStore["put"]>) {
        if (input[0].id === broken && input[1].expectedRevision > 0) throw new Error("no luck");
        return super.put(...input);
      }
    }
    const store = new Broken();
    const memory = await openMemory({ store });
    for (const id of ["e1", "e2", "e3"]) await memory.learn({ id, steps, rewards: [reward("j", judge)] });
    expect(await rejected(memory.revoke({ source: judge }))).toMatchObject({
      code: "store-failed",
      message: expect.stringContaining("Revoked 2 reward(s) of 2 episode(s), but 1 episode(s)"),
      details: { episodes: 2, rewards: 2, failed: ["e2"] },
      cause: expect.objectContaining({ message: "no luck" }),
    });
    broken = "";
    expect(await memory.revoke({ source: judge })).toEqual({ episodes: 1, rewards: 1 });
  });

  test("does not take for done what only waits to be sent, nor what could not be read", async () => {
    class Away extends InMemoryExperienceStore {
      away = false;
      override async put(...input: Parameters<InMemoryExperienceStore["put"]>) {
        return this.away ? { status: "buffered" as const } : super.put(...input);
      }
      override async *scan() {
        for await (const one of super.scan()) {
          yield one;
          if (this.away && one.id === "e2") throw new Error("cut off");
        }
      }
    }
    const store = new Away();
    const memory = await openMemory({ store });
    for (const id of ["e1", "e2", "e3"]) await memory.learn({ id, steps, rewards: [reward("j", judge)] });
    store.away = true;
    expect(await rejected(memory.revoke({ source: judge, selector: { episodeId: "e1" } }))).toMatchObject({
      code: "store-unavailable",
      details: { episodes: 0, failed: ["e1"] },
    });
    expect((await rejected(memory.revoke({ source: judge }))).message).toMatch(/cut off/u);
  });

  test("refuses what is no source or no selector", async () => {
    const { memory } = await world();
    const bad = [
      '{ "source": "gpt" }',
      '{ "source": "judge:x", "selector": {} }',
      '{ "source": "judge:x", "selector": { "all": true, "threadId": "t" } }',
    ];
    for (const text of bad) {
      const options: RevokeOptions = JSON.parse(text);
      expect((await rejected(memory.revoke(options))).code).toBe("invalid-input");
    }
  });
});

test("the episodes of a memory are those that a selector names, in order", async () => {
  const { memory } = await world();
  for (const id of ["b", "a", "c"]) await memory.learn({ id, threadId: id === "a" ? "t" : "u", steps });
  const ids = async (...selector: Parameters<ExperienceMemory["episodes"]>) => {
    const found: string[] = [];
    for await (const { id } of memory.episodes(...selector)) found.push(id);
    return found.join("");
  };
  expect(await ids()).toBe("bac");
  expect(await ids({ threadId: "u" })).toBe("bc");
  expect(await ids({ episodeId: "a" })).toBe("a");
  expect(await ids({ episodeId: "x" })).toBe("");
  await memory.close();
  expect(() => memory.episodes()).toThrow(expect.objectContaining({ code: "memory-closed" }) as JitRLError);
});

test("whatever is judged, revoked and given, one source never counts for more than it said last", async () => {
  const action = fc.oneof(
    fc.record({
      do: fc.constant("judge" as const),
      values: fc.array(fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined }), {
        minLength: 3,
        maxLength: 3,
      }),
    }),
    fc.record({ do: fc.constant("revoke" as const) }),
    fc.record({ do: fc.constant("redeliver" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 8 }), async (actions) => {
      const { store, memory } = await world();
      const rewards = [{ id: "judge:x#1", step: 1, value: 9, source: judge, at: 0 } as const];
      await memory.learn({ id: "e", steps, rewards });
      let counts: readonly (number | undefined)[] = [undefined, 9, undefined];
      for (const one of actions) {
        if (one.do === "redeliver") await memory.learn({ id: "e", steps, rewards });
        else if (one.do === "revoke") {
          await memory.revoke({ source: judge });
          counts = [];
        } else {
          counts = one.values;
          await memory.judge("e", {
            source: judge,
            rewards: one.values.flatMap((value, step) => (value === undefined ? [] : [{ step, value }])),
          });
        }
        const held = await store.get("e");
        expect((held && stepRewards(held)?.own) ?? [0, 0, 0]).toEqual([0, 1, 2].map((i) => counts[i] ?? 0));
      }
      await memory.close();
    }),
    { numRuns: 60 },
  );
});

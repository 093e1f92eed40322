import { type EpisodeInput, type ExperienceMemory, openMemory, type ReturnSummary } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RunningReturns } from "../src/return-summary.js";

/** The same numbers from all values at once, in two passes. */
function summaryOf(values: readonly number[]): ReturnSummary | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, x) => sum + x / values.length, 0);
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2 / values.length, 0);
  return { count: values.length, mean, spread: Math.sqrt(variance), highest: Math.max(...values) };
}

/** Within rounding of the values' size. */
function expectSummary(found: ReturnSummary | undefined, values: readonly number[], digits = 1e-9): void {
  const expected = summaryOf(values);
  if (!expected || !found) {
    expect(found).toEqual(expected);
    return;
  }
  const size = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  expect(found.count).toBe(expected.count);
  expect(found.highest).toBe(expected.highest);
  expect(Math.abs(found.mean - expected.mean)).toBeLessThanOrEqual(digits * size);
  expect(Math.abs(found.spread - expected.spread)).toBeLessThanOrEqual(digits * size);
}

/** Adds values and removes some of those that are there. */
function play(changes: readonly { value: number; remove: boolean; which: number }[]) {
  const running = new RunningReturns();
  const held: number[] = [];
  for (const { value, remove, which } of changes) {
    if (remove && held.length > 0) {
      const [gone] = held.splice(which % held.length, 1);
      running.remove(gone!, () => held);
    } else {
      held.push(value);
      running.add(value);
    }
  }
  return { running, held };
}

describe("RunningReturns", () => {
  test.each([
    ["values of one size", fc.integer({ min: -1000, max: 1000 }).map((x) => x / 100)],
    ["few different values", fc.constantFrom(-1, 0, 1)],
    ["values far from 0", fc.integer({ min: -10, max: 10 }).map((x) => 1000 + x)],
    ["values that outweigh all others", fc.constantFrom(-1, 0, 1, 3, 1e9, -1e9, 1e100)],
  ])("after any additions and removals agrees with the values that stayed: %s", (_, value) => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ value, remove: fc.boolean(), which: fc.nat(30) }), { maxLength: 60 }),
        (changes) => {
          const { running, held } = play(changes);
          expectSummary(running.summary, held);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("by hand", () => {
    const { running } = play([2, 4, 4, 4, 5, 5, 7, 9].map((value) => ({ value, remove: false, which: 0 })));
    expect(running.summary).toEqual({ count: 8, mean: 5, spread: 2, highest: 9 });
  });

  test("has no summary before the first value and after the last", () => {
    const running = new RunningReturns();
    expect(running.summary).toBeUndefined();
    running.add(3);
    expect(running.summary).toEqual({ count: 1, mean: 3, spread: 0, highest: 3 });
    running.remove(3, () => []);
    expect(running.summary).toBeUndefined();
  });

  test("a mistaken 1e9 leaves no trace when it is taken back", () => {
    const running = new RunningReturns();
    const usual = [1, -1, 1, -1];
    for (const value of [1, 1e9, -1, 1, -1]) running.add(value);
    running.remove(1e9, () => usual);
    expectSummary(running.summary, usual, 1e-12);
  });

  test("reads what stays only where it must", () => {
    const running = new RunningReturns();
    for (const value of [1, 5, 2, 5]) running.add(value);
    running.remove(5, () => {
      throw new Error("There is another highest one.");
    });
    running.remove(1, () => {
      throw new Error("It was not the highest.");
    });
    expect(running.summary).toMatchObject({ count: 2, mean: 3.5, spread: 1.5, highest: 5 });
  });
});

describe("the returns of a memory", () => {
  function returnsOf(memory: ExperienceMemory, describedBy?: string): ReturnSummary | undefined {
    const found = memory.neighbors("anywhere", describedBy === undefined ? {} : { describedBy });
    if (found.status !== "found") throw new Error(`Expected returns, found "${found.status}".`);
    return found.returns;
  }
  const episode = (
    id: string,
    rewards: readonly number[],
    more: Partial<EpisodeInput> = {},
  ): EpisodeInput => ({
    id,
    steps: rewards.map((reward, i) => ({ state: `state ${id} ${i}`, action: "go", reward })),
    ...more,
  });
  const importedFrom = (source: string) => ({ metadata: { importedFrom: source } });

  test("are those of all steps, wherever they were taken, discounted", async () => {
    const memory = await openMemory({ gamma: 0.5 });
    expect(returnsOf(memory)).toBeUndefined();
    await memory.learn(episode("a", [0, 4])); // returns 2, 4
    await memory.learn(episode("b", [6])); // 6
    expectSummary(returnsOf(memory), [2, 4, 6]);
  });

  test("of what nobody rewarded there are none", async () => {
    const memory = await openMemory();
    await memory.learn({ id: "a", steps: [{ state: "here", action: "go" }] });
    expect(returnsOf(memory)).toBeUndefined();
  });

  test("are kept for each version of the state features", async () => {
    const memory = await openMemory();
    await memory.learn(episode("a", [1]));
    await memory.learn(episode("b", [100], { describedBy: "v2" }));
    expectSummary(returnsOf(memory), [1]);
    expectSummary(returnsOf(memory, "v2"), [100]);
    expect(returnsOf(memory, "v3")).toBeUndefined();
  });

  test("change when a reward is added later, and go when an episode is forgotten", async () => {
    const memory = await openMemory({ gamma: 1 });
    await memory.learn(episode("a", [0, 1]));
    await memory.learn(episode("b", [5]));
    await memory.feedback("a", { reward: -3 }); // of a person, who counts more than the environment
    expectSummary(returnsOf(memory), [-3, -3, 5]);
    await memory.forget({ episodeId: "b" });
    expectSummary(returnsOf(memory), [-3, -3]);
    await memory.forget({ episodeId: "a" });
    expect(returnsOf(memory)).toBeUndefined();
  });

  test("are the agent's own alone, and those of imported episodes only while it has none", async () => {
    const memory = await openMemory();
    await memory.learn(episode("a", [50], importedFrom("elsewhere")));
    await memory.learn(episode("b", [70], importedFrom("nowhere")));
    expectSummary(returnsOf(memory), [50, 70]);
    await memory.learn(episode("c", [1]));
    expectSummary(returnsOf(memory), [1]);
    await memory.forget({ episodeId: "c" });
    expectSummary(returnsOf(memory), [50, 70]);
  });

  test("are the same after any learning, feedback and forgetting as in a memory that began with the rest", async () => {
    const value = fc.constantFrom(-1, 0, 1, 2, 1e9);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.constantFrom("a", "b", "c"), does: fc.nat(3), value }), {
          maxLength: 12,
        }),
        async (changes) => {
          const memory = await openMemory({ gamma: 1 });
          const held = new Map<string, { steps: number[]; feedback: number }>();
          for (const { id, does, value } of changes) {
            const old = held.get(id);
            if (!old && does > 0) continue;
            if (!old) {
              await memory.learn(episode(id, [value, 1], { at: 1 }));
              if ((await memory.stats()).episodes > held.size)
                held.set(id, { steps: [value, 1], feedback: 0 });
            } else if (does < 3) {
              await memory.feedback(id, { reward: value, step: 0, source: "environment" });
              old.feedback += value;
            } else {
              await memory.forget({ episodeId: id });
              held.delete(id);
            }
          }
          const returns = [...held.values()].flatMap(({ steps: [first = 0, last = 0], feedback }) => [
            first + feedback + last,
            last,
          ]);
          expectSummary(returnsOf(memory), returns);
        },
      ),
      { numRuns: 100 },
    );
  });
});

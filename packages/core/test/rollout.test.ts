import { createPolicy, rollout, withinPercent } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, memoryOf } from "./experience.js";
import { thrown } from "./thrown.js";

const percents = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.double({ min: 0, max: 100, noNaN: true }),
  fc.constantFrom(0.001, 99.999),
);

/** Ids as systems give them: counted, random, and one that differs only at its beginning. */
const kinds: [string, (i: number) => string][] = [
  ["counted", (i) => `thread-${i}`],
  ["padded", (i) => String(i).padStart(12, "0")],
  ["differing at their beginning", (i) => `${i}-of-the-shop-in-europe`],
  ["in another script", (i) => `会話${i}`],
  ["like UUIDs", (i) => `${(i * 2654435761).toString(16).padStart(12, "0")}-4c1e-8d2f-${i.toString(16)}`],
];

describe("withinPercent", () => {
  test("never takes an id out when the percentage is raised", () => {
    fc.assert(
      fc.property(fc.string(), percents, percents, fc.string(), (id, one, other, salt) => {
        const [low, high] = one <= other ? [one, other] : [other, one];
        if (withinPercent(id, low, salt)) expect(withinPercent(id, high, salt)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("has nobody within 0 and everybody within 100", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, salt) => {
        expect([withinPercent(id, 0, salt), withinPercent(id, 100, salt)]).toEqual([false, true]);
      }),
    );
  });

  test.each(kinds)("spreads ids evenly that are %s", (_, idOf) => {
    const n = 20_000;
    const groups = 20;
    const counts = new Array<number>(groups).fill(0);
    for (let i = 0; i < n; i++) {
      const id = idOf(i);
      let low = 0;
      while (low < groups - 1 && !withinPercent(id, ((low + 1) * 100) / groups)) low++;
      counts[low]! += 1;
    }
    const expected = n / groups;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 19 degrees of freedom: 1 of 10,000 even spreads is above 50.8.
    expect(chiSquare).toBeLessThan(50.8);
  });

  test("draws independently under another salt, also where salt and id could be cut elsewhere", () => {
    const n = 20_000;
    let both = 0;
    for (let i = 0; i < n; i++) {
      if (withinPercent(`thread-${i}`, 50, "a") && withinPercent(`thread-${i}`, 50, "b")) both++;
    }
    // A quarter, give or take five standard deviations.
    expect(Math.abs(both / n - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / n));
    const cut = Array.from({ length: 64 }, (_, i) => [
      withinPercent(`2${i}`, 50, "1"),
      withinPercent(`${i}`, 50, "12"),
    ]);
    expect(cut.some(([one, other]) => one !== other)).toBe(true);
  });

  test("gives an id the same place on every machine and in every version", () => {
    const place = (id: string, salt = "") => {
      let low = 0;
      let high = 100;
      for (let i = 0; i < 32; i++) {
        const middle = (low + high) / 2;
        if (withinPercent(id, middle, salt)) high = middle;
        else low = middle;
      }
      return Number(low.toFixed(3));
    };
    // Computed by another program from the documented hash.
    expect([
      place(""),
      place("thread-1"),
      place("thread-2"),
      place("thread-1", "tone"),
      place("会話"),
    ]).toEqual([57.268, 70.367, 15.063, 60.151, 57.215]);
  });

  test.each([-1, 100.1, Number.NaN])("refuses %s percent", (percent) => {
    expect(thrown(() => withinPercent("a", percent)).code).toBe("invalid-input");
    expect(thrown(() => rollout({ percent })).message).toContain("percent");
  });
});

describe("rollout", () => {
  test("acts in that part of the threads, and watches in the others, decision for decision", async () => {
    const policy = createPolicy({ memory: await memoryOf([]), mode: rollout({ percent: 30 }) });
    const modes = new Map<string, Set<string>>();
    for (let i = 0; i < 300; i++) {
      const threadId = `thread-${i % 100}`;
      const { mode } = await policy.decide({
        state: "here",
        candidates: candidatesOf([0]),
        run: { threadId },
      });
      modes.set(threadId, (modes.get(threadId) ?? new Set()).add(mode));
    }
    for (const [threadId, seen] of modes)
      expect([...seen]).toEqual([withinPercent(threadId, 30) ? "on" : "shadow"]);
    expect(new Set([...modes.values()].flatMap((seen) => [...seen]))).toEqual(new Set(["on", "shadow"]));
  });

  test("draws by whatever is asked for, under a salt, between any two modes", () => {
    const mode = rollout({
      percent: 50,
      by: ({ metadata }) => metadata?.tenant,
      salt: "spring",
      inside: "shadow",
      outside: "off",
    });
    for (let tenant = 0; tenant < 50; tenant++) {
      const expected = withinPercent(String(tenant), 50, "spring") ? "shadow" : "off";
      expect(mode({ threadId: "any", metadata: { tenant } })).toBe(expected);
      expect(mode({ threadId: "other", metadata: { tenant: String(tenant) } })).toBe(expected);
    }
  });

  test("leaves out a run that has nothing to be drawn by, even at 100 %", () => {
    const byThread = rollout({ percent: 100 });
    expect(byThread({})).toBe("shadow");
    expect(byThread({ threadId: "" })).toBe("shadow");
    expect(byThread({ threadId: "a" })).toBe("on");
    const byTenant = rollout({ percent: 100, by: ({ metadata }) => metadata?.tenant });
    for (const tenant of [undefined, null, {}, Number.NaN, ""]) {
      expect(byTenant({ threadId: "a", metadata: { tenant } })).toBe("shadow");
    }
  });
});

import { type Departures, type EpisodeInput, openMemory, type StepInput } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { departureOf, departureTrust } from "../src/departures.js";

const summary = {
  mode: "on",
  reason: "learned",
  baseAction: "usual",
  propensity: 1,
  kl: 0,
  evidence: 1,
} as const;
const state = { features: { text: { tokens: ["here"], weight: 1 } } };
const step = { id: "0", t: 0, state, action: "usual", chosenBy: "policy", decision: summary } as const;

describe("departureOf", () => {
  test("tells whether a policy kept to the base action", () => {
    expect(departureOf(step)).toBe("kept");
    expect(departureOf({ ...step, chosenBy: "base" })).toBe("kept");
    expect(departureOf({ ...step, action: "another" })).toBe("left");
  });

  test("says nothing of what a policy did not decide, nor where chance made the base action", () => {
    const { decision: _, ...undecided } = step;
    expect(departureOf(undecided)).toBeUndefined();
    expect(departureOf({ ...step, decision: { ...summary, baseDrawn: true } })).toBeUndefined();
    expect(departureOf({ ...step, action: "another", chosenBy: "human" })).toBeUndefined();
    expect(departureOf({ ...step, action: "another", chosenBy: "fallback" })).toBeUndefined();
    expect(departureOf({ ...step, action: "another", chosenBy: "base" })).toBeUndefined();
  });
});

describe("departureTrust", () => {
  const record = (left: number, times: number): Departures => ({
    kept: { count: 50, mean: 0 },
    left: { count: times, mean: left },
  });

  test("by hand: three steps that brought 0.3 of a spread more", () => {
    // δ = (3·0.3 − 3) / (3 + 3) = −0.35, b = (−0.35 + 0.6) / 0.5 = 0.5
    expect(departureTrust(record(0.3, 3), 1)).toBeCloseTo(0.5, 12);
    // The same in units of a spread of 2.
    expect(departureTrust(record(0.6, 3), 2)).toBeCloseTo(0.5, 12);
  });

  test("is none before the base action was left, nor after a few times that brought nothing", () => {
    expect(departureTrust(undefined, 1)).toBe(0);
    expect(departureTrust(record(-1, 3), 1)).toBe(0);
  });

  test("is in [0, 1], and the more leaving brought, the higher", () => {
    const gain = fc.integer({ min: -300, max: 300 }).map((x) => x / 100);
    fc.assert(
      fc.property(gain, gain, fc.integer({ min: 1, max: 50 }), (one, other, times) => {
        const [lower, higher] = [Math.min(one, other), Math.max(one, other)].map((x) =>
          departureTrust(record(x, times), 1),
        );
        expect(lower).toBeGreaterThanOrEqual(0);
        expect(higher).toBeLessThanOrEqual(1);
        expect(higher).toBeGreaterThanOrEqual(lower!);
      }),
    );
  });
});

describe("a memory", () => {
  const episode = (reward: number, action: string, more: Partial<EpisodeInput> = {}): EpisodeInput => {
    const decided: StepInput = { state: "here", action, reward, chosenBy: "policy", decision: summary };
    return { steps: [decided], ...more };
  };
  const all = async (episodes: readonly EpisodeInput[]) => {
    const memory = await openMemory();
    for (const one of episodes) await memory.learn(one);
    const departures = () => {
      const found = memory.neighbors("here");
      return found.status === "found" ? found.returns?.departures : undefined;
    };
    return { memory, departures };
  };

  test("knows what came of keeping to the base action and of leaving it, once there is something of both", async () => {
    const kept = [episode(1, "usual"), episode(3, "usual")];
    expect((await all(kept)).departures()).toBeUndefined();
    const { departures } = await all([...kept, episode(-1, "another")]);
    expect(departures()).toEqual({ kept: { count: 2, mean: 2 }, left: { count: 1, mean: -1 } });
  });

  test("leaves out what others did, and what nobody decided", async () => {
    const { departures } = await all([
      episode(1, "usual"),
      episode(-1, "another"),
      episode(9, "another", { metadata: { importedFrom: "somebody" } }),
      { steps: [{ state: "here", action: "another", reward: 9 }] },
    ]);
    expect(departures()).toEqual({ kept: { count: 1, mean: 1 }, left: { count: 1, mean: -1 } });
  });

  test("forgets what is forgotten, also what outweighed all else", async () => {
    const { memory, departures } = await all([
      episode(1, "usual"),
      episode(1e12, "another", { threadId: "mistake" }),
      episode(0.25, "another"),
    ]);
    await memory.forget({ threadId: "mistake" });
    expect(departures()).toEqual({ kept: { count: 1, mean: 1 }, left: { count: 1, mean: 0.25 } });
  });
});

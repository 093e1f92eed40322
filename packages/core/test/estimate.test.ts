import {
  createPolicy,
  type Decision,
  type Estimate,
  type Estimator,
  JitRLError,
  klDivergence,
  type Neighbor,
  nearestSteps,
  type PolicyOptions,
  type StepReference,
  seededRandom,
  softmax,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, given, memoryOf, type Outcome, policyOf } from "./experience.js";

const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
/** Never -0, which adds up to 0. */
const reward = fc.double({ min: -10, max: 10, noNaN: true }).map((x) => x + 0);

/** Past steps in states that share one to three of the tokens x, y, z with the present one, whose tokens they are. */
const outcomes = fc.array(
  fc.record({
    state: fc.constantFrom("x y z", "x y z q", "x y", "x y q", "x"),
    action: fc.constantFrom("a0", "a1", "a2", "elsewhere"),
    return: reward,
  }),
  { minLength: 1, maxLength: 20 },
);

async function decide(past: readonly Outcome[], options: Partial<PolicyOptions> = {}): Promise<Decision> {
  const policy = createPolicy({
    memory: await memoryOf(past),
    minSimilarity: 0,
    estimator: "plain",
    ...options,
  });
  return policy.decide({ state: "x y z", candidates: candidatesOf([0.5, 0, -0.5]) });
}

function expectClose(found: number | undefined, expected: number): void {
  expect(found).toBeDefined();
  expect(Math.abs(found! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
}

describe("the plain form", () => {
  test("every number in a decision can be computed again from what it holds", async () => {
    await fc.assert(
      fc.asyncProperty(
        outcomes,
        fc.record({
          k: fc.integer({ min: 1, max: 12 }),
          beta: fc.constantFrom(0, 0.5, 1, 2),
          explorationBonus: fc.constantFrom(0, 1, 5),
          explorationProbability: fc.constantFrom(0, 0.5, 1),
          selection: fc.constantFrom("greedy" as const, "sample" as const),
          estimator: fc.constantFrom("plain" as const, "normalized" as const),
          klBudget: fc.constantFrom(0.2, Number.POSITIVE_INFINITY),
        }),
        fc.nat(),
        async (past, options, seed) => {
          const decision = await decide(past, { ...options, random: seededRandom(seed) });
          const { evidence, settings, draws } = decision;
          const explorations = draws
            .filter(({ purpose }) => purpose === "exploration")
            .map(({ value }) => value);
          const value = mean(evidence.map((step) => step.return));
          expect(evidence.length).toBe(Math.min(options.k, past.length));
          expectClose(decision.value, value);
          const q = decision.candidates.map(({ action }) => {
            const own = evidence.filter((step) => step.action === action).map((step) => step.return);
            if (own.length > 0) return mean(own);
            const lambda = settings.explorationProbability;
            const explores = lambda === 1 || explorations.shift()! < lambda;
            return explores ? value + settings.explorationBonus / evidence.length : value;
          });
          const top = Math.max(...q.map((x) => Math.abs(x - value)));
          const scale = settings.estimator === "normalized" ? top + 1e-8 : 1;
          const updated = decision.candidates.map(
            ({ logit }, a) => logit + (decision.beta * (q[a]! - value)) / scale,
          );
          decision.candidates.forEach((candidate, a) => {
            expectClose(candidate.q, q[a]!);
            expectClose(candidate.advantage, (q[a]! - value) / scale);
            expect(candidate.count).toBe(evidence.filter(({ action }) => action === candidate.action).length);
            expectClose(candidate.updatedLogit, updated[a]!);
            expectClose(candidate.probability, softmax(updated)[a]!);
            expectClose(candidate.baseProbability, softmax([0.5, 0, -0.5])[a]!);
          });
          if (settings.selection === "sample")
            expectClose(decision.kl, klDivergence(updated, [0.5, 0, -0.5]));
          expect(explorations).toEqual([]);
        },
      ),
      { numRuns: 80 },
    );
  });

  test("by hand: V is the mean of all neighbours, Q of those that took the action, α/N for one that none took", async () => {
    const past = [
      { state: "x y z", action: "a0", return: 1 },
      { state: "x y z", action: "a0", return: 2 },
      { state: "x y z", action: "a1", return: 6 },
    ];
    const decision = await decide(past, { explorationBonus: 6 });
    expect(decision.value).toBe(3);
    expect(decision.candidates.map(({ q }) => q)).toEqual([1.5, 6, 5]);
    expect(decision.candidates.map(({ advantage }) => advantage)).toEqual([-1.5, 3, 2]);
    expect(decision.candidates.map(({ count }) => count)).toEqual([2, 1, 0]);
    expect(decision.candidates.map(({ updatedLogit }) => updatedLogit)).toEqual([-1, 3, 1.5]);
    expect(decision.chosen.action).toBe("a1");
  });

  test("a constant added to all returns changes no advantage", async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, fc.double({ min: -100, max: 100, noNaN: true }), async (past, constant) => {
        const shifted = past.map((outcome) => ({ ...outcome, return: outcome.return + constant }));
        const [one, other] = [await decide(past), await decide(shifted)];
        other.candidates.forEach(({ advantage }, a) => {
          expect(advantage).toBeCloseTo(one.candidates[a]!.advantage, 9);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("the bonus goes to unseen actions only where their recorded draw is below λ", async () => {
    const past = [{ state: "x y z", action: "a0", return: 1 }];
    const draws = [0.2, 0.8];
    const decision = await decide(past, { explorationProbability: 0.5, random: () => draws.shift() ?? 0 });
    expect(decision.candidates.map(({ advantage }) => advantage)).toEqual([0, 5, 0]);
    expect(decision.draws).toEqual([
      { purpose: "exploration", value: 0.2 },
      { purpose: "exploration", value: 0.8 },
    ]);
  });

  test("λ = 1 takes no draw, and λ = 0 gives no bonus", async () => {
    const past = [{ state: "x y z", action: "a0", return: 1 }];
    expect((await decide(past)).draws).toEqual([]);
    const never = await decide(past, { explorationProbability: 0, random: () => 0 });
    expect(never.candidates.map(({ advantage }) => advantage)).toEqual([0, 0, 0]);
  });

  test("the bonus shrinks as evidence grows", async () => {
    const bonus = async (steps: number) => {
      const past = Array.from({ length: steps }, () => ({ state: "x y z", action: "a0", return: 1 }));
      return (await decide(past, { k: 20 })).candidates[1]?.advantage;
    };
    expect([await bonus(1), await bonus(2), await bonus(10)]).toEqual([5, 2.5, 0.5]);
  });
});

describe("the normalized form", () => {
  test("has its largest advantage at ±1, whatever the scale of returns", async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, fc.constantFrom(0.001, 1, 1e6), async (past, scale) => {
        const scaled = past.map((outcome) => ({ ...outcome, return: outcome.return * scale }));
        const plain = await decide(scaled, { explorationBonus: 0 });
        const decision = await decide(scaled, { estimator: "normalized", explorationBonus: 0 });
        const top = Math.max(...plain.candidates.map(({ advantage }) => Math.abs(advantage)));
        decision.candidates.forEach(({ advantage }, a) => {
          expectClose(advantage, plain.candidates[a]!.advantage / (top + 1e-8));
          expect(Math.abs(advantage)).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("is 0 where no action is better than another", async () => {
    const past = [0, 1, 2].map((a) => ({ state: "x y z", action: `a${a}`, return: 7 }));
    const decision = await decide(past, { estimator: "normalized" });
    expect(decision.candidates.map(({ advantage }) => advantage)).toEqual([0, 0, 0]);
    expect(decision.chosen.action).toBe("a0");
  });
});

describe("nearestSteps", () => {
  const step = (order: number): StepReference => ({
    episodeId: `e${order}`,
    step: 0,
    return: order,
    chosenBy: "base",
    order,
    later: 0,
  });
  const neighbor = (similarity: number, taken: Record<string, number[]>): Neighbor => ({
    similarity,
    actions: Object.entries(taken).map(([action, orders]) => ({
      action,
      count: orders.length,
      mean: mean(orders),
      spread: 0,
      best: step(Math.max(...orders)),
      latest: orders.map(step),
    })),
  });

  test("are the newest k steps of the nearest states", () => {
    const neighbors = [neighbor(1, { a: [9, 3], b: [5] }), neighbor(0.5, { a: [8, 7] })];
    expect(
      nearestSteps(neighbors, 4).map(({ order, action, similarity }) => [order, action, similarity]),
    ).toEqual([
      [9, "a", 1],
      [5, "b", 1],
      [3, "a", 1],
      [8, "a", 0.5],
    ]);
  });

  test("stay k where one state holds more", () => {
    const neighbors = [neighbor(1, { a: [9, 8, 7], b: [6, 5, 4] }), neighbor(0.9, { a: [99] })];
    expect(nearestSteps(neighbors, 4).map(({ order }) => order)).toEqual([9, 8, 7, 6]);
  });

  test("mix states of equal similarity by age", () => {
    const neighbors = [neighbor(0.5, { a: [9, 1] }), neighbor(0.5, { b: [8, 2] })];
    expect(nearestSteps(neighbors, 3).map(({ order }) => order)).toEqual([9, 8, 2]);
  });

  test("of what a memory found are the k first of all steps by similarity, then by age", async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, fc.integer({ min: 1, max: 8 }), async (past, k) => {
        const tokens = (text: string) => text.split(" ");
        const similar = (text: string) => {
          const shared = tokens(text).filter((token) => ["x", "y", "z"].includes(token)).length;
          return shared / (tokens(text).length + 3 - shared);
        };
        const expected = past
          .map((outcome, i) => ({ ...outcome, i, similarity: similar(outcome.state) }))
          .sort((a, b) => b.similarity - a.similarity || b.i - a.i)
          .slice(0, k);
        const decision = await decide(past, { k });
        expect(
          decision.evidence.map(({ action, similarity, return: value }) => [action, similarity, value]),
        ).toEqual(expected.map((outcome) => [outcome.action, outcome.similarity, outcome.return]));
      }),
      { numRuns: 100 },
    );
  });
});

describe("an estimator of one's own", () => {
  test("decides by its numbers, under its name", async () => {
    const policy = await policyOf([0, 0, 4]);
    const decision = await policy.decide({ state: "here", candidates: candidatesOf([1, 0, 0]) });
    expect(decision).toMatchObject({ chosen: { action: "a2" }, settings: { estimator: "given" } });
  });

  const bad: [string, (good: Estimate) => unknown][] = [
    [
      "NaN for an advantage",
      (good) => ({ ...good, actions: good.actions.map((a) => ({ ...a, advantage: Number.NaN })) }),
    ],
    [
      "infinity for q",
      (good) => ({ ...good, actions: good.actions.map((a) => ({ ...a, q: Number.POSITIVE_INFINITY })) }),
    ],
    ["NaN for the value", (good) => ({ ...good, value: Number.NaN })],
    ["too few actions", (good) => ({ ...good, actions: good.actions.slice(1) })],
    ["no evidence list", ({ evidence: _, ...rest }) => rest],
    ["nothing", () => undefined],
    ["a promise", async (good) => good],
  ];
  test.each(bad)("that gives %s leaves the base action, and its owner is told", async (_, spoil) => {
    const errors: unknown[] = [];
    const good = given([9, 0]);
    const spoilt = { name: "spoilt", estimate: (input) => spoil(good.estimate(input)) } as Estimator;
    const policy = await policyOf([], { estimator: spoilt, onError: (error) => errors.push(error) });
    const decision = await policy.decide({ state: "here", candidates: candidatesOf([0, 1]) });
    expect(decision).toMatchObject({
      reason: "memory-failed",
      chosen: { action: "a1" },
      chosenBy: "base",
      evidence: [],
    });
    expect(errors).toHaveLength(1);
  });

  test.each([new Error("a bug"), "a text", undefined])(
    "that throws %s leaves the base action",
    async (thrown) => {
      const errors: unknown[] = [];
      const estimator: Estimator = {
        name: "throwing",
        estimate() {
          throw thrown;
        },
      };
      const policy = await policyOf([], { estimator, onError: (error) => errors.push(error) });
      const decision = await policy.decide({ state: "here", candidates: candidatesOf([0, 1]) });
      expect(decision).toMatchObject({ reason: "memory-failed", chosen: { action: "a1" } });
      expect(errors).toEqual([thrown]);
    },
  );

  test("that throws an error of JitRL leaves the base action too: only the caller's state is the caller's error", async () => {
    const errors: unknown[] = [];
    const estimator: Estimator = {
      name: "strict",
      estimate() {
        throw new JitRLError("invalid-input", "Expected better.");
      },
    };
    const policy = await policyOf([], { estimator, onError: (error) => errors.push(error) });
    const decision = await policy.decide({ state: "here", candidates: candidatesOf([0, 1]) });
    expect(decision.reason).toBe("memory-failed");
    expect(errors).toHaveLength(1);
  });
});

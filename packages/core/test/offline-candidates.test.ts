import {
  createPolicy,
  InMemoryExperienceStore,
  openMemory,
  type PolicyOptions,
  summarize,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, enumerate, given, memoryOf } from "./experience.js";
import { stepOf } from "./offline-log.js";
import { rejected } from "./thrown.js";

const memory = await memoryOf([{ action: "a0", return: 0 }]);

async function summaryOf(options: Partial<PolicyOptions>, candidates = candidatesOf([0.5, 0, -1 / 3])) {
  return summarize(await createPolicy({ memory, ...options }).decide({ state: "here", candidates }));
}

describe("the candidates kept with a step", () => {
  const all = [
    ["a0", 0.5],
    ["a1", 0],
    ["a2", -1 / 3],
  ];

  test("are there where chance selects, and where they are asked for", async () => {
    expect((await summaryOf({ selection: "sample" })).candidates).toEqual(all);
    expect((await summaryOf({ selection: "epsilon-greedy" })).candidates).toEqual(all);
    expect((await summaryOf({ logCandidates: true })).candidates).toEqual(all);
    expect(await summaryOf({})).not.toHaveProperty("candidates");
    expect(await summaryOf({ selection: "sample", logCandidates: false })).not.toHaveProperty("candidates");
  });

  test("are all or none", async () => {
    const log = (count: number, length = 4) =>
      summaryOf(
        { logCandidates: true },
        Array.from({ length: count }, (_, i) => ({ action: String(i).padStart(length, "x"), logit: 0 })),
      );
    expect((await log(64)).candidates).toHaveLength(64);
    expect(await log(65)).not.toHaveProperty("candidates");
    expect((await log(10, 400)).candidates).toHaveLength(10);
    expect(await log(10, 401)).not.toHaveProperty("candidates");
  });

  test("come back from a store as they were, with equal ones merged and in their order", async () => {
    const store = new InMemoryExperienceStore();
    const policy = createPolicy({ memory: await openMemory({ store }), logCandidates: true });
    const candidates = [
      { action: "10", logit: 0 },
      { action: "__proto__", logit: -5e-324 },
      { action: "2", logit: 1e308 },
      { action: "10", logit: 0 },
    ];
    const decision = summarize(await policy.decide({ state: "here", candidates }));
    const { episodeId } = await policy.learn({
      steps: [{ state: "here", action: "2", reward: 1, decision }],
    });
    expect((await store.get(episodeId))?.steps[0]?.decision?.candidates).toEqual([
      ["10", Math.log(2)],
      ["__proto__", -5e-324],
      ["2", 1e308],
    ]);
  });

  test.each<[string, unknown]>([
    ["no list", {}],
    ["an empty list", []],
    ["one that is no pair", ["a"]],
    ["three values", [["a", 0, 0]]],
    ["an empty action", [["", 0]]],
    ["a logit that is no number", [["a", Number.NaN]]],
    [
      "one action twice",
      [
        ["a", 0],
        ["a", 1],
      ],
    ],
    ["too many", Array.from({ length: 65 }, (_, i) => [`a${i}`, 0])],
  ])("cannot be %s", async (_, candidates) => {
    const step = stepOf({ action: "a", reward: 1 });
    const decision = JSON.parse(JSON.stringify(step.decision));
    const error = await rejected(
      memory.learn({ steps: [{ ...step, decision: { ...decision, candidates } }] }),
    );
    expect(error.code).toBe("invalid-input");
    expect(error.message).toContain("episode.steps[0].decision.candidates");
  });

  test("come with whether chance made the base action, which only equal logits leave to it", async () => {
    const equal = candidatesOf([0, 0, -1]);
    expect(await summaryOf({ ties: "random" }, equal)).toMatchObject({ baseDrawn: true });
    expect(await summaryOf({}, equal)).not.toHaveProperty("baseDrawn");
    expect(await summaryOf({ ties: "random" })).not.toHaveProperty("baseDrawn");
  });
});

describe("the propensities of a decision's candidates", () => {
  const settings = fc.record({
    selection: fc.constantFrom("greedy" as const, "sample" as const, "epsilon-greedy" as const),
    ties: fc.constantFrom("first" as const, "random" as const),
    klBudget: fc.constantFrom(0.3, 1.2, Number.POSITIVE_INFINITY),
    mode: fc.constantFrom("on" as const, "shadow" as const),
    epsilon: fc.constantFrom(0, 0.5, 1),
  });
  const values = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 3, maxLength: 3 });

  test("are how often each is executed, over all draws", async () => {
    await fc.assert(
      fc.asyncProperty(settings, values, values, async (options, logits, advantages) => {
        const stated = new Map<string, number>();
        const decide = async (random: () => number) => {
          const policy = createPolicy({ memory, estimator: given(advantages), ...options, random });
          const decision = await policy.decide({ state: "here", candidates: candidatesOf(logits) });
          for (const { action, propensity } of decision.candidates) stated.set(action, propensity);
          const own = decision.candidates.find(({ action }) => action === decision.chosen.action);
          expect(own?.propensity).toBe(decision.propensity);
          return decision;
        };
        const sampled = options.selection === "sample";
        const outcomes = await (sampled ? enumerate(decide, 12, 2) : enumerate(decide, 6, 3));
        const tolerance = sampled ? 1 / 12 : 1e-9;
        for (const [action, propensity] of stated) {
          const frequency = outcomes.get(action)?.frequency ?? 0;
          expect(Math.abs(frequency - propensity)).toBeLessThanOrEqual(tolerance + 1e-9);
        }
        const sum = [...stated.values()].reduce((total, propensity) => total + propensity, 0);
        expect(sum).toBeCloseTo(1, 12);
      }),
      { numRuns: 12 },
    );
  });
});

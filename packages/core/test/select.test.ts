import {
  createPolicy,
  type Decision,
  type DecisionReason,
  ExperienceMemory,
  InMemoryExperienceStore,
  klDivergence,
  type Policy,
  type PolicyOptions,
  type SelectionMode,
  softmax,
  updateLogits,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, enumerate, given, memoryOf, policyOf } from "./experience.js";

const modes: SelectionMode[] = ["greedy", "sample", "epsilon-greedy"];

/** Base logits, advantages and a base action of 2, 3, 4 or 6 actions; small numbers, so that ties are frequent. */
const problem = fc.constantFrom(2, 3, 4, 6).chain((n) => {
  const some = (arbitrary: fc.Arbitrary<number>) => fc.array(arbitrary, { minLength: n, maxLength: n });
  return fc.record({
    logits: fc.oneof(
      some(fc.integer({ min: -2, max: 2 })),
      some(fc.double({ min: -4, max: 4, noNaN: true })),
    ),
    advantages: fc.oneof(
      some(fc.integer({ min: -2, max: 2 })),
      some(fc.double({ min: -4, max: 4, noNaN: true })),
    ),
    base: fc.option(fc.nat(n - 1), { nil: undefined }),
  });
});
const settings = fc.record({
  beta: fc.constantFrom(0, 0.5, 1, 3),
  epsilon: fc.constantFrom(0, 0.25, 1),
  ties: fc.constantFrom("first" as const, "random" as const),
});
const budgets = fc.oneof(
  fc.constantFrom(0, 0.1, 0.7, 1.5, Number.POSITIVE_INFINITY),
  fc.double({ min: 0, max: 4, noNaN: true }),
);
const memory = await memoryOf([{ action: "a0", return: 0 }]);

function decide(
  { logits, advantages, base }: { logits: number[]; advantages: number[]; base?: number | undefined },
  options: Partial<PolicyOptions>,
): Promise<Decision> {
  const policy = createPolicy({ memory, estimator: given(advantages), ...options });
  return policy.decide({
    state: "here",
    candidates: candidatesOf(logits),
    ...(base === undefined ? {} : { baseAction: `a${base}` }),
  });
}

/**
 * Frequencies over all draws must be the propensities that every single decision states, up to `tolerance`: how far
 * evenly spread draws can be off.
 */
async function expectPropensities(
  decideWith: (random: () => number) => Promise<Decision>,
  { n, dimensions, tolerance }: { n: number; dimensions: number; tolerance: number },
) {
  const outcomes = await enumerate(decideWith, n, dimensions);
  for (const { frequency, propensities } of outcomes.values()) {
    expect(propensities.size).toBe(1);
    for (const propensity of propensities) {
      expect(Math.abs(propensity - frequency)).toBeLessThanOrEqual(tolerance + 1e-9);
    }
  }
}

describe("greedy", () => {
  test("executes the highest updated logit, for certain", async () => {
    const decision = await decide({ logits: [1, 0, 0], advantages: [0, 3, 2] }, {});
    expect(decision).toMatchObject({
      chosenBy: "policy",
      reason: "learned",
      preferredAction: "a1",
      propensity: 1,
      draws: [],
    });
    expect(decision.chosen.action).toBe("a1");
    expect(decision.candidates.map(({ updatedLogit }) => updatedLogit)).toEqual([1, 3, 2]);
    expect(decision.kl).toBeCloseTo(-Math.log(softmax([1, 0, 0])[1]!), 12);
  });

  test("prefers the base action among equally good ones, else the first in the list", async () => {
    const tie = { logits: [0, 0, 0], advantages: [1, 1, 1] };
    expect((await decide(tie, {})).chosen.action).toBe("a0");
    expect((await decide({ ...tie, base: 2 }, {})).chosen.action).toBe("a2");
    expect((await decide({ logits: [0, 0, 0], advantages: [0, 1, 1], base: 0 }, {})).chosen.action).toBe(
      "a1",
    );
  });

  test("draws among equally good ones where ties are random", async () => {
    const tie = { logits: [0, 0, 0, 0], advantages: [0, 1, 1, 1], base: 1 };
    const outcomes = await enumerate((random) => decide(tie, { ties: "random", random }), 30, 1);
    expect([...outcomes.keys()].sort()).toEqual(["a1", "a2", "a3"]);
    for (const { frequency, propensities } of outcomes.values()) {
      expect(frequency).toBeCloseTo(1 / 3, 9);
      expect([...propensities]).toEqual([1 / 3]);
    }
  });

  test("takes logits apart by rounding only for a tie", async () => {
    const decision = await decide({ logits: [0.3, 0.1 + 0.2], advantages: [0, 0], base: 0 }, {});
    expect(decision.chosen.action).toBe("a0");
  });
});

describe("sample", () => {
  test("draws from softmax(z + βA)", async () => {
    const decision = await decide(
      { logits: [1, 0, -1], advantages: [-1, 1, 2] },
      { selection: "sample", beta: 0.7, random: () => 0.5 },
    );
    expect(decision.candidates.map(({ probability }) => probability)).toEqual(
      softmax(updateLogits([1, 0, -1], [-1, 1, 2], 0.7)),
    );
    const own = decision.candidates.find(({ action }) => action === decision.chosen.action);
    expect(decision.propensity).toBe(own?.probability);
    expect(decision.draws).toEqual([{ purpose: "sample", value: 0.5 }]);
  });

  test("never draws an action of probability 0, at either end of the draw", async () => {
    const impossible = { logits: [-2000, 0, -2000], advantages: [0, 0, 0] };
    for (const at of [0, 1 - 2 ** -53]) {
      expect((await decide(impossible, { selection: "sample", random: () => at })).chosen.action).toBe("a1");
    }
  });

  test("lowers β until the divergence is within the budget, and says so", async () => {
    const decision = await decide(
      { logits: [0, 0], advantages: [5, -5] },
      { selection: "sample", klBudget: 0.1, random: () => 0 },
    );
    expect(decision.beta).toBeGreaterThan(0);
    expect(decision.beta).toBeLessThan(1);
    expect(decision.settings.beta).toBe(1);
    expect(decision.kl).toBeLessThanOrEqual(0.1);
    expect(decision.kl).toBeGreaterThan(0.0999);
  });
});

describe("epsilon-greedy", () => {
  test("executes the greedy action with 1 − ε, and any with ε, all alike", async () => {
    const outcomes = await enumerate(
      (random) =>
        decide(
          { logits: [0, 0, 0, 0], advantages: [0, 1, 0, 0] },
          { selection: "epsilon-greedy", epsilon: 0.2, random },
        ),
      20,
      2,
    );
    expect(outcomes.get("a1")?.frequency).toBeCloseTo(0.85, 9);
    expect([...(outcomes.get("a1")?.propensities ?? [])][0]).toBeCloseTo(0.85, 12);
    for (const action of ["a0", "a2", "a3"]) expect(outcomes.get(action)?.frequency).toBeCloseTo(0.05, 9);
  });

  test("is greedy at ε = 0 and uniform at ε = 1", async () => {
    const input = { logits: [2, 0], advantages: [0, 0] };
    const never = await decide(input, { selection: "epsilon-greedy", epsilon: 0, random: () => 0 });
    expect(never).toMatchObject({ chosen: { action: "a0" }, propensity: 1, kl: 0 });
    const always = await decide(input, { selection: "epsilon-greedy", epsilon: 1, random: () => 0.75 });
    expect(always).toMatchObject({ chosen: { action: "a1" }, propensity: 0.5 });
  });
});

const fewActions = problem.filter(({ logits }) => logits.length <= 4);

describe("propensities", () => {
  test.each(["greedy", "epsilon-greedy"] as const)(
    "under %s equal the frequencies over all random draws",
    async (selection) => {
      await fc.assert(
        fc.asyncProperty(fewActions, settings, budgets, async (input, options, klBudget) => {
          // 12 is a multiple of 1 to 4 actions within reach and of 1/ε, so the frequencies are exact.
          await expectPropensities((random) => decide(input, { ...options, klBudget, selection, random }), {
            n: 12,
            dimensions: (selection === "greedy" ? 1 : 2) + (input.base === undefined ? 1 : 0),
            tolerance: 0,
          });
        }),
        { numRuns: 10 },
      );
    },
  );

  test("under sample equal the frequencies over all random draws", async () => {
    await fc.assert(
      fc.asyncProperty(problem, settings, budgets, async (input, options, klBudget) => {
        const own = { ...input, base: input.base ?? 0 };
        await expectPropensities(
          (random) => decide(own, { ...options, klBudget, selection: "sample", random }),
          { n: 200, dimensions: 1, tolerance: 1 / 200 },
        );
      }),
      { numRuns: 10 },
    );
  });

  test.each(["no-evidence", "off"] as DecisionReason[])(
    "of a base action drawn among ties are its share of the draws (%s)",
    async (reason) => {
      await expectPropensities(
        (random) =>
          decide(
            { logits: [1, 1, 0], advantages: [0, 0, 0] },
            { ties: "random", random, ...(reason === "off" ? { mode: "off" } : { minEvidence: 9 }) },
          ),
        { n: 12, dimensions: 1, tolerance: 0 },
      );
    },
  );

  test("of a base action beyond the budget, drawn among ties, are its share of the draws", async () => {
    const tied = { logits: [0, 0, 0], advantages: [0, 0, 0] };
    for (const selection of ["greedy", "epsilon-greedy"] as const) {
      const outcomes = await enumerate(
        (random) => decide(tied, { ties: "random", klBudget: 0.5, selection, random }),
        12,
        2,
      );
      expect(outcomes.size).toBe(3);
      for (const { frequency, propensities } of outcomes.values()) {
        expect(frequency).toBeCloseTo(1 / 3, 9);
        expect([...propensities]).toEqual([1 / 3]);
      }
    }
  });
});

describe("the KL budget holds for what is executed", () => {
  test("leaving the base action costs −ln π₀(a) ≤ budget under greedy and epsilon-greedy", async () => {
    await fc.assert(
      fc.asyncProperty(
        problem,
        settings,
        budgets,
        fc.constantFrom("greedy" as const, "epsilon-greedy" as const),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (input, options, klBudget, selection, stream) => {
          const random = () => stream.next().value ?? 0;
          const decision = await decide(input, { ...options, klBudget, selection, random });
          const cost = -Math.log(
            decision.candidates.find(({ action }) => action === decision.chosen.action)!.baseProbability,
          );
          if (decision.chosen.action !== decision.baseAction)
            expect(cost).toBeLessThanOrEqual(klBudget + 1e-9);
          expect(decision.kl).toBeLessThanOrEqual(klBudget + 1e-9);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the distribution that is executed diverges by what the decision says, and by no more than the budget", async () => {
    await fc.assert(
      fc.asyncProperty(
        problem,
        settings,
        budgets,
        fc.constantFrom(...modes),
        async (input, options, klBudget, selection) => {
          const decisions: Decision[] = [];
          const own = { ...input, base: input.base ?? 0 };
          const outcomes = await enumerate(
            async (random) => {
              const decision = await decide(own, { ...options, klBudget, selection, random });
              decisions.push(decision);
              return decision;
            },
            12,
            selection === "sample" ? 1 : 2,
          );
          const [first] = decisions;
          const base = new Map(
            first!.candidates.map(({ action, baseProbability }) => [action, baseProbability]),
          );
          const executed = [...outcomes].map(
            ([action, { propensities }]) => [action, [...propensities][0]!] as const,
          );
          const stands =
            executed.length === 1 && executed[0]![0] === first!.baseAction && selection !== "sample";
          const kl = executed.reduce((sum, [action, p]) => sum + p * Math.log(p / base.get(action)!), 0);
          for (const decision of decisions) {
            expect(decision.kl).toBeLessThanOrEqual(klBudget + 1e-9);
            if (stands) expect(decision.kl).toBe(0);
            else if (selection !== "sample") expect(decision.kl).toBeCloseTo(kl, 9);
            else {
              const updated = decision.candidates.map(({ updatedLogit }) => updatedLogit);
              expect(decision.kl).toBeCloseTo(klDivergence(updated, input.logits), 12);
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test("a base action beyond the budget stands in a tie, rather than being drawn with others", async () => {
    // −ln π₀(a1) is about 3: a draw between a0 and a1 would diverge by more than the budget.
    const input = { logits: [3, 0], advantages: [0, 3], base: 1 };
    for (const random of [() => 0.1, () => 0.9]) {
      const decision = await decide(input, { ties: "random", klBudget: 0.5, random });
      expect(decision).toMatchObject({ chosen: { action: "a1" }, propensity: 1, kl: 0 });
    }
  });

  test("a base action beyond the budget is not explored: a mixture with it would be beyond the budget too", async () => {
    const input = { logits: [6, 0], advantages: [3, 0], base: 1 };
    const options = { selection: "epsilon-greedy" as const, epsilon: 1, klBudget: 0.1, random: () => 0.9 };
    const decision = await decide(input, options);
    expect(decision).toMatchObject({ chosen: { action: "a0" }, propensity: 1, draws: [] });
    expect(decision.kl).toBeLessThanOrEqual(0.1);
  });

  test("of 0 leaves only the base action", async () => {
    for (const selection of ["greedy", "epsilon-greedy"] as const) {
      const decision = await decide(
        { logits: [0, 0.5], advantages: [9, 0], base: 1 },
        { klBudget: 0, selection, epsilon: 1, random: () => 0.01 },
      );
      expect(decision).toMatchObject({ chosen: { action: "a1" }, propensity: 1, kl: 0 });
    }
  });
});

describe("the base action stands, in every selection mode", () => {
  const candidates = candidatesOf([0, 1, 0.5]);
  const failing = () =>
    new ExperienceMemory({
      store: Object.assign(new InMemoryExperienceStore(), {
        // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
        async *scan() {
          throw new Error("the disk is gone");
        },
      }),
    });
  const cases: [DecisionReason, (selection: SelectionMode) => Promise<Policy>][] = [
    ["no-evidence", async (selection) => createPolicy({ memory: await memoryOf([]), selection, epsilon: 1 })],
    ["too-little-evidence", (selection) => policyOf([9, 0, 0], { selection, epsilon: 1, minEvidence: 2 })],
    [
      "loading",
      async (selection) => {
        const scan = async function* () {
          await new Promise(() => {});
          yield* [];
        };
        const store = Object.assign(new InMemoryExperienceStore(), { scan });
        return createPolicy({ memory: new ExperienceMemory({ store }), selection, epsilon: 1 });
      },
    ],
    ["over-budget", (selection) => policyOf([9, 0, 0], { selection, epsilon: 1, searchBudget: 1 })],
    ["off", (selection) => policyOf([9, 0, 0], { selection, epsilon: 1, mode: "off" })],
    [
      "memory-failed",
      async (selection) => {
        const memory = failing();
        await memory.ready().catch(() => "failed");
        return createPolicy({ memory, selection, epsilon: 1 });
      },
    ],
    ["memory-failed", (selection) => policyOf([Number.NaN, 0, 0], { selection, epsilon: 1 })],
    [
      "memory-failed",
      async (selection) => {
        const policy = await policyOf([9, 0, 0], { selection, epsilon: 1 });
        await policy.memory.close();
        return policy;
      },
    ],
  ];

  for (const selection of modes) {
    test.each(cases)(`${selection}: %s`, async (reason, policyFor) => {
      for (const baseAction of [undefined, "a0"]) {
        // A new policy each time, as loading ends.
        const policy = await policyFor(selection);
        const decision = await policy.decide({
          state: "here",
          candidates,
          ...(baseAction === undefined ? {} : { baseAction }),
        });
        const base = baseAction ?? "a1";
        expect(decision).toMatchObject({
          reason,
          chosen: { action: base },
          chosenBy: "base",
          baseAction: base,
          preferredAction: base,
          propensity: 1,
          kl: 0,
          evidence: [],
          value: undefined,
        });
        expect(decision.candidates.map(({ probability }) => probability)).toEqual(softmax([0, 1, 0.5]));
        expect(
          decision.candidates.every(
            ({ advantage, q, count }) => advantage === 0 && q === undefined && count === 0,
          ),
        ).toBe(true);
      }
    });
  }
});

import {
  createPolicy,
  type Decision,
  type Estimator,
  explain,
  type Guard,
  type PolicyOptions,
  type RunInfo,
  type SelectionMode,
  softmax,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, enumerate, given, memoryOf } from "./experience.js";
import { thrown } from "./thrown.js";

const memory = await memoryOf([{ action: "a0", return: 0 }]);
const selections: SelectionMode[] = ["greedy", "sample", "epsilon-greedy"];

/** Bars these actions from being chosen, and these from being replaced. */
function guardOf(neverChosen: readonly string[], neverReplaced: readonly string[] = []): Guard {
  return {
    mayChoose: ({ action }) => !neverChosen.includes(action),
    mayReplace: ({ action }) => !neverReplaced.includes(action),
  };
}

interface Problem {
  readonly logits: readonly number[];
  readonly advantages: readonly number[];
  readonly counts?: readonly number[];
  readonly base?: number | undefined;
}

/** As `given`, with these numbers of past steps behind each action. */
function estimatorOf({ advantages, counts }: Problem): Estimator {
  const plain = given(advantages);
  return {
    name: "given",
    estimate(input) {
      const estimate = plain.estimate(input);
      return {
        ...estimate,
        actions: estimate.actions.map((own, a) => ({ ...own, count: counts?.[a] ?? 1 })),
      };
    },
  };
}

function decide(problem: Problem, options: Partial<PolicyOptions>, run?: RunInfo): Promise<Decision> {
  const policy = createPolicy({ memory, estimator: estimatorOf(problem), ...options });
  return policy.decide({
    state: "here",
    candidates: candidatesOf(problem.logits),
    ...(problem.base === undefined ? {} : { baseAction: `a${problem.base}` }),
    ...(run ? { run } : {}),
  });
}

function candidateOf({ candidates }: Decision, action: string) {
  return candidates.find((candidate) => candidate.action === action);
}

describe("an action that may not be chosen", () => {
  test("is not, in any selection mode, and the decision says so", async () => {
    const problem = { logits: [0, 0, 0], advantages: [0, 9, 1], base: 0 };
    for (const selection of selections) {
      for (const draw of [0, 0.3, 0.6, 0.99]) {
        const decision = await decide(problem, {
          guard: guardOf(["a1"]),
          selection,
          epsilon: 0.9,
          random: () => draw,
        });
        expect(["a0", "a2"]).toContain(decision.chosen.action);
        expect(decision).toMatchObject({ reason: "learned", chosenBy: "policy" });
        expect(decision.candidates.map(({ barred }) => barred)).toEqual([undefined, "guard", undefined]);
        expect(candidateOf(decision, "a1")).toMatchObject({
          q: 9,
          advantage: 9,
          updatedLogit: 9,
          probability: 0,
        });
        expect(candidateOf(decision, "a1")?.baseProbability).toBeCloseTo(1 / 3, 12);
      }
    }
  });

  test("may still be the base action, which stands or is replaced", async () => {
    const guard = guardOf(["a0"]);
    const stands = await decide({ logits: [0, 0], advantages: [5, 0], base: 0 }, { guard });
    expect(stands).toMatchObject({ reason: "learned", chosen: { action: "a0" }, propensity: 1, kl: 0 });
    expect(stands.candidates.some(({ barred }) => barred)).toBe(false);
    const replaced = await decide({ logits: [0, 0], advantages: [0, 5], base: 0 }, { guard });
    expect(replaced.chosen.action).toBe("a1");
  });

  test("leaves sampling with the rest, in proportion", async () => {
    const problem = { logits: [1, 0.5, 0], advantages: [0, 3, 1], base: 0 };
    const decision = await decide(problem, {
      guard: guardOf(["a1"]),
      selection: "sample",
      random: () => 0.9,
    });
    const [p0, p2] = softmax([1, 1]);
    expect(decision.candidates.map(({ probability }) => probability)).toEqual([p0, 0, p2]);
    expect(decision).toMatchObject({ chosen: { action: "a2" }, propensity: 0.5 });
    const base = softmax([1, 0.5, 0]);
    expect(decision.kl).toBeCloseTo(0.5 * Math.log(0.5 / base[0]!) + 0.5 * Math.log(0.5 / base[2]!), 12);
  });

  test("costs sampling a part of its budget, and where that is all of it the base action stands", async () => {
    const problem = { logits: [0, 0, 0], advantages: [0, 3, 1], base: 0 };
    // Without a1 no distribution is nearer to the base policy than −ln ⅔.
    const barring = -Math.log(2 / 3);
    const sampled = async (klBudget: number) =>
      decide(problem, { guard: guardOf(["a1"]), selection: "sample", klBudget, random: () => 0.99 });
    const above = await sampled(barring + 0.05);
    expect(above.chosen.action).toBe("a2");
    expect(above.kl).toBeLessThanOrEqual(barring + 0.05 + 1e-12);
    expect(above.kl).toBeGreaterThan(barring + 0.0499);
    const below = await sampled(barring - 0.05);
    expect(below).toMatchObject({ chosen: { action: "a0" }, propensity: 1, kl: 0, draws: [] });
    expect(below.candidates.map(({ barred }) => barred)).toEqual([undefined, "guard", "budget"]);
    expect(below.candidates.map(({ probability }) => probability)).toEqual([1, 0, 0]);
    expect(explain(below)).toContain("a0: the base action stands, since nothing else can be chosen.");
  });

  test("keeps its share of the base policy: greedy pays for others as without the guard", async () => {
    const problem = { logits: [0, 2, 0], advantages: [0, 0, 9], base: 0 };
    const kl = (await decide(problem, { guard: guardOf(["a1"]) })).kl;
    expect(kl).toBeCloseTo(-Math.log(softmax(problem.logits)[2]!), 12);
    const within = await decide(problem, { guard: guardOf(["a1"]), klBudget: kl - 0.01 });
    expect(within.chosen.action).toBe("a0");
    expect(within.candidates.map(({ barred }) => barred)).toEqual([undefined, "guard", "budget"]);
  });
});

describe("a base action that may not be replaced", () => {
  test("stands, and the memory is not asked", async () => {
    const closed = await memoryOf([{ action: "a1", return: 9 }]);
    await closed.close();
    for (const selection of selections) {
      const decision = await decide(
        { logits: [0, 3], advantages: [0, 9], base: 0 },
        { memory: closed, guard: guardOf([], ["a0"]), selection, epsilon: 1, random: () => 0.99 },
      );
      expect(decision).toMatchObject({
        reason: "guarded",
        chosenBy: "base",
        chosen: { action: "a0" },
        preferredAction: "a0",
        propensity: 1,
        kl: 0,
        value: undefined,
        evidence: [],
        draws: [],
      });
      expect(decision.candidates.map(({ barred }) => barred)).toEqual([undefined, "guard"]);
      expect(decision.candidates.map(({ probability }) => probability)).toEqual(softmax([0, 3]));
      expect(explain(decision)).toMatch(/^a0: the base action stands\.\nThe guard leaves nothing else\./);
    }
  });

  test("is another base action's business no more", async () => {
    const problem = { logits: [0, 0], advantages: [0, 9], base: 0 };
    expect((await decide(problem, { guard: guardOf([], ["a1"]) })).chosen.action).toBe("a1");
  });
});

describe("a guard", () => {
  test("that leaves nothing but the base action is the reason, in mode shadow too", async () => {
    const problem = { logits: [0, 0, 0], advantages: [0, 9, 9], base: 0 };
    for (const mode of ["on", "shadow"] as const) {
      const decision = await decide(problem, { guard: guardOf(["a1", "a2"]), mode });
      expect(decision).toMatchObject({ mode, reason: "guarded", chosenBy: "base", preferredAction: "a0" });
    }
  });

  test("is not asked in mode off", async () => {
    const guard = guardOf(["a1"], ["a0"]);
    const decision = await decide({ logits: [0, 0], advantages: [0, 9] }, { guard, mode: "off" });
    expect(decision).toMatchObject({ reason: "off", candidates: [{}, {}] });
    expect(decision.candidates.some(({ barred }) => barred)).toBe(false);
  });

  test("in mode shadow bars what would have been chosen", async () => {
    const problem = { logits: [0, 0, 0], advantages: [0, 9, 1], base: 0 };
    const decision = await decide(problem, { guard: guardOf(["a1"]), mode: "shadow" });
    expect(decision).toMatchObject({ chosen: { action: "a0" }, preferredAction: "a2", propensity: 1, kl: 0 });
  });

  test("sees the payloads and the run", async () => {
    const guard: Guard = {
      mayChoose: ({ payload }, { metadata }) => payload !== 7 || metadata?.role === "admin",
    };
    const policy = createPolicy({ memory, estimator: given([0, 9]), guard });
    const candidates = [
      { action: "a0", logit: 0 },
      { action: "a1", logit: 0, payload: 7 },
    ];
    const chosen = async (role: string) =>
      (await policy.decide({ state: "here", candidates, baseAction: "a0", run: { metadata: { role } } }))
        .chosen.action;
    expect([await chosen("admin"), await chosen("guest")]).toEqual(["a1", "a0"]);
  });

  const fails = () => {
    throw new Error("the list of tools is away");
  };
  /** A value that the types do not allow. */
  const untyped = <T>(value: unknown) => value as T;
  const failing: [string, Guard][] = [
    ["mayChoose throws", { mayChoose: fails }],
    ["mayReplace throws", { mayReplace: fails }],
    ["mayChoose gives nothing", { mayChoose: () => untyped(undefined) }],
    ["mayChoose answers later", { mayChoose: () => untyped(Promise.resolve(true)) }],
    ["mayReplace fails later", { mayReplace: () => untyped(Promise.reject(new Error("later"))) }],
  ];
  test.each(failing)("whose %s lets the base action stand, which is reported", async (_, guard) => {
    for (const mode of ["on", "shadow"] as const) {
      const errors: unknown[] = [];
      const decision = await decide(
        { logits: [0, 0], advantages: [0, 9] },
        { guard, mode, onError: (error) => errors.push(error) },
      );
      expect(decision).toMatchObject({
        reason: "guard-failed",
        chosen: { action: "a0" },
        chosenBy: "base",
        preferredAction: "a0",
        evidence: [],
      });
      expect(errors).toHaveLength(1);
      expect(explain(decision)).toContain("The guard failed.");
    }
  });

  test.each([
    ["no object", "yes"],
    ["a misspelt function", { mayChose: () => false }],
    ["what is no function", { mayChoose: ["a1"] }],
    ["null", null],
  ])("that is %s is refused", (_, guard) => {
    expect(thrown(() => createPolicy({ memory, guard: untyped(guard) })).message).toContain("guard");
  });
});

describe("minActionEvidence", () => {
  test("keeps learning from actions that too few past steps took, but not the base action from standing", async () => {
    const problem = { logits: [0, 0, 0], advantages: [0, 9, 5], counts: [0, 1, 2], base: 0 };
    const chosen = async (minActionEvidence: number) => decide(problem, { minActionEvidence });
    expect((await chosen(0)).chosen.action).toBe("a1");
    expect((await chosen(1)).chosen.action).toBe("a1");
    const two = await chosen(2);
    expect(two.chosen.action).toBe("a2");
    expect(two.candidates.map(({ barred }) => barred)).toEqual([undefined, "evidence", undefined]);
    const three = await chosen(3);
    expect(three).toMatchObject({ chosen: { action: "a0" }, reason: "learned", kl: 0, propensity: 1 });
  });

  test("above 0 keeps an untried action from being tried, whatever its bonus", async () => {
    const options = { memory, estimator: "plain" as const, explorationBonus: 100 };
    const at = async (minActionEvidence: number) =>
      (
        await createPolicy({ ...options, minActionEvidence }).decide({
          state: "here",
          candidates: candidatesOf([0, 0]),
          baseAction: "a0",
        })
      ).chosen.action;
    expect([await at(0), await at(1)]).toEqual(["a1", "a0"]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s", (minActionEvidence) => {
    expect(thrown(() => createPolicy({ memory, minActionEvidence })).message).toContain("minActionEvidence");
  });
});

/** Problems with ties, guards and floors that say something. */
const problems = fc.constantFrom(2, 3, 4).chain((n) => {
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: n, maxLength: n });
  return fc.record({
    logits: some(fc.integer({ min: -1, max: 1 })),
    advantages: some(fc.integer({ min: -2, max: 2 })),
    counts: some(fc.nat(3)),
    base: fc.option(fc.nat(n - 1), { nil: undefined }),
    neverChosen: fc.subarray(candidatesOf(new Array<number>(n).fill(0)).map(({ action }) => action)),
    neverReplaced: fc.subarray(candidatesOf(new Array<number>(n).fill(0)).map(({ action }) => action)),
  });
});
const settings = fc.record({
  beta: fc.constantFrom(0, 1, 3),
  epsilon: fc.constantFrom(0, 0.25, 1),
  ties: fc.constantFrom("first" as const, "random" as const),
  minActionEvidence: fc.constantFrom(0, 1, 2),
  klBudget: fc.constantFrom(0, 0.3, 0.7, 1.2, Number.POSITIVE_INFINITY),
});

describe("with guards and floors", () => {
  test.each(selections)(
    "propensities under %s equal the frequencies over all draws, and sum to 1",
    async (selection) => {
      await fc.assert(
        fc.asyncProperty(problems, settings, async (problem, options) => {
          const guard = guardOf(problem.neverChosen, problem.neverReplaced);
          const decisions: Decision[] = [];
          const drawn = problem.base === undefined ? 1 : 0;
          const outcomes = await enumerate(
            async (random) => {
              const decision = await decide(problem, { ...options, guard, selection, random });
              decisions.push(decision);
              return decision;
            },
            selection === "sample" ? 24 : 12,
            (selection === "epsilon-greedy" ? 2 : 1) + drawn,
          );
          for (const [action, { frequency, propensities }] of outcomes) {
            expect(propensities.size).toBe(1);
            const tolerance = selection === "sample" ? 1 / 24 : 0;
            for (const propensity of propensities) {
              expect(Math.abs(propensity - frequency)).toBeLessThanOrEqual(tolerance + 1e-9);
              for (const decision of decisions)
                expect(candidateOf(decision, action)?.propensity).toBeCloseTo(propensity, 12);
            }
          }
          for (const { candidates } of decisions) {
            expect(candidates.reduce((sum, { propensity }) => sum + propensity, 0)).toBeCloseTo(1, 12);
          }
        }),
        { numRuns: 12 },
      );
    },
  );

  test("nothing barred is executed, and nothing beyond the budget", async () => {
    await fc.assert(
      fc.asyncProperty(
        problems,
        settings,
        fc.constantFrom(...selections),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (problem, options, selection, stream) => {
          const guard = guardOf(problem.neverChosen, problem.neverReplaced);
          const random = () => stream.next().value ?? 0;
          const decision = await decide(problem, { ...options, guard, selection, random });
          const { chosen, baseAction, kl } = decision;
          expect(kl).toBeLessThanOrEqual(options.klBudget + 1e-9);
          if (chosen.action === baseAction) return;
          expect(candidateOf(decision, chosen.action)?.barred).toBeUndefined();
          expect(problem.neverChosen).not.toContain(chosen.action);
          expect(problem.neverReplaced).not.toContain(baseAction);
          expect(problem.counts[Number(chosen.action.slice(1))]).toBeGreaterThanOrEqual(
            options.minActionEvidence,
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("explain", () => {
  const problem = { logits: [0, 0, 0], advantages: [0, 9, 1], counts: [1, 1, 2], base: 0 };

  test("says that the guard bars what experience speaks for, and marks it", async () => {
    const text = explain(await decide(problem, { guard: guardOf(["a1"]) }));
    expect(text).toContain("a2: experience speaks for a1, but the guard bars it.");
    expect(text).toMatch(/^g a1 /m);
    expect(text).toMatch(/^g: barred by the guard$/m);
  });

  test("says that too few steps took what experience speaks for, and marks it", async () => {
    const text = explain(await decide(problem, { minActionEvidence: 2 }));
    expect(text).toContain("a2: experience speaks for a1, but too little of it.");
    expect(text).toMatch(/^e a1 /m);
    expect(text).toMatch(/^e: taken in fewer than 2 past steps, and so not chosen$/m);
  });
});

import {
  bag,
  type Candidate,
  canonicalJson,
  createPolicy,
  type Decision,
  ExperienceMemory,
  InMemoryExperienceStore,
  logSoftmax,
  mergeCandidates,
  type PolicyOptions,
  type Random,
  type StateInput,
  seededRandom,
  softmax,
  summarize,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, memoryOf, policyOf } from "./experience.js";
import { rejected, thrown } from "./thrown.js";

const logit = fc.double({ min: -5, max: 5, noNaN: true });

describe("createPolicy", () => {
  const memory = new ExperienceMemory();
  const bad: [keyof PolicyOptions, unknown][] = [
    ["beta", -1],
    ["beta", Number.NaN],
    ["beta", Number.POSITIVE_INFINITY],
    ["beta", "1"],
    ["k", 0],
    ["k", 2.5],
    ["explorationBonus", -1],
    ["explorationBonus", Number.POSITIVE_INFINITY],
    ["explorationProbability", 1.1],
    ["explorationProbability", Number.NaN],
    ["minSimilarity", -0.1],
    ["minSimilarity", 1.1],
    ["minFeatureSimilarity", { task: 2 }],
    ["minFeatureSimilarity", { task: Number.NaN }],
    ["minEvidence", 0],
    ["minEvidence", 1.5],
    ["minActionEvidence", -1],
    ["guard", { mayChose: () => true }],
    ["epsilon", 2],
    ["epsilon", Number.NaN],
    ["klBudget", -1],
    ["klBudget", Number.NaN],
    ["searchBudget", 0],
    ["searchBudget", Number.NaN],
    ["mode", "shaddow"],
    ["selection", "gready"],
    ["ties", "last"],
    ["estimator", "plane"],
  ];
  test.each(bad)("refuses %s = %j, naming it", (name, value) => {
    const error = thrown(() => createPolicy({ memory, [name]: value }));
    expect(error.code).toBe("invalid-input");
    expect(error.message).toContain(name);
  });

  test("has one documented default for every setting", async () => {
    const decision = await createPolicy({ memory }).decide({ state: "s", candidates: candidatesOf([0]) });
    expect(decision.mode).toBe("on");
    expect(decision.settings).toEqual({
      estimator: "adaptive",
      beta: 1,
      gamma: 0.9,
      k: 100,
      minSimilarity: 0.5,
      minFeatureSimilarity: {},
      minEvidence: 1,
      minActionEvidence: 0,
      explorationBonus: 2.2,
      explorationProbability: 1,
      selection: "greedy",
      epsilon: 0.1,
      ties: "first",
      klBudget: null,
      searchBudget: 20_000_000,
      logCandidates: false,
    });
    const published = createPolicy({ memory, estimator: "plain" });
    const { settings } = await published.decide({ state: "s", candidates: candidatesOf([0]) });
    expect(settings).toMatchObject({ estimator: "plain", k: 10, explorationBonus: 5 });
  });
});

describe("candidates", () => {
  const bad: [string, string][] = [
    ["none", "[]"],
    ["no list", "null"],
    ["a text", `"a"`],
    ["null for one", "[null]"],
    ["an empty action", `[{"action":"","logit":0}]`],
    ["an action that is a number", `[{"action":1,"logit":0}]`],
    ["no logit", `[{"action":"a"}]`],
    ["an infinite logit", `[{"action":"a","logit":0},{"action":"b","logit":1e999}]`],
    ["a logit that is a text", `[{"action":"a","logit":"0"}]`],
    [
      "one action with two payloads",
      `[{"action":"a","logit":0,"payload":1},{"action":"a","logit":0,"payload":2}]`,
    ],
    [
      "one action with and without a payload",
      `[{"action":"a","logit":0,"payload":1},{"action":"a","logit":0}]`,
    ],
  ];
  test.each(bad)("%s are refused in every mode", async (_, json) => {
    const candidates = JSON.parse(json) as Candidate[];
    expect(thrown(() => mergeCandidates(candidates)).code).toBe("invalid-candidates");
    for (const mode of ["on", "shadow", "off"] as const) {
      const policy = createPolicy({ memory: new ExperienceMemory(), mode });
      expect((await rejected(policy.decide({ state: "s", candidates }))).code).toBe("invalid-candidates");
    }
  });

  test("a NaN logit is refused, with its place and action", () => {
    const error = thrown(() =>
      mergeCandidates([
        { action: "a", logit: 0 },
        { action: "b", logit: Number.NaN },
      ]),
    );
    expect(error.message).toMatch(/candidates\[1\]\.logit \("b"\).*NaN/);
  });

  test("a base action that is not among them is refused", async () => {
    const policy = createPolicy({ memory: new ExperienceMemory() });
    const error = await rejected(
      policy.decide({ state: "s", candidates: candidatesOf([0, 1]), baseAction: "b" }),
    );
    expect(error.code).toBe("invalid-candidates");
    expect(error.message).toContain(`"b"`);
    expect(error.message).toContain(`"a0", "a1"`);
  });

  test("that are equal are merged: their probabilities under the base policy add up", () => {
    const given = fc.array(fc.record({ action: fc.constantFrom("a", "b", "c"), logit }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(given, (candidates) => {
        const merged = mergeCandidates(candidates);
        const actions = [...new Set(candidates.map(({ action }) => action))];
        expect(merged.map(({ action }) => action)).toEqual(actions);
        const before = softmax(candidates.map((c) => c.logit));
        softmax(merged.map((c) => c.logit)).forEach((p, a) => {
          const own = before.filter((_, i) => candidates[i]?.action === actions[a]);
          expect(p).toBeCloseTo(
            own.reduce((sum, x) => sum + x, 0),
            10,
          );
        });
      }),
    );
  });

  test("that are equal keep their payload, whatever the order of its keys", () => {
    const merged = mergeCandidates([
      { action: "a", logit: 0, payload: { x: 1, y: [2] } },
      { action: "b", logit: 3 },
      { action: "a", logit: 0, payload: { y: [2], x: 1 } },
    ]);
    expect(merged).toEqual([
      { action: "a", logit: Math.LN2, payload: { x: 1, y: [2] } },
      { action: "b", logit: 3 },
    ]);
  });

  test("that are equal may have extreme logits", () => {
    const merge = (...logits: number[]) =>
      mergeCandidates(logits.map((logit) => ({ action: "a", logit })))[0]?.logit;
    expect(merge(-1e308, 1e308)).toBe(1e308);
    expect(merge(-1e308, -1e308)).toBe(-1e308);
    expect(merge(Number.MAX_VALUE, Number.MAX_VALUE)).toBe(Number.MAX_VALUE);
    expect(merge(0, -2000)).toBe(0);
  });

  test("merged may become the base action together", async () => {
    const policy = createPolicy({ memory: new ExperienceMemory() });
    const candidates = [
      { action: "a", logit: 1 },
      { action: "b", logit: 0.5 },
      { action: "b", logit: 0.5 },
    ];
    expect((await policy.decide({ state: "s", candidates })).baseAction).toBe("b");
  });
});

describe("modes", () => {
  const input = { state: "here", candidates: candidatesOf([1, 0]) };

  test("on: the updated policy decides", async () => {
    const decision = await (await policyOf([0, 5])).decide(input);
    expect(decision).toMatchObject({
      mode: "on",
      chosen: { action: "a1" },
      chosenBy: "policy",
      reason: "learned",
      baseAction: "a0",
      preferredAction: "a1",
    });
  });

  test("shadow: it says what it would choose, and the base action is executed", async () => {
    const policy = await policyOf([0, 5], { mode: "shadow", selection: "sample", random: () => 0.99 });
    expect(await policy.decide(input)).toMatchObject({
      mode: "shadow",
      chosen: { action: "a0" },
      chosenBy: "base",
      reason: "learned",
      baseAction: "a0",
      preferredAction: "a1",
      propensity: 1,
      kl: 0,
      candidates: [{ advantage: 0 }, { advantage: 5 }],
      evidence: [{ action: "a0" }],
    });
  });

  test("shadow: what would have been chosen is kept in short, where it is another action", async () => {
    const shadow = async (advantages: number[]) =>
      summarize(await (await policyOf(advantages, { mode: "shadow" })).decide(input));
    expect(await shadow([0, 5])).toMatchObject({ mode: "shadow", baseAction: "a0", preferredAction: "a1" });
    expect(await shadow([5, 0])).not.toHaveProperty("preferredAction");
    const acting = await (await policyOf([0, 5])).decide(input);
    expect(summarize(acting)).not.toHaveProperty("preferredAction");
    const store = new InMemoryExperienceStore();
    const step = { state: "here", action: "a0", decision: await shadow([0, 5]) };
    const { episodeId } = await (await memoryOf([], { store })).learn({ steps: [step] });
    expect((await store.get(episodeId))?.steps[0]?.decision).toEqual(step.decision);
  });

  test("off: the memory is not asked", async () => {
    const memory = await memoryOf([{ action: "a1", return: 9 }]);
    const policy = createPolicy({ memory, mode: "off" });
    await memory.close();
    const decision = await policy.decide(input);
    expect(decision).toMatchObject({
      mode: "off",
      chosen: { action: "a0" },
      chosenBy: "base",
      reason: "off",
      evidence: [],
    });
    expect(decision.draws).toEqual([]);
  });

  test("on, agreeing with the base action, it is still the policy that chose", async () => {
    const decision = await (await policyOf([5, 0])).decide(input);
    expect(decision).toMatchObject({
      chosen: { action: "a0" },
      chosenBy: "policy",
      reason: "learned",
      kl: 0,
      propensity: 1,
    });
  });
});

describe("decide", () => {
  test("learns from what it is told: good actions are repeated, bad ones avoided", async () => {
    const policy = createPolicy({ memory: await memoryOf([]), explorationBonus: 0 });
    const decide = () => policy.decide({ state: "where is order #12?", candidates: candidatesOf([1, 0]) });
    expect(await decide()).toMatchObject({ reason: "no-evidence", chosen: { action: "a0" } });
    await policy.learn({ id: "bad", steps: [{ state: "where is order #34?", action: "a0", reward: -1 }] });
    await policy.learn({ id: "good", steps: [{ state: "where is order #56?", action: "a1", reward: 1 }] });
    expect(await decide()).toMatchObject({ reason: "learned", chosen: { action: "a1" } });
    await policy.feedback("good", { reward: -5 });
    expect(await decide()).toMatchObject({ chosen: { action: "a0" } });
    await policy.forget({ all: true });
    expect(await decide()).toMatchObject({ reason: "no-evidence", evidence: [] });
  });

  test("asks only for experience of its own version of the features", async () => {
    const policy = createPolicy({ memory: await memoryOf([{ action: "a1", return: 5 }]) });
    const input = { state: "here", candidates: candidatesOf([0, 0]) };
    expect((await policy.decide(input)).reason).toBe("learned");
    expect((await policy.decide({ ...input, describedBy: "v2" })).reason).toBe("no-evidence");
  });

  test("hands out the payload of the chosen candidate", async () => {
    const policy = await policyOf([0, 5]);
    const payload = { name: "refund", args: { amount: 3 } };
    const decision = await policy.decide({
      state: "here",
      candidates: [
        { action: "wait", logit: 0 },
        { action: "refund", logit: 0, payload },
      ],
    });
    expect(decision.chosen).toEqual({ action: "refund", logit: 0, payload });
  });

  test.each([
    ["null", "null"],
    ["no features", "{}"],
    ["a weight that is a text", `{"features":{"f":{"tokens":[],"weight":"1"}}}`],
  ])("refuses a state that is none: %s", async (_, json) => {
    const errors: unknown[] = [];
    const policy = await policyOf([0, 0], { onError: (error) => errors.push(error) });
    const state = JSON.parse(json) as StateInput;
    expect((await rejected(policy.decide({ state, candidates: candidatesOf([0, 0]) }))).code).toBe(
      "invalid-input",
    );
    expect(errors).toEqual([]);
  });

  test("refuses an oversized state, also while the memory loads or has failed", async () => {
    const state = { features: { f: bag(Array.from({ length: 20_001 }, (_, i) => `${i}`)) } };
    const policy = await policyOf([0, 0]);
    const decide = () => policy.decide({ state, candidates: candidatesOf([0, 0]) });
    expect((await rejected(decide())).code).toBe("oversized-state");
    await policy.memory.close();
    expect((await rejected(decide())).code).toBe("oversized-state");
  });

  test("tells the owner of a failing memory, once a decision", async () => {
    const errors: unknown[] = [];
    const policy = await policyOf([0, 0], { onError: (error) => errors.push(error) });
    await policy.memory.close();
    for (let i = 0; i < 3; i++) {
      const decision = await policy.decide({ state: "here", candidates: candidatesOf([0, 0]) });
      expect(decision.reason).toBe("memory-failed");
    }
    expect(errors).toHaveLength(3);
    expect(errors[0]).toMatchObject({ code: "memory-closed" });
  });
});

describe("neighbors", () => {
  const state = { features: { f: bag(["x", "y", "z"]) } };
  const alike = { features: { f: bag(["x", "y"]) } };
  const past = [
    { state, action: "a", return: 1 },
    { state: alike, action: "b", return: 2 },
    { state: "elsewhere", action: "c", return: 3 },
  ];

  test("are the past states that the policy decides by: its k, floors and budget hold", async () => {
    const found = async (options: Partial<PolicyOptions>) => {
      const policy = createPolicy({ memory: await memoryOf(past), ...options });
      return policy.neighbors(state).map(({ actions }) => actions.map(({ action }) => action).join());
    };
    expect(await found({})).toEqual(["a", "b"]);
    expect(await found({ k: 1 })).toEqual(["a"]);
    expect(await found({ minSimilarity: 0.9 })).toEqual(["a"]);
    expect(await found({ minFeatureSimilarity: { f: 0.9 } })).toEqual(["a"]);
    expect(await found({ searchBudget: 1 })).toEqual([]);
  });

  test("are those of one version of the features", async () => {
    const policy = createPolicy({ memory: await memoryOf(past) });
    await policy.learn({ describedBy: "v2", steps: [{ state, action: "d", reward: 1 }] });
    const [only, ...others] = policy.neighbors(state, { describedBy: "v2" });
    expect(only).toMatchObject({ similarity: 1, actions: [{ action: "d", mean: 1 }] });
    expect(others).toEqual([]);
  });

  test("are none where the memory fails, which onError is told; a state that is none is refused", async () => {
    const errors: unknown[] = [];
    const memory = await memoryOf(past);
    const policy = createPolicy({ memory, onError: (error) => errors.push(error) });
    await memory.close();
    expect(policy.neighbors(state)).toEqual([]);
    expect(errors).toMatchObject([{ code: "memory-closed" }]);
    expect(thrown(() => policy.neighbors(JSON.parse("{}"))).code).toBe("invalid-input");
    expect(errors).toHaveLength(1);
  });

  test("are none while the memory loads", () => {
    const policy = createPolicy({ memory: new ExperienceMemory() });
    expect(policy.neighbors(state)).toEqual([]);
  });
});

describe("a decision", () => {
  const past = [
    { action: "a0", return: 1 },
    { action: "a1", return: 2 },
    { state: "here and there", action: "a2", return: -1 },
  ];
  const options = fc.record({
    selection: fc.constantFrom("greedy" as const, "sample" as const, "epsilon-greedy" as const),
    ties: fc.constantFrom("first" as const, "random" as const),
    mode: fc.constantFrom("on" as const, "shadow" as const, "off" as const),
    estimator: fc.constantFrom("plain" as const, "normalized" as const),
    epsilon: fc.constantFrom(0.1, 0.5),
    explorationProbability: fc.constantFrom(0.5, 1),
    klBudget: fc.constantFrom(0, 0.3, Number.POSITIVE_INFINITY),
    searchBudget: fc.constantFrom(1, 20_000_000, Number.POSITIVE_INFINITY),
  });
  const logits = fc.array(fc.oneof(fc.integer({ min: -1, max: 1 }), logit, fc.constantFrom(1e308, -1e308)), {
    minLength: 1,
    maxLength: 5,
  });

  async function decide(
    given: Partial<PolicyOptions>,
    values: number[],
    random: Random,
    times = 1,
  ): Promise<Decision[]> {
    const policy = createPolicy({ memory: await memoryOf(past), ...given, random });
    const decisions: Decision[] = [];
    for (let i = 0; i < times; i++) {
      decisions.push(await policy.decide({ state: "here", candidates: candidatesOf(values) }));
    }
    return decisions;
  }

  test("is plain JSON: it survives a round trip unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(options, logits, fc.nat(), async (given, values, seed) => {
        const [decision] = await decide(given, values, seededRandom(seed));
        // Throws for what JSON cannot hold, such as infinities.
        const json = canonicalJson(decision);
        expect(canonicalJson(JSON.parse(JSON.stringify(decision)))).toBe(json);
      }),
      { numRuns: 80 },
    );
  });

  test("is the same for the same seed, memory and input, draw for draw", async () => {
    await fc.assert(
      fc.asyncProperty(options, logits, fc.nat(), async (given, values, seed) => {
        const one = await decide(given, values, seededRandom(seed), 5);
        const other = await decide(given, values, seededRandom(seed), 5);
        expect(other).toEqual(one);
      }),
      { numRuns: 25 },
    );
  });

  test("can be made again from the draws that it records", async () => {
    await fc.assert(
      fc.asyncProperty(options, logits, fc.nat(), async (given, values, seed) => {
        const [decision] = await decide(given, values, seededRandom(seed));
        const recorded = decision!.draws.map(({ value }) => value);
        const [replayed] = await decide(given, values, () => {
          const value = recorded.shift();
          if (value === undefined) throw new Error("More draws than recorded.");
          return value;
        });
        expect(replayed).toEqual(decision);
        expect(recorded).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test("in short can be kept with its step, whatever the logits", async () => {
    await fc.assert(
      fc.asyncProperty(options, logits, fc.nat(), async (given, values, seed) => {
        const [decision] = await decide(given, values, seededRandom(seed));
        const summary = summarize(decision!);
        const store = new InMemoryExperienceStore();
        const memory = await memoryOf([], { store });
        const step = { state: "here", action: decision!.chosen.action, decision: summary };
        const { episodeId } = await memory.learn({ steps: [step] });
        expect((await store.get(episodeId))?.steps[0]?.decision).toEqual(summary);
        expect(summary.evidence).toBe(decision!.evidence.length);
      }),
      { numRuns: 25 },
    );
  });

  test("gives each candidate its base probability, in the order in which they came", async () => {
    const [decision] = await decide({ mode: "off" }, [0, 2, 1], Math.random);
    expect(decision?.candidates.map(({ action }) => action)).toEqual(["a0", "a1", "a2"]);
    expect(decision?.candidates.map(({ baseProbability }) => baseProbability)).toEqual(softmax([0, 2, 1]));
    expect(logSoftmax([0, 2, 1]).map(Math.exp)).toEqual(
      decision?.candidates.map(({ probability }) => expect.closeTo(probability, 12)),
    );
  });
});

test("an onError that fails itself does not take the decision down", async () => {
  const memory = await memoryOf([]);
  await memory.learn({ steps: [{ state: "here", action: "b", reward: 1 }] });
  const fails = () => {
    throw new Error("no");
  };
  const policy = createPolicy({ memory, estimator: { name: "broken", estimate: fails }, onError: fails });
  const decision = await policy.decide({ state: "here", candidates: [{ action: "a", logit: 0 }] });
  expect(decision).toMatchObject({ reason: "memory-failed", chosen: { action: "a" } });
});

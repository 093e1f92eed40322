import {
  createPolicy,
  type EpisodeInput,
  InMemoryExperienceStore,
  openMemory,
  seededRandom,
  summarize,
} from "@jitrl/core";
import {
  type Estimates,
  evaluateOffline,
  type OfflineEvaluation,
  type OfflineOptions,
  type Target,
} from "@jitrl/core/offline";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf } from "./experience.js";
import { type Choice, logOf, stepOf } from "./offline-log.js";
import { rejected } from "./thrown.js";

/** Few episodes will do where what is asked is not how sure the answer is. */
const few: OfflineOptions = { minEffectiveEpisodes: 2, maxUnsupported: 1 };
const always =
  (action: string): Target =>
  ({ candidates }) =>
    candidates.map(([name]) => (name === action ? 1 : 0));
const uniform: Target = ({ candidates }) => candidates.map(() => 1 / candidates.length);

async function estimated(
  episodes: readonly EpisodeInput[],
  target: Target,
  options: OfflineOptions = few,
): Promise<OfflineEvaluation & Estimates> {
  const evaluation = await evaluateOffline(episodes, target, options);
  if (evaluation.status === "refused") throw new Error(evaluation.refusals[0]?.message);
  return evaluation;
}

async function refusals(episodes: readonly EpisodeInput[], target: Target, options: OfflineOptions = {}) {
  const evaluation = await evaluateOffline(episodes, target, options);
  return evaluation.status === "refused" ? evaluation.refusals.map(({ code }) => code) : [];
}

/** The same choices over and over. */
function repeated(times: number, ...choices: Choice[]): EpisodeInput[] {
  return logOf(Array.from({ length: times }, () => choices).flat());
}

describe("the estimates", () => {
  const episodes = logOf([
    { action: "a", reward: 1 },
    { action: "b", reward: 5 },
    { action: "a", reward: 3 },
    { action: "b", reward: 7 },
  ]);

  test("are those of a calculation by hand", async () => {
    const { ips, snips, dr, logged, gain, overlap, steps } = await estimated(episodes, always("a"));
    expect(steps.map(({ weight }) => weight)).toEqual([2, 0, 2, 0]);
    expect(ips.value).toBe((2 * 1 + 2 * 3) / 4);
    expect(snips.value).toBe((2 * 1 + 2 * 3) / 4);
    // q̂ from the episodes before: 0; (1 + 1)/2 from one step; (1 + 3)/2 with V = 3; (2·2 + 3)/3 with V = 3.
    expect(steps.map(({ expected }) => expected)).toEqual([0, 1, 2, 7 / 3]);
    expect(dr.value).toBeCloseTo((0 + 2 * (1 - 0) + 1 + (2 + 2 * (3 - 2)) + 7 / 3) / 4, 12);
    expect(logged.value).toBe(4);
    expect(gain.value).toBeCloseTo(dr.value - 4, 12);
    // Standard deviation of 1, 5, 3, 7 over √4; t of 3 degrees of freedom is 3.182.
    expect(logged.standardError).toBeCloseTo(Math.sqrt(20 / 3) / 2, 12);
    expect((logged.high - logged.value) / logged.standardError).toBeCloseTo(3.182, 1);
    expect(overlap).toMatchObject({
      effectiveSamples: 2,
      effectiveEpisodes: 2,
      maxWeight: 2,
      unsupported: 0,
    });
    expect(overlap?.meanWeight.value).toBe(1);
  });

  test("can all be computed again from the steps", async () => {
    const { ips, snips, dr, steps } = await estimated(episodes, {
      estimator: "plain",
      beta: 1,
      explorationBonus: 0,
    });
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const { action, weight, probability, propensity, expected, modelled, candidates } of steps) {
      expect(weight).toBe(probability / propensity);
      const own = candidates.find((candidate) => candidate.action === action);
      expect([own?.probability, own?.modelled]).toEqual([probability, modelled]);
      expect(expected).toBeCloseTo(
        candidates.reduce((sum, c) => sum + c.probability * c.modelled, 0),
        12,
      );
    }
    const weighted = steps.map((step) => step.weight * step.return);
    expect(ips.value).toBeCloseTo(mean(weighted), 12);
    expect(snips.value).toBeCloseTo(mean(weighted) / mean(steps.map(({ weight }) => weight)), 12);
    const robust = steps.map((step) => step.expected + step.weight * (step.return - step.modelled));
    expect(dr.value).toBeCloseTo(mean(robust), 12);
  });

  test("take the episode as the unit: saying everything twice in an episode makes nothing surer", async () => {
    const once = logOf(
      [3, 1, 4, 1, 5, 9, 2, 6].map((reward, i) => ({ action: i % 3 === 0 ? "a" : "b", reward })),
    );
    const twice = once.map((episode) => ({ ...episode, steps: [...episode.steps, ...episode.steps] }));
    const options = { ...few, gamma: 0 };
    const [a, b] = [await estimated(once, uniform, options), await estimated(twice, uniform, options)];
    expect(b.samples).toBe(2 * a.samples);
    for (const estimator of ["ips", "snips", "logged"] as const) {
      expect(b[estimator].value).toBeCloseTo(a[estimator].value, 12);
      expect(b[estimator].standardError).toBeCloseTo(a[estimator].standardError, 12);
    }
  });

  const rewards = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 8, maxLength: 20 });
  const choicesOf = (values: readonly number[]): Choice[] =>
    values.map((reward, i) => ({ action: (i * 7 + reward) % 2 === 0 ? "a" : "b", reward }));

  test("of what was done are what was earned", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, async (values) => {
        const { ips, snips, logged } = await estimated(logOf(choicesOf(values)), uniform);
        expect(ips).toEqual(logged);
        expect(snips).toEqual(logged);
      }),
      { numRuns: 15 },
    );
  });

  test("of SNIPS move with a constant that is added to all rewards", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, fc.integer({ min: -50, max: 50 }), async (values, constant) => {
        const choices: Choice[] = [
          ...choicesOf(values),
          { action: "a", reward: 1 },
          { action: "a", reward: 2 },
        ];
        const target: Target = () => [0.7, 0.3];
        const plain = await estimated(logOf(choices), target);
        const moved = choices.map((choice) => ({ ...choice, reward: (choice.reward ?? 0) + constant }));
        expect((await estimated(logOf(moved), target)).snips.value).toBeCloseTo(
          plain.snips.value + constant,
          9,
        );
      }),
      { numRuns: 15 },
    );
  });

  test("are discounted by their own γ, whatever the target learns from", async () => {
    const episode = (at: number): EpisodeInput => ({
      id: `e${at}`,
      at,
      steps: [stepOf({ action: "a", reward: 0 }), stepOf({ action: "b", reward: 10 })],
    });
    const log = [episode(1), episode(2)];
    expect((await estimated(log, uniform)).logged.value).toBe((9 + 10) / 2);
    expect((await estimated(log, uniform, { ...few, gamma: 0.5 })).logged.value).toBe((5 + 10) / 2);
    const far = await estimated(
      log,
      { estimator: "plain", gamma: 0, explorationBonus: 0 },
      { ...few, gamma: 0.5 },
    );
    expect(far.logged.value).toBe((5 + 10) / 2);
    // With γ = 0 action a earned nothing, so the target leaves it when it has seen one episode.
    expect(far.steps.map(({ candidates: [a] }) => a?.probability)).toEqual([1, 1, 0, 0]);
  });
});

describe("the memory of the target", () => {
  const log = logOf([
    { action: "b", reward: 1 },
    { action: "b", reward: 1 },
    { action: "a", reward: -1 },
    { action: "b", reward: 1 },
    { action: "a", reward: -1 },
    { action: "a", reward: -1 },
  ]);
  const chosen = ({ steps }: OfflineEvaluation) =>
    steps.map(({ candidates }) => candidates.find(({ probability }) => probability === 1)?.action);

  test("is frozen on the episodes before, and on the other folds when cross-fitted", async () => {
    const settings: Target = { estimator: "plain", explorationBonus: 0 };
    // Without a step that took a, its worth is taken to be that of b, and the base action stands.
    expect(chosen(await evaluateOffline(log, settings))).toEqual(["a", "a", "a", "b", "b", "b"]);
    const crossed = await evaluateOffline(log, settings, { memory: "cross-fitted" });
    expect(chosen(crossed)).toEqual(["b", "b", "b", "b", "b", "b"]);
    expect(crossed.steps.map(({ episodeId }) => episodeId)).toEqual(["e0", "e1", "e2", "e3", "e4", "e5"]);
  });

  test("goes by time, in whatever order the episodes come", async () => {
    const settings: Target = { estimator: "plain", explorationBonus: 0 };
    const shuffled = [3, 0, 5, 1, 4, 2].map((i) => log[i]!);
    expect(await evaluateOffline(shuffled, settings, few)).toEqual(await evaluateOffline(log, settings, few));
  });

  test("says the same each time, also where chance has a part", async () => {
    const settings: Target = { estimator: "plain", explorationProbability: 0.5, selection: "sample" };
    expect(await evaluateOffline(log, settings, few)).toEqual(await evaluateOffline(log, settings, few));
  });

  test("tells the target which run it is", async () => {
    const runs = log.map((episode, i) => ({ ...episode, threadId: `t${i % 2}`, metadata: { user: i } }));
    const mode: Target = {
      estimator: "plain",
      explorationBonus: 0,
      mode: ({ threadId, metadata }) => (threadId === "t1" && metadata?.user !== 3 ? "on" : "off"),
    };
    expect(chosen(await evaluateOffline(runs, mode))).toEqual(["a", "a", "a", "a", "a", "b"]);
  });
});

describe("whole episodes", () => {
  test("of one decision are worth what their step is", async () => {
    const log = logOf([1, 5, 3, 7, 2].map((reward, i) => ({ action: i % 2 === 0 ? "a" : "b", reward })));
    const steps = await estimated(log, always("a"));
    const episodes = await estimated(log, always("a"), { ...few, per: "episode" });
    for (const name of ["ips", "snips", "dr", "logged", "gain"] as const) {
      expect(episodes[name].value).toBeCloseTo(steps[name].value, 12);
      expect(episodes[name].standardError).toBeCloseTo(steps[name].standardError, 12);
    }
  });

  test("multiply their weights, and pass steps that nobody decided", async () => {
    const undecided = { state: "here", action: "c", reward: 100 };
    const log: EpisodeInput[] = [
      {
        id: "x",
        at: 1,
        steps: [stepOf({ action: "a", reward: 1 }), undecided, stepOf({ action: "a", reward: 2 })],
      },
      { id: "y", at: 2, steps: [stepOf({ action: "a", reward: 3 }), stepOf({ action: "b", reward: 4 })] },
      { id: "z", at: 3, steps: [stepOf({ action: "a", reward: 5 })] },
    ];
    const { ips, logged, samples } = await estimated(log, () => [0.75, 0.25], {
      ...few,
      per: "episode",
      gamma: 0.5,
    });
    const returns = [1 + 0.5 * (100 + 0.5 * 2), 3 + 0.5 * 4, 5];
    expect(samples).toBe(3);
    expect(logged.value).toBeCloseTo((returns[0]! + returns[1]! + returns[2]!) / 3, 12);
    expect(ips.value).toBeCloseTo(
      (1.5 * 1.5 * returns[0]! + 1.5 * 0.5 * returns[1]! + 1.5 * returns[2]!) / 3,
      12,
    );
  });

  test("are refused beyond the horizon", async () => {
    const steps = Array.from({ length: 6 }, () => stepOf({ action: "a", reward: 1 }));
    const log = Array.from({ length: 60 }, (_, at) => ({
      id: `e${at}`,
      at,
      steps: at === 7 ? steps : steps.slice(3),
    }));
    const same: Target = uniform;
    expect(await refusals(log, same, { per: "episode" })).toEqual(["horizon"]);
    expect(await refusals(log, same, { per: "episode", maxHorizon: 6 })).toEqual([]);
    expect(await refusals(log, same)).toEqual([]);
  });
});

describe("logs that cannot say", () => {
  const greedy = repeated(60, { action: "a", reward: 1, propensity: 1 });

  test("because they are greedy and the target differs are refused", async () => {
    expect(await refusals(greedy, always("b"))).toEqual(["always-alike", "too-few"]);
    expect(await refusals(greedy, () => [0.9, 0.1])).toEqual(["always-alike"]);
    const told = await evaluateOffline(greedy, always("b"));
    expect(told.status === "refused" && told.refusals[0]?.message).toContain(
      "100.0 % of the target's choices",
    );
  });

  test("of greedy choices that the target agrees with are answered", async () => {
    const { dr, logged } = await estimated(greedy, always("a"), {});
    expect(dr.value).toBeCloseTo(logged.value, 12);
  });

  test("because a little share of the target's choices is out of reach pass as far as allowed", async () => {
    const some = [...repeated(3, { action: "a", reward: 1, propensity: 1 })];
    const log = [...some, ...repeated(50, { action: "a", reward: 1 }, { action: "b", reward: 0 })].map(
      (episode, at) => ({ ...episode, id: `e${at}`, at }),
    );
    expect(await refusals(log, always("b"))).toEqual(["always-alike"]);
    expect(await refusals(log, always("b"), { maxUnsupported: 0.03 })).toEqual([]);
  });

  test("because the log hardly ever did what the target does are refused", async () => {
    const log = repeated(100, { action: "a", reward: 1, propensity: 0.99 });
    expect(await refusals(log, always("b"))).toEqual(["no-overlap", "too-few"]);
    expect(await refusals(log, () => [0.5, 0.5])).toEqual(["no-overlap"]);
  });

  test("because the propensities are not those of the draws are refused", async () => {
    const log = repeated(
      50,
      { action: "a", reward: 1, propensity: 0.25 },
      { action: "b", reward: 1, propensity: 0.25 },
    );
    expect(await refusals(log, uniform)).toEqual(["wrong-propensities"]);
  });

  test("because there are too few of them are refused, by episodes and not by steps", async () => {
    const steps = ["a", "b", "a", "b"].map((action) => stepOf({ action, reward: 1 }));
    const log = Array.from({ length: 49 }, (_, at) => ({ id: `e${at}`, at, steps }));
    expect(await refusals(log, uniform)).toEqual(["too-few"]);
    expect(await refusals([...log, { id: "more", at: 50, steps }], uniform)).toEqual([]);
  });

  test("because they have nothing to say are refused, with the reasons counted", async () => {
    const [bare] = repeated(1, { action: "a", reward: 1 });
    const step = bare!.steps[0]!;
    const { candidates: _, ...unlisted } = step.decision!;
    const log = [
      { id: "1", steps: [{ state: "here", action: "a", reward: 1 }] },
      {
        id: "2",
        steps: [
          { ...step, decision: unlisted },
          { ...step, decision: unlisted },
        ],
      },
      { id: "3", steps: [{ ...step, decision: { ...step.decision!, propensity: 0 } }] },
      { id: "4", steps: [{ ...step, decision: { ...step.decision!, propensity: 2 } }] },
      { id: "5", steps: [{ ...step, chosenBy: "human" as const }] },
      { id: "6", steps: [{ ...step, action: "c" }] },
      { id: "7", steps: [stepOf({ action: "a" })] },
      { id: "8", steps: [step] },
    ];
    const evaluation = await evaluateOffline(log, uniform);
    expect(evaluation.setAside).toEqual({
      "no-decision": 1,
      "no-candidates": 2,
      "no-propensity": 2,
      "not-the-policy": 2,
      unrewarded: 1,
    });
    expect(evaluation).toMatchObject({ status: "refused", samples: 1, episodes: 1, overlap: undefined });
    expect(await refusals(log, uniform)).toEqual(["mostly-set-aside", "nothing-to-evaluate"]);
    expect(await refusals([], uniform)).toEqual(["nothing-to-evaluate"]);
  });

  test("are given no number anywhere", async () => {
    const told = await evaluateOffline(greedy, always("b"));
    expect(Object.keys(told).sort()).toEqual(
      ["episodes", "overlap", "refusals", "samples", "setAside", "status", "steps"].sort(),
    );
  });
});

describe("bad input", () => {
  const log = repeated(2, { action: "a", reward: 1 });

  test.each<[string, OfflineOptions]>([
    ["gamma", { gamma: 1.1 }],
    ["maxHorizon", { maxHorizon: 0 }],
    ["minEffectiveEpisodes", { minEffectiveEpisodes: 1 }],
    ["maxUnsupported", { maxUnsupported: Number.NaN }],
  ])("%s out of its range is refused", async (name, options) => {
    const error = await rejected(evaluateOffline(log, uniform, options));
    expect(error.code).toBe("invalid-input");
    expect(error.message).toContain(name);
  });

  test("an episode that comes twice, and what is none, are refused", async () => {
    expect((await rejected(evaluateOffline([...log, log[0]!], uniform))).message).toContain('"e0" twice');
    expect((await rejected(evaluateOffline([{ steps: [] }], uniform))).code).toBe("invalid-input");
  });

  test("settings out of their range are refused, and γ of the memory as any", async () => {
    expect((await rejected(evaluateOffline(log, { beta: -1 }))).message).toContain("beta");
    expect((await rejected(evaluateOffline(log, { gamma: 2 }))).message).toContain("gamma");
  });

  test.each([[[1]], [[0.5, 0.4]], [[1.5, -0.5]], [[Number.NaN, 1]], [[]]])(
    "a target that gives %j for two candidates is refused",
    async (probabilities) => {
      const error = await rejected(evaluateOffline(log, () => probabilities));
      expect(error.message).toContain('step 0 of episode "e0"');
    },
  );

  test("an estimator that fails is no setting that falls back on the base action", async () => {
    const fault = new Error("as expected");
    const estimator = {
      name: "broken",
      estimate: () => {
        throw fault;
      },
    };
    await expect(evaluateOffline(log, { estimator })).rejects.toBe(fault);
  });
});

describe("logs that a policy leaves", () => {
  test("by sampling say what greedy would have earned", async () => {
    const store = new InMemoryExperienceStore();
    const memory = await openMemory({ store });
    const random = seededRandom(3);
    const policy = createPolicy({
      memory,
      estimator: "plain",
      selection: "sample",
      explorationBonus: 0,
      random,
    });
    const candidates = candidatesOf([0.5, 0]);
    // Someone's earlier experience: without any, the base action stands, and chance has no part.
    await policy.learn({ id: "seed", at: 0, steps: [{ state: "here", action: "a1", reward: 0 }] });
    for (let at = 1; at <= 150; at++) {
      const decision = await policy.decide({ state: "here", candidates });
      const { action } = decision.chosen;
      const reward = action === "a1" ? 1 : -1;
      const step = {
        state: "here",
        action,
        chosenBy: decision.chosenBy,
        reward,
        decision: summarize(decision),
      };
      await policy.learn({ id: `e${at}`, at, steps: [step] });
    }
    const evaluation = await evaluateOffline(store.scan(), {
      estimator: "plain",
      beta: 3,
      explorationBonus: 0,
    });
    if (evaluation.status === "refused") throw new Error(evaluation.refusals[0]?.message);
    const { dr, logged, gain, samples, setAside } = evaluation;
    expect([samples, setAside]).toEqual([150, { "no-decision": 1 }]);
    expect(dr.low).toBeLessThan(1);
    expect(dr.high).toBeGreaterThan(0.95);
    expect(logged.value).toBeLessThan(0.9);
    expect(gain.low).toBeGreaterThan(0);
  });
});

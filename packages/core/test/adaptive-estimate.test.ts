import {
  adaptiveEstimator,
  createPolicy,
  type Decision,
  type EarlierStep,
  type EpisodeInput,
  type EvidenceStep,
  type ExperienceMemory,
  type Neighbor,
  openMemory,
  type PolicyOptions,
  type ReturnSummary,
  type StepInput,
  seededRandom,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf } from "./experience.js";

/** A past episode of one step, or of more: then `return` is its last reward. */
interface Past {
  readonly action: string;
  readonly return: number;
  readonly state?: string;
  readonly importedFrom?: string;
  /** A policy kept to the base action in its first step, or left it. @default no decision is kept with it */
  readonly departure?: "kept" | "left" | undefined;
  /** What was done after the first step, in states of their own. */
  readonly after?: readonly { readonly state: string; readonly action: string }[];
}

const here = "x y z";
const elsewhere = "quite another place";

const own = fc.record({
  state: fc.constantFrom(here, "x y z q", "x y", "x y q", elsewhere),
  action: fc.constantFrom("a0", "a1", "a2", "a3"),
  return: fc.integer({ min: -10, max: 10 }),
});
const decided = fc
  .tuple(own, fc.constantFrom("kept", "left"))
  .map(([step, departure]): Past => ({ ...step, departure }));
const imported = fc.record({
  state: fc.constantFrom(here, "x y z q", "x y", elsewhere),
  action: fc.constantFrom("a0", "a1", "a2", "a3"),
  return: fc.integer({ min: -50, max: 50 }),
  importedFrom: fc.constantFrom("north", "south"),
});
const longer = fc.tuple(
  own,
  fc.array(
    fc.record({ state: fc.constantFrom(here, "y z", elsewhere), action: fc.constantFrom("a0", "a1") }),
    { minLength: 1, maxLength: 3 },
  ),
);
const anyPast = fc.array<Past>(fc.oneof(own, own, imported), { minLength: 1, maxLength: 30 });
/** With episodes of several steps, and with steps that a policy decided. */
const anyHistory = fc
  .tuple(anyPast, fc.array(longer, { maxLength: 20 }), fc.array(decided, { maxLength: 20 }))
  .map(([past, more, decisions]): Past[] => [
    ...past,
    ...more.map(([first, after]) => ({ ...first, after })),
    ...decisions,
  ]);
/** Two own returns differ, so that returns have a spread. */
const spreadPast = anyPast.map((past): Past[] => [
  ...past,
  { state: elsewhere, action: "a0", return: -1 },
  { state: elsewhere, action: "a0", return: 2 },
]);

async function remember(past: readonly Past[]): Promise<ExperienceMemory> {
  let clock = 0;
  const memory = await openMemory({ now: () => ++clock, newId: () => `id-${++clock}` });
  for (const { state = here, action, return: reward, importedFrom, departure, after = [] } of past) {
    const metadata: EpisodeInput["metadata"] = importedFrom === undefined ? {} : { importedFrom };
    const steps = [{ state, action, ...(departure ? chosen(departure, action) : {}) }, ...after].map(
      (step, i) => (i === after.length ? { ...step, reward } : step),
    );
    await memory.learn({ metadata, steps });
  }
  return memory;
}

function chosen(departure: "kept" | "left", action: string): Pick<StepInput, "chosenBy" | "decision"> {
  const baseAction = departure === "kept" ? action : `not ${action}`;
  const decision = { mode: "on", reason: "learned", baseAction, propensity: 1, kl: 0, evidence: 1 } as const;
  return { chosenBy: "policy", decision };
}

const logits = [1, 0.4, 0, -0.5, -0.5];

/** Decides here, with candidates that were tried or not. */
async function decide(
  past: readonly Past[],
  options: Partial<PolicyOptions> = {},
  given = logits,
  earlier: readonly EarlierStep[] = [],
): Promise<Decision> {
  const policy = createPolicy({ memory: await remember(past), minSimilarity: 0.1, ...options });
  return policy.decide({ state: here, candidates: candidatesOf(given), earlier });
}

function advantageOf(decision: Decision, action: string): number {
  const advantage = decision.candidates.find((one) => one.action === action)?.advantage;
  if (advantage === undefined) throw new Error(`Expected ${action} among the candidates.`);
  return advantage;
}

function expectClose(found: number | undefined, expected: number, scale = 1): void {
  expect(found).toBeDefined();
  expect(Math.abs(found! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(scale, Math.abs(expected)));
}

/** The equations of docs/algorithm.md, from a decision's evidence, returns and settings, and nothing else. */
function byHand({ evidence, returns, settings, draws, candidates }: Decision) {
  const { mean: mu, spread, highest, departures } = returns!;
  const sigma = spread > 1e-9 * Math.abs(mu) ? spread : mu === 0 ? 1 : Math.abs(mu);
  const nearest = Math.max(...evidence.map(({ similarity }) => similarity));
  const kindOf = ({ similarity, importedFrom }: EvidenceStep) =>
    importedFrom !== undefined ? 2 : similarity > 1 - 1e-9 ? 0 : 1;
  const actions = [...new Set([...candidates, ...evidence].map(({ action }) => action))];
  const total = (numbers: number[]) => numbers.reduce((sum, x) => sum + x, 0);
  const each = actions.map((action) => {
    const weighed: { w: number; G: number }[] = [];
    let n = 0;
    let own = 0;
    let ahead = 0;
    for (const kind of [0, 1, 2]) {
      const steps = evidence.filter((step) => step.action === action && kindOf(step) === kind);
      const share = 1 / (1 + n);
      let newer = 0;
      let unknown = 0;
      for (const step of steps.sort((a, b) => b.order - a.order)) {
        const alike = nearest > 0 ? (step.similarity / nearest) ** 4 : 1;
        const w = alike * (step.later > 0 ? 0.95 : 0.98) ** newer;
        const limited = Math.min(Math.max(step.return, mu - 1.5 * sigma), mu + 1.5 * sigma);
        weighed.push({ w: share * w, G: kind === 2 ? limited : step.return });
        newer += w;
        unknown += w * (step.novelty ?? 0);
      }
      n += share * newer;
      if (kind < 2) own = n;
      if (kind === 0 && newer > 0) ahead = unknown / newer;
    }
    const sum = total(weighed.map(({ w, G }) => w * G));
    const mean = n > 0 ? sum / n : 0;
    const luck = total(weighed.map(({ w, G }) => w * ((G - mean) / sigma) ** 2));
    const repeats = n > 0 ? n - total(weighed.map(({ w }) => w ** 2)) / n : 0;
    return { action, n, own, sum, mean, luck, repeats, ahead };
  });
  const N = total(each.map(({ n }) => n));
  const V = total(each.map(({ sum }) => sum)) / N;
  const rho = (4 * 0.75 + total(each.map(({ luck }) => luck))) / (4 + total(each.map((a) => a.repeats)));
  const kappa = rho >= 5 / 6 ? 5 : Math.max(0.5, rho / (1 - rho));
  const Z = (n: number) => n / (n + kappa);
  const expected = (total(each.map((a) => Z(a.n) * a.mean)) + mu) / (total(each.map((a) => Z(a.n))) + 1);
  const { kept, left } = departures ?? { kept: { mean: 0 }, left: { mean: 0, count: 0 } };
  const delta = ((left.count * (left.mean - kept.mean)) / sigma - 3) / (left.count + 3);
  const b = Math.min(1, Math.max(0, (delta + 0.6) / 0.5));
  const m = expected <= V ? expected : V + b * (expected - V);
  const H = highest > 0 ? Math.min(mu + 1.5 * sigma, highest) : highest + sigma;
  const explored = draws.find(({ purpose }) => purpose === "exploration");
  const c = explored && explored.value >= settings.explorationProbability ? 0 : settings.explorationBonus;
  const tries = Math.sqrt(1 + total(each.map(({ own }) => own))) - 1;
  const Q = candidates.map(({ action }) => {
    const { n, sum } = each.find((one) => one.action === action)!;
    return (sum + kappa * m) / (n + kappa);
  });
  return {
    V,
    sigma,
    each: candidates.map(({ action, tried }, i) => {
      const { n, ahead } = each.find((one) => one.action === action)!;
      const unknown = Math.max(kappa / (kappa + n), ahead) / (1 + tried);
      const E = tries * unknown * Math.max(0, H - Math.max(...Q));
      return { Q: Q[i]!, A: (15 * (Q[i]! - V) + c * E) / sigma };
    }),
  };
}

describe("the adaptive form", () => {
  test("every number in a decision can be computed again from its evidence, returns and settings", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory,
        fc.record({
          k: fc.constantFrom(1, 3, 10, 100),
          beta: fc.constantFrom(0.5, 1, 3),
          explorationBonus: fc.constantFrom(0, 2.2, 5),
          explorationProbability: fc.constantFrom(0, 0.5, 1),
          minSimilarity: fc.constantFrom(0, 0.5),
        }),
        fc.array(
          fc.record({ state: fc.constantFrom(here, "x y"), action: fc.constantFrom("a0", "a1", "a4") }),
          { maxLength: 5 },
        ),
        fc.nat(),
        async (past, options, earlier, seed) => {
          const decision = await decide(past, { ...options, random: seededRandom(seed) }, logits, earlier);
          fc.pre(decision.reason === "learned");
          const { V, sigma, each } = byHand(decision);
          expectClose(decision.value, V, sigma);
          decision.candidates.forEach((candidate, a) => {
            const { Q, A } = each[a]!;
            expectClose(candidate.q, Q, sigma);
            expectClose(candidate.advantage, A, 15);
            expectClose(candidate.updatedLogit, candidate.logit + options.beta * A, 50);
            expect(candidate.count).toBe(
              decision.evidence.filter(({ action }) => action === candidate.action).length,
            );
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  test("by hand: one failure, one success, one not tried, where returns are ±1", async () => {
    const decision = await decide([
      { state: elsewhere, action: "a2", return: 1 },
      { state: elsewhere, action: "a2", return: -1 },
      { action: "a0", return: -1 },
      { action: "a1", return: 1 },
    ]);
    // N = 2, V = m = 0, μ = 0, σ = 1, κ = 3, H − max Q = 1 − ¼, √(1 + N) − 1 = 0.7320508
    expect(decision.returns).toEqual({ count: 4, mean: 0, spread: 1, highest: 1 });
    expect(decision.value).toBe(0);
    const E = [0.75, 0.75, 1].map((unknown) => 0.7320508 * unknown * 0.75);
    [-0.25, 0.25, 0].forEach((Q, a) => {
      expect(decision.candidates[a]!.q).toBeCloseTo(Q, 9);
      expect(advantageOf(decision, `a${a}`)).toBeCloseTo(15 * Q + 2.2 * E[a]!, 6);
    });
    expect(decision.chosen.action).toBe("a1");
  });

  test("by hand: a state half as similar as the nearest counts a sixteenth", async () => {
    const similar = [
      { state: here, action: "a0", return: 0 },
      { state: "x y z p q r", action: "a1", return: 17 }, // shares half of its words
    ];
    const decision = await decide(similar, { explorationBonus: 0 });
    expect(decision.evidence.map(({ similarity }) => similarity)).toEqual([1, 0.5]);
    expectClose(decision.value, 17 / 16 / (1 + 1 / 16));
  });

  test("by hand: the second newest step of an action counts 0.98, and no step of another action fades it", async () => {
    const decision = await decide([
      { action: "a0", return: 10 },
      { action: "a1", return: 0 },
      { action: "a0", return: 0 },
    ]);
    expectClose(decision.value, (0.98 * 10) / 2.98);
  });
});

describe("what is added to the logits", () => {
  const same = async (one: Decision, other: Decision) => {
    for (const { action, advantage } of one.candidates) {
      const rounding = 1e-8 * (15 + Math.abs(advantage));
      expect(Math.abs(advantageOf(other, action) - advantage)).toBeLessThanOrEqual(rounding);
    }
    const [first = 0, second = 0] = one.candidates.map((each) => each.updatedLogit).sort((a, b) => b - a);
    if (first - second > 1e-6) expect(other.chosen.action).toBe(one.chosen.action);
  };

  test("is the same when all rewards are multiplied", async () => {
    await fc.assert(
      fc.asyncProperty(spreadPast, fc.constantFrom(1e-6, 0.01, 3, 1e6), async (past, factor) => {
        const scaled = past.map((step) => ({ ...step, return: factor * step.return }));
        await same(await decide(past), await decide(scaled));
      }),
      { numRuns: 60 },
    );
  });

  test("is the same when a constant is added to all rewards, as long as some were good or none before and after", async () => {
    await fc.assert(
      fc.asyncProperty(spreadPast, fc.integer({ min: -100, max: 100 }), async (past, constant) => {
        const shifted = past.map((step) => ({ ...step, return: step.return + constant }));
        const [one, other] = [await decide(past), await decide(shifted)];
        const good = ({ returns }: Decision) => (returns?.highest ?? 0) > 0;
        if (good(one) === good(other)) await same(one, other);
        const options = { explorationBonus: 0 };
        await same(await decide(past, options), await decide(shifted, options));
      }),
      { numRuns: 60 },
    );
  });

  test("is nothing while all returns are the same and good; where they are not good, others are worth a try", async () => {
    await fc.assert(
      fc.asyncProperty(anyPast, fc.constantFrom(1, 0.1, 1e100, 0, -7, -1e-300), async (past, value) => {
        const uniform = past.map((step) => ({ ...step, return: value }));
        const decision = await decide(uniform, value > 0 ? {} : { explorationBonus: 0 });
        for (const { advantage } of decision.candidates)
          expect(Math.abs(advantage)).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 60 },
    );
    const failures = await decide(new Array<Past>(3).fill({ action: "a0", return: -7 }));
    expect(advantageOf(failures, "a1")).toBeGreaterThan(advantageOf(failures, "a0"));
  });

  test("is finite for the largest rewards there are", async () => {
    const huge = fc.constantFrom(-1e100, 1e100, 0, 1, 1e99);
    await fc.assert(
      fc.asyncProperty(anyPast, fc.array(huge, { minLength: 30, maxLength: 30 }), async (past, values) => {
        const decision = await decide(past.map((step, i) => ({ ...step, return: values[i]! })));
        expect(["learned", "no-evidence"]).toContain(decision.reason);
        for (const { advantage, probability } of decision.candidates) {
          expect(Number.isFinite(advantage)).toBe(true);
          expect(Number.isFinite(probability)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("does not depend on the order of candidates, of neighbours, or of their actions", async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.nat(), async (past, seed) => {
        const found = (await remember(past)).neighbors(here, { k: 100, minSimilarity: 0 });
        if (found.status !== "found" || !found.returns) throw new Error("Expected neighbours.");
        const { neighbors, returns } = found;
        const random = seededRandom(seed);
        const shuffled = <T>(list: readonly T[]) =>
          list
            .map((one) => ({ one, at: random() }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
        const actions = ["a0", "a1", "a2", "a3", "a4"];
        const mixed = shuffled(actions);
        const estimate = (given: readonly Neighbor[], asked: readonly string[], all: ReturnSummary) =>
          adaptiveEstimator().estimate({ neighbors: given, actions: asked, returns: all, draw: () => 0 });
        const one = estimate(neighbors, actions, returns);
        const other = estimate(
          shuffled(neighbors.map((neighbor) => ({ ...neighbor, actions: shuffled(neighbor.actions) }))),
          mixed,
          returns,
        );
        expect(other.value).toBe(one.value);
        expect(other.evidence).toEqual(one.evidence);
        mixed.forEach((action, i) => {
          expect(other.actions[i]).toEqual(one.actions[actions.indexOf(action)]);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe("how much evidence it takes", () => {
  /** Returns of both kinds from other places, so that a return of 1 or −1 is nothing unheard of. */
  const usual: Past[] = [1, -1, 1, -1, 1, -1, 1, -1].map((value) => ({
    state: elsewhere,
    action: "b",
    return: value,
  }));
  const outcomes = (action: string, ...values: number[]): Past[] =>
    values.map((value) => ({ action, return: value }));
  /** The base action has probability p, two others share the rest. */
  const confident = (p: number) => [p, (1 - p) / 2, (1 - p) / 2].map(Math.log);

  test.each([0.6, 0.8, 0.95])(
    "one unlucky try does not overturn a base action of probability %d",
    async (p) => {
      const decision = await decide([...usual, ...outcomes("a0", -1)], {}, confident(p));
      expect(decision.reason).toBe("learned");
      expect(decision.chosen.action).toBe("a0");
    },
  );

  test("one unlucky try among lucky ones overturns none, be it the newest", async () => {
    const decision = await decide([...usual, ...outcomes("a0", 1, 1, 1, -1)], {}, confident(0.5));
    expect(decision.chosen.action).toBe("a0");
  });

  test("failures that add up overturn any, and the more of them the more confident it is", async () => {
    const failuresUntil = async (p: number) => {
      for (let failures = 1; failures <= 60; failures++) {
        const tried = outcomes("a0", ...new Array<number>(failures).fill(-1));
        if ((await decide([...usual, ...tried], {}, confident(p))).chosen.action !== "a0") return failures;
      }
      throw new Error(`Expected the base action of probability ${p} to be left.`);
    };
    const [unsure, sure, surest] = [
      await failuresUntil(0.5),
      await failuresUntil(0.8),
      await failuresUntil(0.95),
    ];
    expect(unsure).toBeGreaterThan(1);
    expect(sure).toBeGreaterThan(unsure);
    expect(surest).toBeGreaterThan(sure);
  });

  test("one success of another action is followed where the model is not confident, and not where it is", async () => {
    const chosen = async (p: number) =>
      (await decide([...usual, ...outcomes("a1", 1)], {}, confident(p))).chosen.action;
    expect([await chosen(0.5), await chosen(0.8)]).toEqual(["a1", "a1"]);
    expect(await chosen(0.999)).toBe("a0");
  });

  test("the very first return says nothing yet if it is good: there is none to compare it with", async () => {
    const good = await decide(outcomes("a1", 1));
    for (const { advantage } of good.candidates) expect(advantage).toBe(0);
    const bad = await decide(outcomes("a0", -1), {}, confident(0.5));
    expect(bad.chosen.action).toBe("a0");
    expect(advantageOf(bad, "a1")).toBeGreaterThan(advantageOf(bad, "a0"));
  });

  test("newer steps outweigh older ones: of the same outcomes the later ones count more", async () => {
    const good = new Array<number>(20).fill(1);
    const bad = new Array<number>(20).fill(-1);
    const q = async (values: number[]) =>
      (await decide([...usual, ...outcomes("a0", ...values)])).candidates[0]!.q!;
    expect(await q([...bad, ...good])).toBeGreaterThan(0);
    expect(await q([...good, ...bad])).toBeLessThan(0);
  });

  test("what became wrong is left before the failures outnumber the successes", async () => {
    const past = [
      ...usual,
      ...outcomes("a1", ...new Array<number>(5).fill(-1)),
      ...outcomes("a0", ...new Array<number>(30).fill(1)),
    ];
    let failures = 0;
    while (failures < 30 && (await decide(past)).chosen.action === "a0") {
      past.push(...outcomes("a0", -1));
      failures++;
    }
    expect(failures).toBeGreaterThan(1);
    expect(failures).toBeLessThan(30);
  });
});

describe("what an action without steps is expected to be worth", () => {
  const usual: Past[] = [1, -1, 1, -1].map((value) => ({ state: elsewhere, action: "b", return: value }));
  const times = (count: number, step: Past): Past[] => new Array<Past>(count).fill(step);
  const untried = async (past: readonly Past[]) => {
    const { value, candidates } = await decide([...usual, ...past]);
    return candidates[4]!.q! - value!;
  };

  test("is what those with steps are worth on average, however often the best was taken", async () => {
    const bad = times(3, { action: "a1", return: -1 });
    const gaps = [3, 10, 30].map((count) => untried([...bad, ...times(count, { action: "a0", return: 1 })]));
    const [few, more, many] = await Promise.all(gaps);
    expect(more).toBeLessThan(few!);
    expect(many).toBeLessThan(more!);
    expect(many).toBeLessThan(-0.4);
  });

  test("is, where all went badly, no more than that until leaving the base action has paid", async () => {
    const failed = times(2, { action: "a0", return: -1 });
    const record = (left: number): Past[] => [
      ...times(10, { state: elsewhere, action: "b", return: 0, departure: "kept" }),
      ...times(10, { state: elsewhere, action: "b", return: left, departure: "left" }),
    ];
    expect(await untried(failed)).toBeCloseTo(0, 12);
    expect(await untried([...failed, ...record(-1)])).toBeCloseTo(0, 12);
    expect(await untried([...failed, ...record(0)])).toBeGreaterThan(0.1);
  });
});

describe("luck", () => {
  test("that shows in returns of one action makes other single steps count less", async () => {
    const lead = async (spoiled: number) => {
      const past = [1, -1, 1, -1].map((value): Past => ({ state: elsewhere, action: "b", return: value }));
      for (let i = 0; i < 10; i++) past.push({ action: "a0", return: i % 2 === 0 ? spoiled : -spoiled });
      const { candidates } = await decide([...past, { action: "a1", return: 1 }]);
      return candidates[1]!.q! - candidates[4]!.q!;
    };
    expect(await lead(1)).toBeLessThan(0.75 * (await lead(0.1)));
  });
});

describe("what comes after a step", () => {
  const leadsTo = (action: string, state: string, value = 0): Past => ({
    action,
    return: value,
    after: [{ state, action: "b" }],
  });
  const known = (state: string, times: number): Past[] =>
    new Array<Past>(times).fill({ state, action: "b", return: 0 });
  /** Something worth hoping for was seen elsewhere. */
  const good: Past = { state: elsewhere, action: "b", return: 5 };

  test("draws more the less is known of it, though the action itself was tried as often", async () => {
    const past = [good, ...known("a well-known place", 20)];
    for (let i = 0; i < 5; i++) past.push(leadsTo("a0", "a well-known place"), leadsTo("a1", `place ${i}`));
    const decision = await decide(past);
    const [known0, new1] = ["a0", "a1"].map((action) =>
      decision.evidence.filter((step) => step.action === action).map(({ novelty }) => novelty),
    );
    expect(known0).toEqual(new Array(5).fill(0.9 / 26));
    expect(new1).toEqual(new Array(5).fill(0.9 / 2));
    expect(advantageOf(decision, "a1")).toBeGreaterThan(advantageOf(decision, "a0"));
    const greedy = await decide(past, { explorationBonus: 0 });
    expect(greedy.candidates[1]!.q).toBeCloseTo(greedy.candidates[0]!.q!, 12);
  });

  test("counts only in the very same state: elsewhere it says nothing", async () => {
    const past = [good, ...new Array<Past>(5).fill({ ...leadsTo("a1", "new"), state: "x y z q" })];
    for (const step of (await decide(past)).evidence) expect(step.novelty).toBeUndefined();
  });

  test("makes older returns count less: what was done next may be done better by now", async () => {
    const returns = [...new Array<number>(10).fill(-1), ...new Array<number>(10).fill(1)];
    const q = async (past: Past[]) => (await decide([good, ...past])).candidates[0]!.q!;
    const last = returns.map((value): Past => ({ action: "a0", return: value }));
    // With γ = 0.9 the reward is as much, seen from the step before.
    const before = returns.map((value) => leadsTo("a0", elsewhere, value / 0.9));
    expect(await q(before)).toBeGreaterThan((await q(last)) + 0.05);
  });
});

describe("hearsay", () => {
  const usual: Past[] = [1, -1, 1, -1].map((value) => ({ state: elsewhere, action: "b", return: value }));
  const praise = (value: number, times: number, action = "a1"): Past[] =>
    Array.from({ length: times }, () => ({ action, return: value, importedFrom: "somebody" }));
  const failures = (times: number): Past[] =>
    Array.from({ length: times }, () => ({ action: "a1", return: -1 }));

  test("is followed while nothing else is known", async () => {
    expect((await decide([...usual, ...praise(1, 4)])).chosen.action).toBe("a1");
  });

  test("gives way to what the agent finds itself: the more it finds, the less it counts", async () => {
    const q = async (found: number) => {
      const { candidates } = await decide([...usual, ...praise(1, 20), ...failures(found)], {
        explorationBonus: 0,
      });
      return candidates[1]!.q!;
    };
    const [none, one, five, ten] = [await q(0), await q(1), await q(5), await q(10)];
    expect(one).toBeLessThan(none);
    expect(five).toBeLessThan(one);
    expect(ten).toBeLessThan(five);
    expect(ten).toBeLessThan(0);
  });

  test("of the very same state gives way to what was found in similar ones", async () => {
    const found = failures(10).map((step) => ({ ...step, state: "x y z q" }));
    expect((await decide([...usual, ...praise(1, 20), ...found])).candidates[1]!.q!).toBeLessThan(0);
  });

  test("counts no further than 1.5 σ from the mean of the agent's own returns", async () => {
    const [bounded, boundless] = [
      await decide([...usual, ...praise(1.5, 3)]),
      await decide([...usual, ...praise(1e6, 3)]),
    ];
    expect(boundless.candidates).toEqual(bounded.candidates);
    expect(boundless.returns).toEqual({ count: 4, mean: 0, spread: 1, highest: 1 });
    const slander = await decide([...usual, ...praise(-1e6, 3)]);
    expect(slander.candidates).toEqual((await decide([...usual, ...praise(-1.5, 3)])).candidates);
  });

  test("is not what somebody else did in a similar state of the agent's own", async () => {
    const step: Past = { action: "a1", return: 5 };
    const q = async (past: Past) => (await decide([...usual, past])).candidates[1]!.q!;
    expect(await q(step)).toBeGreaterThan(await q({ ...step, importedFrom: "somebody" }));
  });
});

describe("exploration", () => {
  test("is not for what only others did: nobody may be there to judge what is tried", async () => {
    const told = [1, -1, 0, 2].map(
      (value, i): Past => ({
        action: `a${i % 2}`,
        return: value,
        importedFrom: "somebody",
      }),
    );
    const without = { explorationBonus: 0 };
    expect((await decide(told)).candidates).toEqual((await decide(told, without)).candidates);
    const own: Past[] = [...told, { action: "a0", return: -1 }];
    expect(advantageOf(await decide(own), "a4")).toBeGreaterThan(
      advantageOf(await decide(own, without), "a4"),
    );
  });

  test("is for what lies beyond the best action that is known, the same for all that are known as little", async () => {
    const past = [2, -1, 2, -1].map((value, i): Past => ({ action: `a${i % 2}`, return: value }));
    const [tries, rests] = [await decide(past), await decide(past, { explorationBonus: 0 })];
    const bonus = (action: string) => advantageOf(tries, action) - advantageOf(rests, action);
    expect(bonus("a1")).toBeCloseTo(bonus("a0"), 9);
    expect(bonus("a2")).toBeGreaterThan(bonus("a0"));
  });

  test("without a bonus an action that was not tried adds nothing to its logit, and never more than the best that was", async () => {
    await fc.assert(
      fc.asyncProperty(spreadPast, async (past) => {
        const decision = await decide(past, { explorationBonus: 0 });
        fc.pre(decision.reason === "learned");
        const tried = decision.candidates.filter(({ count }) => count > 0).map(({ advantage }) => advantage);
        const untried = decision.candidates
          .filter(({ count }) => count === 0)
          .map(({ advantage }) => advantage);
        const rounding = 1e-9 * 15;
        for (const advantage of untried) expect(advantage).toBeLessThanOrEqual(rounding);
        // All actions that were tried are candidates here.
        expect(Math.max(...untried)).toBeLessThanOrEqual(Math.max(...tried) + rounding);
      }),
      { numRuns: 100 },
    );
  });

  test("with probability 0 is the same as without a bonus", async () => {
    await fc.assert(
      fc.asyncProperty(spreadPast, async (past) => {
        const never = await decide(past, { explorationProbability: 0, random: () => 0 });
        const without = await decide(past, { explorationBonus: 0 });
        expect(never.candidates).toEqual(without.candidates);
        expect(without.draws).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("with a probability in between is drawn once a decision", async () => {
    const past = [1, -1, 0].map((value) => ({ action: "a0", return: value }));
    const options = { explorationProbability: 0.5 };
    const [tries, rests] = [
      await decide(past, { ...options, random: () => 0.49 }),
      await decide(past, { ...options, random: () => 0.5 }),
    ];
    expect(tries.draws).toEqual([{ purpose: "exploration", value: 0.49 }]);
    expect(advantageOf(tries, "a4")).toBeGreaterThan(advantageOf(rests, "a4"));
    expect(rests.candidates).toEqual((await decide(past, { explorationBonus: 0 })).candidates);
  });

  test("hopes for no more than was ever seen, if that was good", async () => {
    const past: Past[] = [
      ...[-1, -1].map((value) => ({ state: elsewhere, action: "b", return: value })),
      ...["a0", "a1", "a2", "a3", "a4"].map((action) => ({ action, return: 1 })),
    ];
    const bonus = async (steps: readonly Past[]) =>
      advantageOf(await decide(steps, { explorationBonus: 10 }), "a1") -
      advantageOf(await decide(steps, { explorationBonus: 0 }), "a1");
    const [small, large] = [
      await bonus(past),
      await bonus([...past, { state: elsewhere, action: "b", return: 9 }]),
    ];
    expect(small).toBeGreaterThanOrEqual(0);
    expect(large).toBeGreaterThan(small);
    // What is best already is known everywhere: with much evidence, there is next to nothing left to hope for.
    const often = Array.from({ length: 6 }, () => past.slice(2)).flat();
    expect(await bonus([...past, ...often])).toBeLessThan(small);
  });

  test("where nothing good was ever seen, hopes for a spread more than the best that was", async () => {
    const past = [-1, -3].map((value) => ({ action: "a0", return: value })); // μ = −2, σ = 1, H = −1 + 1
    const decision = await decide(past, { explorationBonus: 1 });
    const { q, advantage } = decision.candidates[4]!;
    const bonus = advantage - 15 * (q! - decision.value!);
    expect(bonus).toBeCloseTo((Math.sqrt(1 + 1.98) - 1) * (0 - q!), 9);
  });

  test("prefers, of equally good actions, those that were tried less", async () => {
    const past: Past[] = [
      { state: elsewhere, action: "b", return: 3 },
      ...[0, 0, 0, 0].map((value) => ({ action: "a0", return: value })),
      { action: "a1", return: 0 },
    ];
    const decision = await decide(past);
    expect(decision.candidates.map(({ q }) => q)).toEqual([0, 0, 0, 0, 0]);
    expect(advantageOf(decision, "a2")).toBeGreaterThan(advantageOf(decision, "a1"));
    expect(advantageOf(decision, "a1")).toBeGreaterThan(advantageOf(decision, "a0"));
  });
});

import {
  adaptiveEstimator,
  createPolicy,
  type Decision,
  type EarlierStep,
  type Estimate,
  type ExperienceMemory,
  explain,
  jaccard,
  openMemory,
  seededRandom,
  summarize,
  toState,
  words,
} from "@jitrl/core";
import { replay } from "@jitrl/core/offline";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidatesOf, memoryOf } from "./experience.js";
import { rejected } from "./thrown.js";

const here = "x y z";
const even = candidatesOf([0, 0, 0, 0]);

/** Nothing good came of anything here, and of some things nothing is known; elsewhere it was worth it. */
function poor(): Promise<ExperienceMemory> {
  const past = ["a0", "a0", "a0", "a1", "a1", "a2"].map((action) => ({ state: here, action, return: 0 }));
  return memoryOf([...past, { state: "quite another place", action: "b", return: 5 }]);
}

async function decide(memory: ExperienceMemory, earlier: readonly EarlierStep[]): Promise<Decision> {
  return createPolicy({ memory }).decide({ state: here, candidates: even, earlier });
}

const triedOf = ({ candidates }: Decision) => candidates.map(({ tried }) => tried);

describe("what the run has taken already", () => {
  test("counts by action in the very same state, however that is written, and nowhere else", async () => {
    const memory = await poor();
    const decision = await decide(memory, [
      { state: here, action: "a0" },
      { state: "z y x", action: "a0" },
      { state: toState(here), action: "a2" },
      { state: "x y z q", action: "a1" },
      { state: { features: { other: words(here) } }, action: "a1" },
      { state: { ...toState(here), partition: "elsewhere" }, action: "a1" },
      { state: here, action: "no candidate" },
    ]);
    expect(triedOf(decision)).toEqual([2, 0, 1, 0]);
    expect(triedOf(await decide(memory, []))).toEqual([0, 0, 0, 0]);
    expect(explain(decision)).toContain("In this very state this run has already tried a2 1x, a0 2x.");
    expect(explain(await decide(memory, []))).not.toContain("already tried");
  });

  test("divides the bonus for exploring, and changes no value", async () => {
    const memory = await poor();
    const history = fc.array(
      fc.record({ state: fc.constantFrom(here, "x y"), action: fc.constantFrom("a0", "a1", "a2", "a3") }),
      { maxLength: 40 },
    );
    const alone = await decide(memory, []);
    await fc.assert(
      fc.asyncProperty(history, async (earlier) => {
        const decision = await decide(memory, earlier);
        expect(decision.value).toBe(alone.value);
        expect(decision.evidence).toEqual(alone.evidence);
        decision.candidates.forEach(({ action, q, advantage }, a) => {
          const times = earlier.filter(
            (step) => step.action === action && jaccard(split(step.state), split(here)) === 1,
          );
          const lead = (15 * (q! - decision.value!)) / decision.returns!.spread;
          expect(q).toBe(alone.candidates[a]!.q);
          expect(advantage - lead).toBeCloseTo(
            (alone.candidates[a]!.advantage - lead) / (1 + times.length),
            9,
          );
        });
      }),
      { numRuns: 50 },
    );
  });

  test("keeps a run from going in circles, though the memory learns nothing until it ends", async () => {
    const memory = await poor();
    const earlier: EarlierStep[] = [];
    for (let step = 0; step < 12; step++) {
      const { chosen } = await decide(memory, earlier);
      earlier.push({ state: here, action: chosen.action });
    }
    const taken = even.map(({ action }) => earlier.filter((step) => step.action === action).length);
    expect(Math.min(...taken)).toBeGreaterThan(0);
    // What little is known of is taken more often.
    expect(taken[3]).toBeGreaterThan(taken[0]!);
  });

  test("takes nothing from what is known to be good: that may be done again", async () => {
    const memory = await memoryOf([
      { state: here, action: "a0", return: 0 },
      ...[5, 5, 5].map((value) => ({ state: here, action: "a1", return: value })),
    ]);
    const earlier = new Array<EarlierStep>(20).fill({ state: here, action: "a1" });
    expect((await decide(memory, earlier)).chosen.action).toBe("a1");
  });

  test("is told to estimators of one's own", async () => {
    const told: (readonly number[] | undefined)[] = [];
    const adaptive = adaptiveEstimator();
    const estimator = {
      name: "own",
      estimate(input: Parameters<typeof adaptive.estimate>[0]): Estimate {
        told.push(input.tried);
        return adaptive.estimate(input);
      },
    };
    const policy = createPolicy({ memory: await poor(), estimator });
    await policy.decide({ state: here, candidates: even, earlier: [{ state: here, action: "a3" }] });
    expect(told).toEqual([[0, 0, 0, 1]]);
  });

  test("has no part where nothing is estimated, and a state that is none is the caller's error", async () => {
    const policy = createPolicy({ memory: await openMemory() });
    const earlier = [{ state: here, action: "a0" }];
    const decision = await policy.decide({ state: here, candidates: even, earlier });
    expect(decision.reason).toBe("no-evidence");
    expect(triedOf(decision)).toEqual([0, 0, 0, 0]);
    const wrong = { features: { text: { tokens: ["x", "y", "z"], weight: -1 } } };
    const error = await rejected(
      policy.decide({ state: here, candidates: even, earlier: [{ state: wrong, action: "a0" }] }),
    );
    expect(error).toMatchObject({ code: "invalid-input" });
  });

  test("is known to a replay, which chooses what was chosen", async () => {
    const memory = await openMemory();
    const policy = createPolicy({ memory, logCandidates: true, random: seededRandom(1) });
    const episodes = [];
    for (let at = 0; at < 6; at++) {
      const steps: (EarlierStep & { reward: number; decision: ReturnType<typeof summarize> })[] = [];
      for (let step = 0; step < 8; step++) {
        const decision = await policy.decide({ state: here, candidates: even, earlier: steps });
        const { action } = decision.chosen;
        steps.push({ state: here, action, reward: action === "a3" ? 1 : 0, decision: summarize(decision) });
      }
      const episode = { id: `e${at}`, at, steps };
      episodes.push(episode);
      await policy.learn(episode);
    }
    expect((await replay(episodes, {})).agreement).toBe(1);
  });
});

function split(text: string): string[] {
  return text.split(" ");
}

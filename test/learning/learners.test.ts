import { bag } from "@jitrl/core";
import { describe, expect, test } from "vitest";
import type { Learner, LearnerKind, Observation, Played } from "./experiment.js";
import { bestCandidate } from "./learners/best-candidate.js";
import { cache } from "./learners/cache.js";
import { hashedFeatures } from "./learners/hashed-features.js";
import { learnerKinds } from "./learners/index.js";
import { judgedReturns } from "./learners/judged-returns.js";
import { linucb } from "./learners/linucb.js";
import { plain } from "./learners/plain.js";
import { released, returnsOf } from "./learners/released.js";
import { staticLearner } from "./learners/static.js";
import { text } from "./learners/text.js";
import { runExperiment } from "./run-experiment.js";
import { experiments } from "./tiny-experiments.js";

/** Those that need nothing but this repository. */
const own = learnerKinds.filter(({ name }) => name !== "vw");

const seen = (state: string, logits: Readonly<Record<string, number>> = { a: 1, b: 0 }): Observation => ({
  state: { features: { words: bag(state.split(" ")) } },
  candidates: Object.entries(logits).map(([action, logit]) => ({ action, logit })),
});
const episode = (observation: Observation, action: string, reward?: number, source?: string): Played => ({
  steps: [{ observation, action, reward }],
  ...(source === undefined ? {} : { source }),
});
/** Lets the learner look first, as it would have. */
async function live(learner: Learner, observation: Observation, action: string, reward: number) {
  await learner.choose(observation);
  await learner.learn(episode(observation, action, reward));
}
async function choices(learner: Learner, observation: Observation, times: number): Promise<string[]> {
  const chosen: string[] = [];
  for (let i = 0; i < times; i++) chosen.push(await learner.choose(observation));
  return chosen;
}

test("names are told apart, and each kind says what it is", () => {
  const names = learnerKinds.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(learnerKinds.every(({ about }) => about.length > 10)).toBe(true);
});

describe.each(own.map((kind): [string, LearnerKind] => [kind.name, kind]))("%s", (_, kind) => {
  test("takes the base action before it knows anything", async () => {
    const learner = await kind.create(1);
    expect(await learner.choose(seen("x y z", { a: 0, b: 2, c: 1 }))).toBe("b");
    await learner.close?.();
  });

  test("learns nothing of an episode that nobody judged", async () => {
    // The released behaviour stores zeros: one of its faults.
    if (kind.name === "released") return;
    const learner = await kind.create(1);
    for (let i = 0; i < 5; i++) await learner.learn(episode(seen("x y z"), "a", undefined, "other"));
    expect(await learner.choose(seen("x y z"))).toBe("a");
    await learner.close?.();
  });

  test("does the same in every run of a seed", async () => {
    const [twoArms] = experiments;
    expect(await runExperiment(twoArms!, kind, 5)).toEqual(await runExperiment(twoArms!, kind, 5));
  });
});

test("chance decides among candidates of equal value", () => {
  const candidates = ["a", "b", "c"].map((action) => ({ action, logit: 0 }));
  expect(bestCandidate(candidates, () => 0.5).action).toBe("b");
  expect(bestCandidate(candidates, () => 0.99).action).toBe("c");
  expect(bestCandidate([...candidates, { action: "d", logit: 1 }], () => 0).action).toBe("d");
});

test("returns are discounted as in a memory; steps that nobody judged earned nothing", () => {
  const observation = seen("x");
  const steps = [undefined, 1, undefined, 2].map((reward) => ({ observation, action: "a", reward }));
  const later = 0.9 + 2 * 0.9 ** 3;
  const returns = judgedReturns({ steps });
  expect(returns?.[0]).toBeCloseTo(later, 12);
  expect(returns?.[3]).toBe(2);
  expect(judgedReturns({ steps: steps.map((step) => ({ ...step, reward: undefined })) })).toBeUndefined();
});

test("static never changes", async () => {
  const learner = await staticLearner.create(1);
  for (let i = 0; i < 10; i++) {
    await live(learner, seen("x y"), "a", -5);
    await learner.learn(episode(seen("x y"), "b", 5, "other"));
  }
  expect(new Set(await choices(learner, seen("x y"), 10))).toEqual(new Set(["a"]));
});

test("plain follows what was rewarded, also by others", async () => {
  const learner = await plain.create(1);
  for (let i = 0; i < 5; i++) {
    await learner.learn(episode(seen("x y"), "a", -2, "others"));
    await learner.learn(episode(seen("x y"), "b", 2, "others"));
  }
  expect(await learner.choose(seen("x y"))).toBe("b");
});

describe("cache", () => {
  test("repeats the best action of the very same state", async () => {
    const learner = await cache.create(1);
    await learner.learn(episode(seen("x y"), "b", 1));
    await learner.learn(episode(seen("x y"), "c", 3));
    await learner.learn(episode(seen("x y"), "c", -1));
    await learner.learn(episode(seen("x y"), "b", 2));
    const logits = { a: 5, b: 0, c: 0 };
    expect(await learner.choose(seen("x y", logits))).toBe("c");
    expect(await learner.choose(seen("y x", logits))).toBe("c");
    expect(await learner.choose(seen("x y z", logits))).toBe("a");
    expect(await learner.choose(seen("x y", { a: 5, b: 0 }))).toBe("b");
  });

  test("repeats nothing that did not work", async () => {
    const learner = await cache.create(1);
    await learner.learn(episode(seen("x y"), "b", 0));
    await learner.learn(episode(seen("x y"), "b", -1));
    expect(await learner.choose(seen("x y"))).toBe("a");
  });

  test("the last of equally good ones is repeated", async () => {
    const learner = await cache.create(1);
    for (const action of ["b", "c", "b"]) await learner.learn(episode(seen("x y"), action, 1));
    expect(await learner.choose(seen("x y", { a: 5, b: 0, c: 0 }))).toBe("b");
  });
});

describe("linucb", () => {
  test.each([1, 0.01, 100])("learns a bandit of two arms whose rewards are of size %d", async (unit) => {
    const [twoArms] = experiments;
    const scaled = {
      ...twoArms!,
      create: async (seed: number) => {
        const environment = await twoArms!.create(seed);
        const judged = (played: Played) => environment.judged!(played).map((reward) => (reward ?? 0) * unit);
        return { ...environment, judged };
      },
    };
    const returns = await runExperiment(scaled, linucb, 2);
    expect(returns[0]).toBe(0);
    expect(returns.slice(-20)).toEqual(new Array(20).fill(1));
  });

  test("tells situations apart, and generalizes to others with the same words", async () => {
    const learner = await linucb.create(1);
    for (let i = 0; i < 20; i++) {
      for (const [word, right] of [
        ["red", "a"],
        ["blue", "b"],
      ]) {
        for (const action of ["a", "b"]) {
          await learner.learn(episode(seen(`${word} n${i}`), action, action === right ? 1 : 0));
        }
      }
    }
    expect(await learner.choose(seen("red new", { a: 0, b: 0 }))).toBe("a");
    expect(await learner.choose(seen("blue new", { a: 0, b: 0 }))).toBe("b");
  });

  test("features have length 1, whatever the state, and do not depend on order or repeats", () => {
    const features = hashedFeatures({ features: { w: bag(["a", "b", "a"]) }, partition: "p" }, 64);
    expect(Math.hypot(...features.values)).toBeCloseTo(1, 12);
    const other = hashedFeatures({ features: { w: bag(["b", "a"]) }, partition: "p" }, 64);
    expect(new Map(other.places.map((place, i) => [place, other.values[i]]))).toEqual(
      new Map(features.places.map((place, i) => [place, features.values[i]])),
    );
    expect(hashedFeatures({ features: { w: bag([]) } }, 64).places).toEqual([]);
  });
});

describe("text", () => {
  test("follows a short text, and a long one hardly", async () => {
    const long = Array.from({ length: 600 }, (_, i) => `w${i}`).join(" ");
    const share = async (state: string) => {
      const learner = await text.create(1);
      for (let i = 0; i < 5; i++) {
        await learner.learn(episode(seen(state), "a", -1));
        await learner.learn(episode(seen(state), "b", 1));
      }
      const chosen = await choices(learner, seen(state), 60);
      return chosen.filter((action) => action === "b").length / chosen.length;
    };
    expect(await share("x y")).toBeGreaterThan(0.85);
    expect(await share(long)).toBeLessThan(0.1);
  });

  test("tries nothing for the sake of knowing, but avoids what went wrong", async () => {
    const learner = await text.create(1);
    await learner.learn(episode(seen("x y"), "a", 0.1));
    expect(new Set(await choices(learner, seen("x y"), 30))).toEqual(new Set(["a"]));
    const warned = await text.create(1);
    for (let i = 0; i < 5; i++) await warned.learn(episode(seen("x y"), "a", -1));
    const chosen = await choices(warned, seen("x y"), 100);
    expect(chosen.filter((action) => action === "b").length).toBeGreaterThan(80);
  });
});

describe("released", () => {
  test("fills later rewards of 0 with the step's own", () => {
    expect(returnsOf([2, 0, 0])).toEqual([2 + 0.9 * 2 + 0.81 * 2, 0, 0]);
    expect(returnsOf([1, 3])).toEqual([1 + 0.9 * 3, 3]);
  });

  test("weighs an advantage of any size against the confidence as 1", async () => {
    const learner = await released.create(1);
    // b did better than a by next to nothing; the model is as good as sure of a.
    await learner.learn(episode(seen("x y"), "a", 1, "others"));
    await learner.learn(episode(seen("x y"), "b", 1.000001, "others"));
    expect(await learner.choose(seen("x y", { a: 20, b: 0 }))).toBe("b");
  });

  test("stores the states that were looked up with the actions in order: a look-up that is skipped shifts them", async () => {
    const learner = await released.create(1);
    const only = seen("only way", { go: 0 });
    const fork = seen("left right", { go: 3, b: 0 });
    await learner.choose(only);
    await learner.choose(fork);
    // The reward for "b" at the fork is lost, and the fork has the punishment of "go" before it.
    await learner.learn({
      steps: [
        { observation: only, action: "go", reward: -1 },
        { observation: fork, action: "b", reward: 0 },
      ],
    });
    // One neighbour, "go": no advantage of its own, and the untried "b" gets the bonus.
    expect(await learner.choose(fork)).toBe("b");
    const straight = await released.create(1);
    await straight.choose(fork);
    await straight.learn({ steps: [{ observation: fork, action: "b", reward: -1 }] });
    expect(await straight.choose(fork)).toBe("go");
  });

  test("ignores k where states are nearly equal", async () => {
    const learner = await released.create(1);
    // Of the newest ten steps those with "a" are the best; of all, those with "b" are.
    for (let i = 0; i < 20; i++) await learner.learn(episode(seen("x y"), "b", i < 10 ? 9 : 1, "others"));
    for (let i = 0; i < 5; i++) await learner.learn(episode(seen("x y"), "a", 2, "others"));
    expect(await learner.choose(seen("x y", { a: 0, b: 0 }))).toBe("b");
    // At a lower similarity k counts.
    expect(await learner.choose(seen("x y z", { a: 0, b: 0 }))).toBe("a");
  });

  test("counts an episode that nobody judged as zeros", async () => {
    const learner = await released.create(1);
    await learner.learn(episode(seen("x y"), "a", undefined, "others"));
    // "a" now has evidence, so that the untried "b" gets a bonus.
    expect(await learner.choose(seen("x y"))).toBe("b");
  });
});

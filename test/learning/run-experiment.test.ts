import { expect, test } from "vitest";
import type { Environment, Experiment, Learner, LearnerKind, Observation, Played } from "./experiment.js";
import { runExperiment } from "./run-experiment.js";

const observation: Observation = {
  state: "here",
  candidates: [
    { action: "a", logit: 0 },
    { action: "b", logit: 0 },
  ],
};

function experimentOf(environment: Environment, episodes = 2): Experiment {
  const rest = { name: "made", question: "What happens?", seeds: 1, best: 1, random: 0 };
  return { ...rest, episodes, create: () => environment };
}

/** Chooses "b" always, and notes what it is told. */
function listener() {
  const told: Played[] = [];
  const seeds: number[] = [];
  let closed = 0;
  const learner: Learner = {
    choose: () => "b",
    learn: (episode) => {
      told.push(episode);
    },
    close: () => {
      closed++;
    },
  };
  const kind: LearnerKind = {
    name: "listener",
    about: "notes what it is told",
    create(seed) {
      seeds.push(seed);
      return learner;
    },
  };
  return { kind, told, seeds, closed: () => closed };
}

/** Two steps an episode, worth 1 and 2. */
function twoSteps(more: Partial<Environment> = {}): Environment {
  let step = 0;
  return {
    reset() {
      step = 0;
      return observation;
    },
    step: () => ({ reward: ++step, next: step === 1 ? observation : undefined }),
    ...more,
  };
}

test("returns are the true ones, and learners are told those where nobody judges", async () => {
  const { kind, told } = listener();
  expect(await runExperiment(experimentOf(twoSteps(), 3), kind, 1)).toEqual([3, 3, 3]);
  expect(told).toHaveLength(3);
  expect(told[0]?.steps).toEqual([
    { observation, action: "b", reward: 1 },
    { observation, action: "b", reward: 2 },
  ]);
});

test("learners are told what the judge said and nothing of the truth", async () => {
  const { kind, told } = listener();
  const environment = twoSteps({ judged: ({ steps }) => [undefined, (steps[1]?.reward ?? 0) * -10] });
  expect(await runExperiment(experimentOf(environment), kind, 1)).toEqual([3, 3]);
  expect(told[1]?.steps.map(({ reward }) => reward)).toEqual([undefined, -20]);
  expect(told[1]?.source).toBeUndefined();
});

test("episodes of others come before the episode that they are due for", async () => {
  const { kind, told } = listener();
  const imported: Played = { source: "liar", steps: [{ observation, action: "a", reward: 9 }] };
  const environment = twoSteps({ imported: (episode) => (episode === 1 ? [imported] : []) });
  await runExperiment(experimentOf(environment), kind, 1);
  expect(told.map(({ source, steps }) => [source, steps.length])).toEqual([
    [undefined, 2],
    ["liar", 1],
    [undefined, 2],
  ]);
});

test("learners are made for a seed and closed, also when the world breaks", async () => {
  const { kind, seeds, closed } = listener();
  const broken = twoSteps({
    step: () => {
      throw new Error("no more world");
    },
  });
  await expect(runExperiment(experimentOf(broken), kind, 3)).rejects.toThrow("no more world");
  expect(closed()).toBe(1);
  await runExperiment(experimentOf(twoSteps()), kind, 4);
  await runExperiment(experimentOf(twoSteps()), kind, 4);
  expect(new Set(seeds).size).toBe(2);
});

test("an action that is no candidate, and a judge that does not judge each step, are refused", async () => {
  const { kind } = listener();
  const elsewhere: LearnerKind = { ...kind, create: () => ({ choose: () => "c", learn: () => {} }) };
  await expect(runExperiment(experimentOf(twoSteps()), elsewhere, 1)).rejects.toThrow('found "c"');
  const forgetful = twoSteps({ judged: () => [1] });
  await expect(runExperiment(experimentOf(forgetful), kind, 1)).rejects.toThrow("Expected 2 judged rewards");
});

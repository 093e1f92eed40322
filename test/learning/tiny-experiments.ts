import type { Environment, Experiment, Observation, Outcome } from "./experiment.js";

/** Three short experiments for the tests of the suite's own machinery: `--experiments` takes this file. */
export const experiments: readonly Experiment[] = [
  {
    name: "two-arms",
    question: "Does it leave the arm that the model likes for the one that pays?",
    episodes: 30,
    seeds: 3,
    best: 1,
    random: 0.5,
    create: (seed) => twoArms(seed),
  },
  {
    name: "endless",
    question: "Does it stop when it is told to?",
    episodes: 1_000_000_000,
    seeds: 1,
    best: 1,
    random: 0.5,
    create: (seed) => twoArms(seed),
  },
  {
    name: "broken",
    question: "Does it say what went wrong?",
    episodes: 2,
    seeds: 2,
    best: 1,
    random: 0,
    create(seed) {
      if (seed === 1) throw new Error("the second seed has no world");
      return twoArms(seed);
    },
  },
];

/** One step an episode; the model likes "left", and "right" (on odd seeds "other") pays 1. */
export function twoArms(seed: number): Environment {
  const right = seed % 2 === 0 ? "right" : "other";
  const observation: Observation = {
    state: "two arms",
    candidates: [
      { action: "left", logit: 0.5 },
      { action: right, logit: 0 },
    ],
  };
  return {
    reset: () => observation,
    step: (action): Outcome => ({ reward: action === right ? 1 : 0, next: undefined }),
    // What it is told is in units of its own.
    judged: ({ steps }) => steps.map(({ reward = 0 }) => (reward > 0 ? 1 : -1)),
  };
}

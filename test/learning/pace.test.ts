import { expect, test } from "vitest";
import { paceOf } from "./pace.js";
import { summarizeRuns } from "./results.js";

const experiment = {
  name: "hand-made",
  question: "How soon?",
  episodes: 8,
  seeds: 2,
  best: 4,
  random: 0,
  create: () => {
    throw new Error("not needed");
  },
};

function resultOf(returns: Readonly<Record<string, readonly (readonly number[])[]>>) {
  const runs = Object.entries(returns).flatMap(([learner, bySeed]) =>
    bySeed.map((values, seed) => ({
      task: { experiment: experiment.name, learner, seed },
      outcome: { status: "done" as const, returns: values },
    })),
  );
  return summarizeRuns(experiment, runs, "plain");
}

test("the level is the mean over the last five episodes and all seeds; who gets there is told when", () => {
  const result = resultOf({
    plain: [
      [0, 0, 0, 2, 2, 2, 2, 2],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ],
    quick: [
      [0, 1, 1, 1, 1, 1, 1, 1],
      [0, 1, 1, 1, 1, 1, 1, 1],
    ],
    slow: [
      [0, 0, 0, 0, 0, 0, 0, 4],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ],
  });
  // Five episodes of quick have a mean of 1 from the second to the sixth on.
  expect(paceOf(result, "plain")).toEqual({
    of: "plain",
    level: 1,
    episodes: { plain: 8, quick: 6, slow: undefined },
  });
});

test("without a result of that learner there is nothing to reach", () => {
  const result = resultOf({ quick: [[1, 1, 1, 1, 1, 1]] });
  expect(paceOf(result, "plain")).toBeUndefined();
  expect(paceOf(resultOf({ plain: [[1, 1]] }), "plain")).toBeUndefined();
});

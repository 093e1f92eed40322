import fc from "fast-check";
import { expect, test } from "vitest";
import type { Experiment } from "./experiment.js";
import { summarizeRuns } from "./results.js";
import { compare, scoreOf } from "./score.js";
import type { TaskOutcome } from "./task.js";

test("a score is the mean return, 0 for random and 1 for best", () => {
  const experiment = { best: 3, random: 1 };
  expect(scoreOf(experiment, [1, 1, 1, 1, 1, 1])).toEqual({ score: 0, final: 0 });
  expect(scoreOf(experiment, [3, 3, 3, 3, 3, 3])).toEqual({ score: 1, final: 1 });
  expect(scoreOf(experiment, [0, 0, 1, 2, 3, 3]).score).toBeCloseTo((1.5 - 1) / 2, 12);
});

test("episodes before `from` do not count", () => {
  expect(scoreOf({ best: 1, random: 0, from: 4 }, [0, 0, 0, 0, 1, 0.5]).score).toBeCloseTo(0.75, 12);
});

test("the final score is that of the last tenth, of at least five episodes", () => {
  const experiment = { best: 1, random: 0 };
  expect(scoreOf(experiment, [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]).final).toBeCloseTo(0.8, 12);
  const hundred = Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : 1));
  expect(scoreOf(experiment, hundred)).toEqual({ score: 0.1, final: 1 });
});

test("scores do not depend on the unit of rewards", () => {
  const returns = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 5, maxLength: 30 });
  const unit = fc.double({ min: 0.1, max: 100, noNaN: true });
  fc.assert(
    fc.property(returns, unit, (values, scale) => {
      const { score } = scoreOf({ best: 4, random: -1 }, values);
      const scaled = values.map((value) => value * scale);
      expect(scoreOf({ best: 4 * scale, random: -scale }, scaled).score).toBeCloseTo(score, 6);
    }),
  );
});

test("learners are compared seed by seed", () => {
  // The seeds differ a lot, the learners by 0.1 on each of them.
  const reference = [0, 0.5, 1, 0.2, 0.9, 0.4];
  const better = reference.map((score) => score + 0.1);
  expect(compare(better, reference)).toMatchObject({ verdict: "better" });
  expect(compare(better, reference).difference.mean).toBeCloseTo(0.1, 12);
  expect(compare(reference, better).verdict).toBe("worse");
  expect(compare([1, 0, 1, 0], [0, 1, 0, 1]).verdict).toBe("tied");
  expect(compare(reference, reference)).toEqual({
    difference: { mean: 0, low: 0, high: 0 },
    verdict: "tied",
  });
});

const experiment: Experiment = {
  name: "hand-made",
  question: "What is a result?",
  episodes: 5,
  seeds: 2,
  best: 1,
  random: 0,
  create: () => {
    throw new Error("not needed");
  },
};
const done = (level: number): TaskOutcome => ({ status: "done", returns: new Array(5).fill(level) });
const runsOf = (learner: string, outcomes: readonly TaskOutcome[]) =>
  outcomes.map((outcome, seed) => ({ task: { experiment: "hand-made", learner, seed }, outcome }));

test("the best learner, and those that cannot be told from it, are named", () => {
  const result = summarizeRuns(
    experiment,
    [
      ...runsOf("low", [done(0.1), done(0.3)]),
      ...runsOf("high", [done(0.4), done(0.9)]),
      ...runsOf("alike", [done(0.5), done(0.7)]),
    ],
    "low",
  );
  expect(result.bestOrTied).toEqual(["high", "alike"]);
  expect(result.learners.map(({ score }) => score?.mean)).toEqual([
    expect.closeTo(0.2, 12),
    expect.closeTo(0.65, 12),
    expect.closeTo(0.6, 12),
  ]);
  expect(result.learners.map(({ comparison }) => comparison?.verdict)).toEqual([
    undefined,
    "better",
    "better",
  ]);
});

test("what was skipped or failed on one seed has no result, and is no reference", () => {
  const result = summarizeRuns(
    experiment,
    [
      ...runsOf("absent", [{ status: "skipped", reason: "not here" }, done(1)]),
      ...runsOf("faulty", [done(1), { status: "failed", reason: "it broke" }]),
      ...runsOf("sound", [done(0.5), done(0.5)]),
    ],
    "absent",
  );
  const [absent, faulty, sound] = result.learners;
  expect(absent).toEqual({ learner: "absent", seeds: [], skipped: "not here" });
  expect(faulty).toEqual({ learner: "faulty", seeds: [], failed: "seed 1: it broke" });
  expect(sound?.score?.mean).toBeCloseTo(0.5, 12);
  expect(sound?.comparison).toBeUndefined();
  expect(result.reference).toBeUndefined();
  expect(result.bestOrTied).toEqual(["sound"]);
});

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { learningCurve } from "./plots/learning-curve.js";
import { colorOf } from "./plots/palette.js";
import { summaryChart } from "./plots/summary-chart.js";
import { writePlots } from "./plots/write-plots.js";
import { summarizeRuns } from "./results.js";
import type { TaskOutcome } from "./task.js";
import { experiments } from "./tiny-experiments.js";

const [twoArms] = experiments;
const run = (learner: string, seed: number, outcome: TaskOutcome) => ({
  task: { experiment: "two-arms", learner, seed },
  outcome,
});
const rising = (late: number): TaskOutcome => ({
  status: "done",
  returns: Array.from({ length: 30 }, (_, i) => (i >= late ? 1 : 0)),
});
const result = summarizeRuns(
  twoArms!,
  [
    ...[run("plain", 0, rising(5)), run("plain", 1, rising(9))],
    ...[run("static", 0, rising(30)), run("static", 1, rising(30))],
    ...[run("vw", 0, { status: "skipped", reason: "no <Python>" })],
  ],
  "plain",
);

test("a curve shows the learners that have a result, and no others", () => {
  const svg = learningCurve(result);
  expect(svg).toContain(">plain<");
  expect(svg).toContain(">static<");
  expect(svg).not.toContain(">vw<");
  expect(svg?.match(/<polyline/gu)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity/u);
  const none = summarizeRuns(twoArms!, [run("vw", 0, { status: "skipped", reason: "no Python" })], "plain");
  expect(learningCurve(none)).toBeUndefined();
});

test("the summary shows every learner, with what was skipped as skipped", () => {
  const svg = summaryChart([result]);
  expect(svg).toContain(">skipped<");
  expect(svg.match(/<rect/gu)).toHaveLength(1 + 2);
  expect(svg).toContain(">−1.00<");
  expect(svg).not.toMatch(/NaN|Infinity/u);
});

test("a learner keeps its colour whichever others are shown", () => {
  expect(colorOf("static", "plain")).toBe(colorOf("static", undefined));
  expect(colorOf("plain", "plain")).not.toBe(colorOf("static", "plain"));
});

test("each plot is written as SVG and as PNG", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jitrl-plots-"));
  try {
    expect(await writePlots(join(folder, "new"), [result])).toBe(4);
    const files = (await readdir(join(folder, "new"))).sort();
    expect(files).toEqual(["summary.png", "summary.svg", "two-arms.png", "two-arms.svg"]);
    const png = await readFile(join(folder, "new", "two-arms.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

import { expect, test } from "vitest";
import { movingAverage, svgChart, textChart } from "../src/index.js";

const rising = { name: "learner", values: [0, 1, 2, 3, 4] };

test("a text chart keeps to its width and shows each series by its mark", () => {
  const chart = textChart([rising, { name: "static", values: [1, 1, 1, 1, 1] }], {
    title: "Score",
    xLabel: "episode",
    width: 60,
    height: 8,
  });
  const lines = chart.split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines[0]).toBe("Score");
  expect(lines[1]?.trimEnd().endsWith("*")).toBe(true);
  expect(lines.at(-1)?.trim()).toBe("* learner   o static");
});

test("a chart of one value, or of equal ones, is drawn", () => {
  expect(textChart([{ name: "one", values: [3] }], { title: "t", xLabel: "x" })).toContain("*");
  expect(svgChart([{ name: "flat", values: [2, 2] }], { title: "t", xLabel: "x" })).not.toContain("NaN");
});

test("an SVG chart holds every line, its band and escaped names", () => {
  const svg = svgChart(
    [{ ...rising, name: "a < b", band: { low: [0, 0, 1, 2, 3], high: [1, 2, 3, 4, 5] } }],
    {
      title: "Score",
      xLabel: "episode",
    },
  );
  expect(svg).toContain("<polyline");
  expect(svg).toContain("<polygon");
  expect(svg).toContain("a &lt; b");
  expect(svg).not.toContain("NaN");
});

test("a moving average looks back over its window", () => {
  expect(movingAverage([0, 2, 4, 6], 2)).toEqual([0, 1, 3, 5]);
});

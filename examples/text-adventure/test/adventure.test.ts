import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { curveOf, estimate } from "../src/statistics.js";
import { zork } from "./story-files.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adventure-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command as `npm run adventure` starts it. */
async function adventure(...args: string[]): Promise<{ code: number; output: string }> {
  const command = [
    "--conditions=@jitrl/source",
    "--import",
    "tsx",
    "examples/text-adventure/src/main.ts",
    ...args,
  ];
  return promisify(execFile)(process.execPath, command, { cwd: root }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, output: stderr }),
  );
}

describe.skipIf(!zork)("with the story of Zork I", () => {
  test("the same seeds give the same scores, by all learners, with and without the cache", async () => {
    const run = async (name: string) => {
      const files = [
        "--json",
        join(folder, `${name}.json`),
        "--svg",
        join(folder, `${name}.svg`),
        "--cache",
        join(folder, "actions.jsonl"),
      ];
      const { code, output } = await adventure(
        "--episodes",
        "3",
        "--steps",
        "12",
        "--seeds",
        "2",
        "--learner",
        "static,adaptive,plain,normalized",
        ...files,
      );
      expect(code).toBe(0);
      return { output, ...JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) };
    };
    const cold = await run("cold");
    const warm = await run("warm");
    expect(
      cold.runs.map(({ learner, seed }: { learner: string; seed: number }) => `${learner} ${seed}`),
    ).toEqual(
      ["static", "adaptive", "plain", "normalized"].flatMap((learner) => [`${learner} 1`, `${learner} 2`]),
    );
    expect(warm.runs).toEqual(cold.runs);
    expect(cold.output).toContain("last five episodes");
    expect(
      cold.output.split("\n").filter((line: string) => [...line].length > 80 && !line.includes(folder)),
    ).toEqual([]);
    expect(await readFile(join(folder, "cold.svg"), "utf8")).toContain("<polyline");
  });
});

test("without a story it says where one can be had", async () => {
  const { code, output } = await adventure("--story", join(folder, "none.z3"));
  expect(code).toBe(2);
  expect(output).toContain("There is no story at");
  expect(output).toContain("MIT");
});

test("a file that is no story, and options out of range, are refused with what was expected", async () => {
  const notAStory = await adventure("--story", join(root, "package.json"));
  expect(notAStory).toMatchObject({ code: 2 });
  expect(notAStory.output).toContain("expected a Z-machine story");
  expect((await adventure("--episodes", "0")).output).toContain("--episodes");
  expect((await adventure("--learner", "magic")).output).toContain("magic");
});

test("intervals hold the mean and shrink to it without spread", () => {
  const spread = estimate([1, 2, 3, 4, 10]);
  expect(spread.mean).toBe(4);
  expect(spread.low).toBeLessThan(4);
  expect(spread.high).toBeGreaterThan(4);
  expect(estimate([3, 3, 3])).toEqual({ mean: 3, low: 3, high: 3 });
  expect(
    curveOf([
      [1, 2],
      [3, 2],
    ]),
  ).toMatchObject({ values: [2, 2], band: { high: [3, 2] } });
});

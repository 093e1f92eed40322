import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tiny = fileURLToPath(new URL("./tiny-experiments.ts", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jitrl-learn-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The command, as `npm run learn` starts it, with the tiny experiments. */
function learn(args: readonly string[], onProgress?: (interrupt: () => void) => void): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=@jitrl/source",
      "--import",
      "tsx",
      "test/learning/main.ts",
      "--experiments",
      tiny,
      ...args,
    ],
    // An interpreter that is not there, wherever this runs.
    {
      cwd: root,
      env: { ...process.env, PYTHON: join(folder, "no-python") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
    onProgress?.(() => child.kill("SIGINT"));
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, errors }));
  });
}

test("runs the seeds that are asked for", async () => {
  const file = join(folder, "seeds.json");
  const args = ["--only", "two-arms", "--learner", "static", "--seeds", "2", "--from", "7", "--json", file];
  expect(await learn(args)).toMatchObject({ code: 0 });
  expect(JSON.parse(await readFile(file, "utf8")).experiments[0].learners[0].seeds).toEqual([7, 8]);
  expect(await learn(["--from", "x"])).toMatchObject({
    code: 2,
    errors: expect.stringContaining("Expected --from to be an integer of at least 0"),
  });
});

test("a run writes a table, the same results with any number of workers, and skips what is not there", async () => {
  const args = ["--only", "two-arms", "--returns", "--reference", "static"];
  const [one, two] = await Promise.all(
    ["1", "2"].map((workers) =>
      learn([...args, "--workers", workers, "--json", join(folder, `${workers}.json`)]),
    ),
  );
  expect(one?.errors).toMatch(/\b(\d+)\/\1 runs/u);
  expect(one?.code).toBe(0);
  expect(two?.output.replaceAll("2.json", "1.json")).toBe(one?.output);
  const json = await readFile(join(folder, "1.json"), "utf8");
  expect(await readFile(join(folder, "2.json"), "utf8")).toBe(json);

  const report = JSON.parse(json);
  expect(report).toMatchObject({ node: process.version, settings: { reference: "static" } });
  const [experiment] = report.experiments;
  expect(experiment).toMatchObject({ name: "two-arms", episodes: 30, best: 1, random: 0.5 });
  const named = (name: string) =>
    experiment.learners.find((one: { learner: string }) => one.learner === name);
  // The model's arm pays nothing: a score of −1.
  expect(named("static")).toMatchObject({ seeds: [0, 1, 2], scores: [-1, -1, -1], score: { mean: -1 } });
  expect(named("static").returns).toEqual(new Array(3).fill(new Array(30).fill(0)));
  expect(named("linucb").comparison.verdict).toBe("better");
  expect(named("vw").skipped).toContain("pip install vowpalwabbit");
  expect(named("vw")).toMatchObject({ seeds: [], scores: [] });
  expect(named("vw").score).toBeUndefined();
  expect(experiment.bestOrTied).not.toContain("vw");

  expect(one?.output).toContain("Does it leave the arm that the model likes");
  expect(one?.output).toMatch(/vw +skipped: Vowpal Wabbit needs Python/u);
  expect(one?.output.split("\n").every((line) => line.length <= 100)).toBe(true);
});

test("a run that fails is no result, and the command says so at the end", async () => {
  const file = join(folder, "broken.json");
  const { code, output, errors } = await learn([
    ...["--only", "broken", "--learner", "static,cache", "--workers", "1", "--json", file],
  ]);
  expect(code).toBe(1);
  expect(errors).toContain("the second seed has no world");
  expect(output).toContain("FAILED");
  const [experiment] = JSON.parse(await readFile(file, "utf8")).experiments;
  expect(experiment.bestOrTied).toEqual([]);
  for (const learner of experiment.learners) expect(learner).toMatchObject({ seeds: [], scores: [] });
});

test("Ctrl-C ends the workers and writes nothing", async () => {
  const file = join(folder, "stopped.json");
  const args = ["--only", "endless", "--learner", "static,cache", "--workers", "1", "--json", file];
  const { code, errors } = await learn(args, (interrupt) => interrupt());
  expect(code).toBe(130);
  expect(errors).toContain("Stopped after 0 of 2 runs; nothing was written.");
  expect(existsSync(file)).toBe(false);
});

test("mistakes in the arguments are told with the usage", async () => {
  const [unknown, list] = await Promise.all([learn(["--learner", "genius"]), learn(["--list"])]);
  expect(unknown?.code).toBe(2);
  expect(unknown?.errors).toMatch(/--learner to be of static, .*found "genius"/u);
  expect(unknown?.errors).toContain("npm run learn -- [options]");
  expect(list).toMatchObject({ code: 0 });
  expect(list?.output).toContain("two-arms");
});

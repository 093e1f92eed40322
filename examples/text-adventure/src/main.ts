import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { movingAverage, Progress, type Series, svgChart, textChart } from "@jitrl/example-charts";
import { chatModelFromKeys } from "@jitrl/example-models";
import { ActionFile } from "./action-cache.js";
import { Environment } from "./environment.js";
import { playEpisodes } from "./experiment.js";
import { modelPrior } from "./model-prior.js";
import { type Learner, learners, settings, uniformPrior } from "./player.js";
import { curveOf, estimate, meanOf } from "./statistics.js";
import { Story } from "./story.js";
import { FINDER_VERSION } from "./valid-actions.js";

const usage = `npm run adventure -- [options]
  --story PATH       a Z-machine story of version 3    (../shared/games/zork1/zork1.z3)
  --episodes N       episodes a run                    (50)
  --steps N          most commands an episode          (60)
  --seeds N          runs of each learner              (1)
  --learner NAMES    ${learners.join(", ")}, or several with commas (static,adaptive)
  --k N              neighbours of plain and normalized (${settings.k})
  --prior NAME       uniform, or model: the chat model that there is a key for (uniform)
  --json FILE        write all scores and settings there
  --svg FILE         write the learning curve there    (examples/text-adventure/.jitrl/curve.svg)
  --cache FILE       where valid actions are remembered`;

const folder = fileURLToPath(new URL("../.jitrl/", import.meta.url));
const root = fileURLToPath(new URL("../../../", import.meta.url));
const options = readOptions();

const file = await readFile(options.story).catch(() =>
  stop(`There is no story at ${options.story}.

Zork I is under the MIT licence since 2025: build or get zork1.z3 from the repository historicalsource/zork1
on GitHub, then say where it is with --story PATH. Any other version 3 story with a score plays as well.`),
);
const environment = openEnvironment(file);
const candidates = options.prior === "model" ? modelPrior(await modelOrStop()) : uniformPrior;

const started = Date.now();
const runs: { learner: Learner; seed: number; scores: number[] }[] = [];
for (const learner of options.learners) {
  for (let seed = 1; seed <= options.seeds; seed++) {
    const progress = new Progress(`${learner.padEnd(10)} seed ${seed}`, options.episodes);
    const soFar: number[] = [];
    const onEpisode = (score: number) => {
      soFar.push(score);
      progress.show(soFar.length, `score ${score}, mean ${meanOf(soFar).toFixed(1)}`);
    };
    const { episodes, steps, k } = options;
    runs.push({
      learner,
      seed,
      scores: await playEpisodes(environment, {
        learner,
        seed,
        episodes,
        steps,
        k,
        prior: candidates,
        onEpisode,
      }),
    });
  }
}

const summary = options.learners.map((learner) => {
  const scores = runs.filter((run) => run.learner === learner).map((run) => run.scores);
  return {
    learner,
    average: estimate(scores.map(meanOf)),
    lastFive: estimate(scores.map((run) => meanOf(run.slice(-5)))),
    curve: curveOf(scores.map((run) => movingAverage(run, 5))),
  };
});
const series: Series[] = summary.map(({ learner, curve }) => ({
  name: learner,
  values: curve.values,
  ...(options.seeds > 1 ? { band: curve.band } : {}),
}));
const over = options.seeds === 1 ? "1 seed" : `${options.seeds} seeds, 95 % intervals`;
const chart = { title: `Score, mean of the last five episodes (${over})`, xLabel: "episode" };
const curvePath = resolve(options.svg);
await save(curvePath, svgChart(series, chart));
if (options.json) {
  const seconds = (Date.now() - started) / 1000;
  const { episodes, steps, seeds, k, prior } = options;
  await save(
    resolve(options.json),
    `${JSON.stringify({ story: { checksum: Story.open(file).checksum }, episodes, steps, seeds, prior, settings: { ...settings, k }, seconds, summary: summary.map(({ curve: _, ...rest }) => rest), runs }, null, 2)}\n`,
  );
}

const interval = ({ mean, low, high }: { mean: number; low: number; high: number }) =>
  options.seeds > 1
    ? `${mean.toFixed(1).padStart(6)} [${low.toFixed(1)}, ${high.toFixed(1)}]`
    : mean.toFixed(1).padStart(6);
console.log(`
${"learner".padEnd(12)}${"average score".padStart(20)}${"last five episodes".padStart(24)}
${summary.map(({ learner, average, lastFive }) => `${learner.padEnd(12)}${interval(average).padStart(20)}${interval(lastFive).padStart(24)}`).join("\n")}

${textChart(series, chart)}

The curve as a picture: ${relative(process.cwd(), curvePath)}`);

function readOptions() {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: {
      story: { type: "string" },
      episodes: { type: "string", default: "50" },
      steps: { type: "string", default: "60" },
      seeds: { type: "string", default: "1" },
      learner: { type: "string", default: "static,adaptive" },
      k: { type: "string", default: String(settings.k) },
      prior: { type: "string", default: "uniform" },
      json: { type: "string" },
      svg: { type: "string" },
      cache: { type: "string", default: resolve(folder, "actions.jsonl") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const from = process.env.INIT_CWD ?? process.cwd();
  const positive = (name: "episodes" | "steps" | "seeds" | "k") => {
    const number = Number(values[name]);
    return Number.isInteger(number) && number >= 1
      ? number
      : stop(`Expected --${name} to be an integer of at least 1, found ${values[name]}.\n\n${usage}`);
  };
  const chosen = values.learner
    .split(",")
    .map(
      (name) =>
        learners.find((learner) => learner === name) ??
        stop(`Expected --learner to be of ${learners.join(", ")}, found ${name}.`),
    );
  if (values.prior !== "uniform" && values.prior !== "model")
    stop(`Expected --prior to be uniform or model, found ${values.prior}.`);
  return {
    story:
      values.story === undefined
        ? resolve(root, "../shared/games/zork1/zork1.z3")
        : resolve(from, values.story),
    episodes: positive("episodes"),
    steps: positive("steps"),
    seeds: positive("seeds"),
    k: positive("k"),
    learners: chosen,
    prior: values.prior,
    json: values.json === undefined ? undefined : resolve(from, values.json),
    svg: values.svg === undefined ? resolve(folder, "curve.svg") : resolve(from, values.svg),
    cache: resolve(from, values.cache),
  };
}

function openEnvironment(story: Uint8Array): Environment {
  try {
    return new Environment(story, {
      cache: new ActionFile(options.cache, { story: Story.open(story).checksum, finder: FINDER_VERSION }),
    });
  } catch (error) {
    return stop(`${options.story}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function modelOrStop() {
  const found = await chatModelFromKeys(process.env);
  return found?.model ?? stop("--prior model needs OPENAI_API_KEY or GOOGLE_API_KEY in the environment.");
}

async function save(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

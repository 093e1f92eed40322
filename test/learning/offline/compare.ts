// Compares evaluateOffline with the Open Bandit Pipeline on the same logs, and writes test/vectors/offline-obp.json:
// node scripts/run.mjs test/learning/offline/compare.ts PYTHON   (a Python that has obp: see figures.py)
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { seededRandom, softmax } from "@jitrl/core";
import { evaluateOffline } from "@jitrl/core/offline";
import { ACTIONS, createWorld, draw, gaussian } from "../../../packages/core/test/offline-world.js";
import { answer, episodesOf, type ObpVectors, roundsOf, TARGETS, VECTORS } from "./obp-vectors.js";

const DECISIONS = 400;

const [python] = process.argv.slice(2);
if (!python) {
  console.error("Usage: compare.ts PYTHON   (with obp: pip install obp==0.5.7 matplotlib==3.6.3)");
  process.exit(2);
}
const world = createWorld(7);
const random = seededRandom(11);
const log = Array.from({ length: DECISIONS }, (): ObpVectors["log"][number] => {
  const x = Math.floor(random() * world.situations.length);
  const probabilities = softmax(world.logits[x] ?? []);
  const a = draw(probabilities, random);
  return [
    x,
    a,
    probabilities[a] ?? 0,
    Number(((world.rewards[x]?.[a] ?? 0) + gaussian(random) / 2).toFixed(4)),
  ];
});
const vectors = {
  situations: [...world.situations],
  actions: [...ACTIONS],
  logits: world.logits.map((logits) => [...logits]),
  log,
};
const episodes = episodesOf(vectors);
const evaluations = await Promise.all(
  Object.entries(TARGETS).map(async ([name, target]) => ({
    name,
    ours: await evaluateOffline(episodes, target, { minEffectiveEpisodes: 2 }),
  })),
);
const rounds = Object.fromEntries(evaluations.map(({ name, ours }) => [name, roundsOf(ours.steps)]));
const script = fileURLToPath(new URL("figures.py", import.meta.url));
const output = execFileSync(python, [script], { input: JSON.stringify(rounds), maxBuffer: 2 ** 26 });
const { library, figures } = answer.parse(JSON.parse(output.toString()));

let worst = 0;
for (const { name, ours } of evaluations) {
  if (ours.status === "refused") throw new Error(`${name}: ${ours.refusals[0]?.message}`);
  for (const estimator of ["ips", "snips", "dr"] as const) {
    const theirs = figures[name]?.[estimator];
    if (!theirs) throw new Error(`${name}: no ${estimator} came back`);
    worst = Math.max(worst, Math.abs(theirs.value - ours[estimator].value));
    const shown = ({ value, low, high }: { value: number; low: number; high: number }) =>
      `${value.toFixed(6)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
    console.log(`${name} ${estimator}: ours ${shown(ours[estimator])}, obp ${shown(theirs)}`);
  }
}
console.log(`Largest difference of an estimate: ${worst.toExponential(1)}`);
const lines = Object.entries({ library, figures, ...vectors }).map(([key, value]) => {
  if (key !== "log") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  return `  "log": [\n${log.map((row) => `    ${JSON.stringify(row)}`).join(",\n")}\n  ]`;
});
writeFileSync(VECTORS, `{\n${lines.join(",\n")}\n}\n`);
process.exitCode = worst < 1e-9 ? 0 : 1;

import { parseArgs } from "node:util";
import { meanOf } from "../../examples/text-adventure/src/statistics.js";
import { experiments } from "./experiments/index.js";
import { type JitrlOptions, jitrlLearner } from "./learners/jitrl-learner.js";
import { runExperiment } from "./run-experiment.js";
import { scoreOf } from "./score.js";

/** The defaults, and one setting changed at a time. */
const variants: Readonly<Record<string, JitrlOptions>> = {
  "the defaults": {},
  "beta 0.5": { policy: { beta: 0.5 } },
  "beta 3": { policy: { beta: 3 } },
  "explorationBonus 0": { policy: { explorationBonus: 0 } },
  "explorationBonus 1": { policy: { explorationBonus: 1 } },
  "explorationBonus 4": { policy: { explorationBonus: 4 } },
  "explorationProbability 0.5": { policy: { explorationProbability: 0.5 } },
  "k 10": { policy: { k: 10 } },
  "k 30": { policy: { k: 30 } },
  "minSimilarity 0.3": { policy: { minSimilarity: 0.3 } },
  "minSimilarity 0.7": { policy: { minSimilarity: 0.7 } },
  "minEvidence 3": { policy: { minEvidence: 3 } },
  "gamma 0.5": { memory: { gamma: 0.5 } },
  "gamma 1": { memory: { gamma: 1 } },
};

const { values: options } = parseArgs({
  options: {
    // Seeds that had no part in choosing the defaults.
    from: { type: "string", default: "100" },
    seeds: { type: "string", default: "6" },
    only: { type: "string" },
  },
});
const from = Number(options.from);
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => from + i);
const chosen = options.only
  ? options.only.split(",").map((name) => experiments.find((one) => one.name === name))
  : experiments.filter(({ name }) => name !== "zork1" && name !== "support-desk");

console.log(`Scores from 0 (random) to 1 (best); means of the seeds ${seeds[0]} to ${seeds.at(-1)}.`);
for (const experiment of chosen) {
  if (!experiment) throw new Error(`Expected the names of experiments, found ${options.only}.`);
  console.log(`\n${experiment.name}`);
  for (const [name, settings] of Object.entries(variants)) {
    const scores: number[] = [];
    for (const seed of seeds) {
      const returns = await runExperiment(experiment, jitrlLearner(name, name, settings), seed);
      scores.push(scoreOf(experiment, returns).score);
    }
    console.log(`  ${name.padEnd(28)} ${meanOf(scores).toFixed(3)}`);
  }
}

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ActionCache, ActionFile, ActionMemory } from "./action-cache.js";
import { Dice } from "./dice.js";
import { Environment } from "./environment.js";
import { Story } from "./story.js";
import { FINDER_VERSION } from "./valid-actions.js";

/** What a uniformly random choice among the valid actions came to. */
interface Measurement {
  readonly steps: number;
  /** Processor time of the whole step: observation, valid actions, command. */
  readonly millisecondsPerStep: number;
  /** Share of the states whose valid actions were known. */
  readonly hitRate: number;
  readonly meanActions: number;
  readonly meanScore: number;
  readonly highestScore: number;
  /** Episodes that ended before their last step. */
  readonly ended: number;
}

/** Counts how often a cache knows the answer. */
class CountingCache implements ActionCache {
  asked = 0;
  known = 0;
  readonly #cache: ActionCache;

  constructor(cache: ActionCache) {
    this.#cache = cache;
  }

  get(...state: Parameters<ActionCache["get"]>): readonly string[] | undefined {
    const actions = this.#cache.get(...state);
    this.asked++;
    if (actions) this.known++;
    return actions;
  }

  add(...found: Parameters<ActionCache["add"]>): void {
    this.#cache.add(...found);
  }
}

function playRandomly(file: Uint8Array, cache: ActionCache, episodes: number, steps: number): Measurement {
  const counting = new CountingCache(cache);
  const environment = new Environment(file, { cache: counting });
  const scores: number[] = [];
  let [taken, offered, ended] = [0, 0, 0];
  const start = process.cpuUsage();
  for (let episode = 0; episode < episodes; episode++) {
    const choice = new Dice(1_000_000 + episode);
    environment.reset(episode);
    for (let step = 0; step < steps && !environment.ended; step++) {
      environment.observe();
      const actions = environment.actions();
      environment.step(actions[choice.roll(actions.length) - 1] ?? "wait");
      taken++;
      offered += actions.length;
    }
    scores.push(environment.score);
    if (environment.ended) ended++;
  }
  const { user, system } = process.cpuUsage(start);
  return {
    steps: taken,
    millisecondsPerStep: (user + system) / 1000 / taken,
    hitRate: counting.known / counting.asked,
    meanActions: offered / taken,
    meanScore: scores.reduce((sum, score) => sum + score, 0) / episodes,
    highestScore: Math.max(...scores),
    ended,
  };
}

const { values } = parseArgs({
  options: {
    story: { type: "string", default: "../shared/games/zork1/zork1.z3" },
    episodes: { type: "string", default: "20" },
    steps: { type: "string", default: "60" },
    cache: { type: "string" },
  },
});
// The root of the repository, wherever the script is started from.
const root = resolve(import.meta.dirname, "../../..");
const file = readFileSync(resolve(root, values.story));
const cache = values.cache
  ? new ActionFile(resolve(root, values.cache), { story: Story.open(file).checksum, finder: FINDER_VERSION })
  : new ActionMemory();
for (const pass of ["first pass", "second pass"]) {
  console.log(pass, playRandomly(file, cache, Number(values.episodes), Number(values.steps)));
}

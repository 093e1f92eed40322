import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { words } from "@jitrl/core";
import type { ActionCache } from "../../../examples/text-adventure/src/action-cache.js";
import type { Environment as Adventure } from "../../../examples/text-adventure/src/environment.js";
import type { Environment, Experiment, Observation } from "../experiment.js";
import { draws } from "./draws.js";
import { candidatesOf, uniformLogits } from "./model-prior.js";

const settings = {
  episodes: 50,
  /** Most commands of an episode. */
  steps: 60,
  seeds: 10,
} as const;

/** Where `npm run adventure` looks, and where it remembers which commands are valid. */
const story = fileURLToPath(new URL("../../../../shared/games/zork1/zork1.z3", import.meta.url));
const actionFile = fileURLToPath(
  new URL("../../../examples/text-adventure/.jitrl/actions.jsonl", import.meta.url),
);

const experiment: Experiment = {
  name: "zork1",
  question: "How many points does it make in Zork I with a uniform prior over the valid commands?",
  episodes: settings.episodes,
  seeds: settings.seeds,
  best: 350,
  random: 0,
  async create(seed) {
    const { file, cache, Environment } = await open();
    return adventure(new Environment(file, { cache }), seed);
  },
};

/**
 * The text adventure of the examples without its graph: the same states, valid commands, seeds and uniform prior.
 * `undefined` where the story is not there. What counts are points: `best` is all that the game gives, which nobody
 * reaches in 60 commands, and `random` is 0, though playing at random, as static does here, makes about 4.
 */
export const zork1: Experiment | undefined = existsSync(story) ? experiment : undefined;

interface Opened {
  readonly file: Uint8Array;
  readonly cache: ActionCache;
  readonly Environment: typeof Adventure;
}

let opened: Promise<Opened> | undefined;

/** One cache for all runs of a process, in a file that any number of processes may share. */
function open(): Promise<Opened> {
  opened ??= load();
  return opened;
}

async function load(): Promise<Opened> {
  // Imported only when it is played: the story machine takes a while to load.
  const [{ Environment }, { ActionFile }, { Story }, { FINDER_VERSION }, file] = await Promise.all([
    import("../../../examples/text-adventure/src/environment.js"),
    import("../../../examples/text-adventure/src/action-cache.js"),
    import("../../../examples/text-adventure/src/story.js"),
    import("../../../examples/text-adventure/src/valid-actions.js"),
    readFile(story),
  ]);
  const cache = new ActionFile(actionFile, { story: Story.open(file).checksum, finder: FINDER_VERSION });
  return { file, cache, Environment };
}

function adventure(game: Adventure, seed: number): Environment {
  let steps = 0;
  let order = draws(seed, "zork1");
  const observe = (): Observation => {
    const { look, inventory } = game.observe();
    return {
      state: { features: { scene: words(`${look}\n${inventory}`) } },
      candidates: candidatesOf(uniformLogits(game.actions()), order),
    };
  };
  return {
    reset(episode) {
      steps = 0;
      order = draws(seed, "zork1", episode);
      game.reset(seed * 100_003 + episode);
      return observe();
    },
    step(action) {
      const { reward, ended } = game.step(action);
      steps++;
      return { reward, next: ended || steps >= settings.steps ? undefined : observe() };
    },
  };
}

import type { Observation, Outcome } from "../experiment.js";
import { draws, shuffled } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { candidatesOf, uniformLogits } from "./model-prior.js";
import { vocabulary } from "./texts.js";

const settings = {
  /** Steps of an episode: the treasure is behind so many right choices. */
  size: 8,
  episodes: 100,
  treasure: 1,
  /** What all right moves of an episode cost together. */
  cost: 0.01,
  /** Words that describe one place. */
  words: 5,
} as const;

/**
 * bsuite's deep sea (Osband et al. 2020) as texts: a boat sinks through eight rows; of two moves, one leads right and
 * costs a little, the other leads left and is free, and which is which differs from place to place. A treasure is
 * found only by moving right eight times: 1 of 256 paths. The prior is uniform and nothing is random but who plays.
 * It tests deep exploration. Playing at random finds the treasure in 1 of 3 runs at all; who learns that moving right
 * costs, and stops, scores 0, as static does. Q-learning in a table that hopes for 1 where it has not been scores 0.64.
 */
export const deepSea: KnownExperiment = {
  name: "deep-sea",
  question: "Does it find a reward behind eight right choices in a row, each of which costs a little?",
  episodes: settings.episodes,
  seeds: 20,
  best: settings.treasure - settings.cost,
  random: settings.treasure / 2 ** settings.size - settings.cost / 2,
  create(seed) {
    const { size, treasure, cost, words } = settings;
    const random = draws(seed, "deep-sea");
    const places = size * size;
    const names = vocabulary(random, places * words + 2);
    const common = names.slice(places * words);
    const moves = common.map((word) => `steer to the ${word}`);
    const right = Array.from({ length: places }, () => shuffled(random, moves)[0]!);
    let row: number = size;
    let column = 0;
    let candidateOrder = random;
    const place = () => {
      if (row >= size) throw new Error("the episode is over; reset the environment to start another");
      return row * size + column;
    };
    const observe = (): Observation => {
      const here = names.slice(place() * words, (place() + 1) * words);
      return {
        state: `a boat at ${here.join(" ")}`,
        candidates: candidatesOf(uniformLogits(moves), candidateOrder),
      };
    };
    return {
      reset(episode) {
        row = 0;
        column = 0;
        candidateOrder = draws(seed, "deep-sea", "order", episode);
        return observe();
      },
      step(action): Outcome {
        if (!moves.includes(action)) {
          throw new Error(`expected one of the candidates, found ${JSON.stringify(action)}`);
        }
        const goesRight = action === right[place()];
        const finds = goesRight && column === size - 1;
        const reward = (finds ? treasure : 0) - (goesRight ? cost / size : 0);
        column = goesRight ? Math.min(column + 1, size - 1) : Math.max(column - 1, 0);
        row++;
        return { reward, next: row < size ? observe() : undefined };
      },
      bestAction: () => right[place()]!,
    };
  },
};

import type { Played } from "../experiment.js";
import { draws, rounds, shuffled } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { loggedEpisode, plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  situations: 12,
  visits: 20,
  actions: ["restart", "roll back", "scale up", "page somebody"],
  /** Probability that an honest reward is the contrary of what is true. */
  noise: 0.1,
  /** Episodes that each of two honest sources brings in at the start, and the share of right actions in them. */
  honest: 24,
  skill: 0.5,
  /** Episodes that the liar brings in at the start and again half-way, and what it says of them. */
  lies: 48,
  praise: 3,
  prior: { right: 0.5, confidence: [0.4, 0.7] },
} as const;
const episodes = settings.situations * settings.visits;

/**
 * Three sources bring in episodes before the first own one. Two are honest. The third promotes one wrong action in each
 * situation, four times with a reward of 3 where the best honest one is 1, and comes back half-way with as many again.
 * Which source it is differs from seed to seed, and no name gives it away; only contradiction with the own outcomes
 * does. It tests whether one source can take a learner over, and for how long.
 * Static scores 0.33; who adds up whatever it is told is taken over for good and scores −0.33; who listens to itself alone
 * scores up to 0.89.
 */
export const poisoned: KnownExperiment = {
  name: "poisoned",
  question: "Does it stay right when one of three sources of experience lies?",
  episodes,
  seeds: 20,
  best: 1,
  random: 2 / settings.actions.length - 1,
  create(seed) {
    const random = draws(seed, "poisoned");
    const situations = new Situations(random, settings);
    const promoted = situations.right.map((_, i) => situations.wrong(i, random));
    const [liar = "", ...honest] = shuffled(random, ["north", "east", "south"]);
    const order = rounds(random, settings.situations, episodes);
    const occurrence = (situation: number, luck: ReturnType<typeof draws>) =>
      situations.occurrence(situation, luck, (action) => (action === situations.right[situation] ? 1 : -1));
    const told = (truth: number, luck: ReturnType<typeof draws>) =>
      luck() < settings.noise ? -truth : truth;

    const lies = (time: number): Played[] => {
      const luck = draws(seed, "poisoned", "lies", time);
      return rounds(luck, settings.situations, settings.lies).map((situation) =>
        loggedEpisode([occurrence(situation, luck)], [promoted[situation]!], [settings.praise], liar),
      );
    };
    const honestLogs = (source: string): Played[] => {
      const luck = draws(seed, "poisoned", source);
      return rounds(luck, settings.situations, settings.honest).map((situation) => {
        const here = occurrence(situation, luck);
        const action = luck() < settings.skill ? here.best : situations.wrong(situation, luck);
        return loggedEpisode([here], [action], [told(here.worth(action, []), luck)], source);
      });
    };
    return plannedEnvironment({
      cases: (episode) => [occurrence(order[episode]!, draws(seed, "poisoned", episode))],
      judge: ({ episode, rewards }) =>
        rewards.map((truth) => told(truth, draws(seed, "poisoned", "noise", episode))),
      imported(episode) {
        if (episode === 0) {
          const all = [...honest.flatMap(honestLogs), ...lies(episode)];
          return shuffled(draws(seed, "poisoned", "imports"), all);
        }
        return episode === episodes / 2 ? lies(episode) : [];
      },
    });
  },
};

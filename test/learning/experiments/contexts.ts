import { draws, normal, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  situations: 50,
  /** Each situation comes equally often. */
  visits: 8,
  actions: ["refund", "replace", "escalate", "decline"],
  /** Satisfaction of the customer, 0 to 10, by how far the action is from the right one in the list. */
  worths: [8, 5, 3, 2],
  /** Standard deviation of what learners are told. */
  noise: 1.5,
  prior: { right: 0.4, confidence: [0.4, 0.8] },
} as const;
const episodes = settings.situations * settings.visits;

/**
 * Fifty situations, each told by five words among noise words, with an answer of its own: eight visits to learn it.
 * It tests whether a learner tells situations apart by the words that matter and learns each from few, noisy ratings.
 * Who knows no situations, such as one bandit over all of them, scores 0; static scores 0.2.
 */
export const contexts: KnownExperiment = {
  name: "contexts",
  question: "Does it learn what is right in each of 50 situations described by words among noise words?",
  episodes,
  seeds: 20,
  best: 8,
  random: 4.5,
  create(seed) {
    const random = draws(seed, "contexts");
    const situations = new Situations(random, settings);
    const order = rounds(random, settings.situations, episodes);
    const { worths } = settings;
    const actions: readonly string[] = settings.actions;
    return plannedEnvironment({
      cases(episode) {
        const situation = order[episode]!;
        const right = actions.indexOf(situations.right[situation]!);
        const worth = (action: string) => {
          const at = actions.indexOf(action);
          return worths[(at - right + actions.length) % actions.length]!;
        };
        return [situations.occurrence(situation, draws(seed, "contexts", episode), worth)];
      },
      judge: ({ episode, rewards }) =>
        rewards.map((reward) => reward + settings.noise * normal(draws(seed, "contexts", "noise", episode))),
    });
  },
};

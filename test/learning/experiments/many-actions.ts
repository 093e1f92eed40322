import { draws, normal, rounds, shuffled } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { candidatesOf } from "./model-prior.js";
import { plannedEnvironment } from "./planned-environment.js";
import { describeSituations, vocabulary } from "./texts.js";

const settings = {
  candidates: 200,
  situations: 4,
  visits: 75,
  /** Worth in euros of the actions that are worth anything; all others are worth 0. */
  worths: [0.01, 0.009, 0.0085, 0.008, 0.0075, 0.007, 0.0065, 0.006, 0.0055, 0.005],
  /** Standard deviation of what learners are told. */
  noise: 0.002,
  /** How much more likely, in logits of standard deviation 1, the model takes an action that is worth something. */
  lift: 1,
} as const;
const episodes = settings.situations * settings.visits;

/**
 * Two hundred candidates, ten of them good, 75 visits to each situation, and rewards of at most a cent. The model's
 * logits say a little: a good action is 2.7 times as likely as another one of equal luck.
 * It tests whether exploration is guided by the prior, since there is no time to try everything, and whether learning
 * works at a small scale of rewards. Who tries every candidate once never comes to use what it found: 0.1 or less.
 * Static scores about 0.25, by luck of the seed; who weighs both the prior and what it was told, 0.65.
 */
export const manyActions: KnownExperiment = {
  name: "many-actions",
  question: "Does it find good ones among 200 candidates before it has tried them all?",
  episodes,
  seeds: 20,
  best: settings.worths[0],
  random: settings.worths.reduce((sum, worth) => sum + worth, 0) / settings.candidates,
  create(seed) {
    const random = draws(seed, "many-actions");
    const describe = describeSituations(random, settings.situations);
    const actions = vocabulary(random, settings.candidates).map((word) => `offer ${word}`);
    const order = rounds(random, settings.situations, episodes);
    const situations = Array.from({ length: settings.situations }, () => {
      const ranked = shuffled(random, actions);
      const worths = new Map(ranked.map((action, i) => [action, settings.worths[i] ?? 0]));
      const logits = new Map(
        [...worths].map(([action, worth]) => [action, normal(random) + (worth > 0 ? settings.lift : 0)]),
      );
      return { best: ranked[0]!, worths, logits };
    });
    return plannedEnvironment({
      cases(episode) {
        const situation = order[episode]!;
        const { best, worths, logits } = situations[situation]!;
        const occurrence = draws(seed, "many-actions", episode);
        return [
          {
            state: describe(situation, occurrence),
            candidates: candidatesOf(logits, occurrence),
            best,
            worth: (action) => worths.get(action)!,
          },
        ];
      },
      judge: ({ episode, rewards }) =>
        rewards.map(
          (reward) => reward + settings.noise * normal(draws(seed, "many-actions", "noise", episode)),
        ),
    });
  },
};

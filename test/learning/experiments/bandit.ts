import { draws, normal, pickOne, shuffled } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { candidatesOf, modelLogits } from "./model-prior.js";
import { plannedEnvironment } from "./planned-environment.js";
import { describeSituations, usualTexts } from "./texts.js";

const settings = {
  episodes: 200,
  /** What the arms are worth, in an order of each seed's own. */
  worths: [-1, -0.6, -0.2, 0.2, 0.6, 1],
  /** Standard deviation of what learners are told. */
  noise: 0.5,
  /** The model likes one of so many of the worst arms best… */
  worst: 2,
  /** … with this probability. */
  confidence: 0.8,
};

const arms = settings.worths.map((_, i) => `pull arm ${"ABCDEF"[i]}`);

/**
 * One situation, six arms, rewards whose noise is larger than the step from one arm to the next, and a model that is
 * sure of one of the two worst. It tests whether evidence overcomes a confident prior, at what price of trying, and
 * whether noise misleads. The score counts true worth over all episodes, as bsuite's regret does.
 * Static scores −0.8; one that tries each arm a few times and then stays with the best reaches 0.9.
 */
export const bandit: KnownExperiment = {
  name: "bandit",
  question: "Does it find the best of six noisy arms although the model is sure of a bad one?",
  episodes: settings.episodes,
  seeds: 20,
  best: 1,
  random: 0,
  create(seed) {
    const random = draws(seed, "bandit");
    const describe = describeSituations(random, 1, usualTexts);
    const ranked = shuffled(random, arms);
    const worthOf = new Map(ranked.map((arm, i) => [arm, settings.worths[i]!]));
    const favourite = pickOne(random, ranked.slice(0, settings.worst));
    const logits = modelLogits(random, arms, favourite, settings.confidence);
    const best = ranked.at(-1)!;
    return plannedEnvironment({
      cases(episode) {
        const occurrence = draws(seed, "bandit", "episode", episode);
        return [
          {
            state: describe(0, occurrence),
            candidates: candidatesOf(logits, occurrence),
            best,
            worth: (arm) => worthOf.get(arm)!,
          },
        ];
      },
      judge: ({ episode, rewards }) =>
        rewards.map((reward) => reward + settings.noise * normal(draws(seed, "bandit", "noise", episode))),
    });
  },
};

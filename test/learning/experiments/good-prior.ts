import { draws, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  situations: 100,
  /** Each situation comes so often, so that evidence on it stays small. */
  visits: 4,
  actions: ["approve", "reject", "ask back", "forward"],
  /** Probability that a right action fails, and that a wrong one succeeds. */
  noise: 0.25,
  /** Right in 95 of the 100 situations, and less sure where it is wrong. */
  prior: { right: 0.95, confidence: [0.6, 0.95], confidenceIfWrong: [0.4, 0.7] },
} as const;
const episodes = settings.situations * settings.visits;

/**
 * The model is right in 95 of 100 situations, and nobody else knows better: in each there are 0 to 3 past outcomes,
 * told as success (+1) or failure (−1), and one in four misleads. It tests whether a learner leaves a good choice alone
 * in spite of one unlucky neighbour, and does not try what is unlikely only because it is new.
 * Worth is 1 for right and 0 for wrong, so returns are shares of right answers: static earns just 0.95 in every seed,
 * a score of 0.933. Every situation comes equally often and luck counts in no score, so that intervals stay below 0.01.
 */
export const goodPrior: KnownExperiment = {
  name: "good-prior",
  question:
    "Does it leave a model alone that is right 95 % of the time, in spite of few and unlucky neighbours?",
  episodes,
  seeds: 20,
  best: 1,
  random: 1 / settings.actions.length,
  create(seed) {
    const random = draws(seed, "good-prior");
    const situations = new Situations(random, settings);
    const order = rounds(random, settings.situations, episodes);
    return plannedEnvironment({
      cases(episode) {
        const situation = order[episode]!;
        const worth = (action: string) => (action === situations.right[situation] ? 1 : 0);
        return [situations.occurrence(situation, draws(seed, "good-prior", episode), worth)];
      },
      judge: ({ episode, rewards }) =>
        rewards.map((reward) => {
          const misleads = draws(seed, "good-prior", "noise", episode)() < settings.noise;
          return (reward === 1) === misleads ? -1 : 1;
        }),
    });
  },
};

import { draws, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  situations: 8,
  /** Of each situation, before the change and again after it. */
  visits: 20,
  actions: ["ship by road", "ship by rail", "ship by air", "hold back"],
  /** Probability that a right action fails, and that a wrong one succeeds. */
  noise: 0.1,
  /** The model knows the old world a little. */
  prior: { right: 0.5, confidence: [0.4, 0.7] },
} as const;
const half = settings.situations * settings.visits;

/**
 * Half-way, without notice, another action becomes right in every situation. Learners are told of success (1) or
 * failure (0), which misleads one time in ten. It tests whether newer evidence outweighs older, contradicting one,
 * without every single failure overturning what is well known.
 * Static scores about 0.1; who averages over all that ever was about 0.35, who forgets the old 0.6.
 */
export const drift: KnownExperiment = {
  name: "drift",
  question: "Does it learn anew when what was right becomes wrong half-way?",
  episodes: 2 * half,
  seeds: 20,
  best: 1,
  random: 1 / settings.actions.length,
  create(seed) {
    const random = draws(seed, "drift");
    const situations = new Situations(random, settings);
    const later = situations.right.map((_, i) => situations.wrong(i, random));
    const order = rounds(random, settings.situations, 2 * half);
    return plannedEnvironment({
      cases(episode) {
        const situation = order[episode]!;
        const right = (episode < half ? situations.right : later)[situation]!;
        const worth = (action: string) => (action === right ? 1 : 0);
        return [situations.occurrence(situation, draws(seed, "drift", episode), worth, right)];
      },
      judge: ({ episode, rewards }) =>
        rewards.map((reward) =>
          draws(seed, "drift", "noise", episode)() < settings.noise ? 1 - reward : reward,
        ),
    });
  },
};

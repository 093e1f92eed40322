import { draws, normal } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  /** Steps of the one job that there is, each a situation of its own. */
  situations: 5,
  actions: ["search", "read", "summarize", "translate"],
  episodes: 80,
  /** What each right step adds to a rating of 0 to 10. */
  share: 2,
  /** Standard deviation of the rating before it is rounded. */
  noise: 1,
  prior: { right: 0.4, confidence: [0.4, 0.7] },
} as const;

/**
 * A job of five steps, after which an evaluator who sees nothing but the result gives one number of about 0 to 10:
 * 2 for each step that was right, and some noise. The other steps are judged by nobody.
 * It tests whether a learner finds out which of its steps made the difference, when all that it is told is the sum.
 * Ratings are never negative: who takes any rating above 0 as praise of every step stays where it starts. Static
 * scores 0.2.
 */
export const judgeOnly: KnownExperiment = {
  name: "judge-only",
  question: "Does it learn five steps from one rating of the result at the end?",
  episodes: settings.episodes,
  seeds: 20,
  best: settings.situations * settings.share,
  random: (settings.situations * settings.share) / settings.actions.length,
  create(seed) {
    const situations = new Situations(draws(seed, "judge-only"), settings);
    return plannedEnvironment({
      cases(episode) {
        const occurrence = draws(seed, "judge-only", episode);
        return situations.right.map((right, situation) =>
          situations.occurrence(situation, occurrence, (action) => (action === right ? settings.share : 0)),
        );
      },
      judge({ episode, rewards }) {
        const sum = rewards.reduce((total, reward) => total + reward, 0);
        const rating = Math.round(sum + settings.noise * normal(draws(seed, "judge-only", "noise", episode)));
        return rewards.map((_, i) => (i === rewards.length - 1 ? rating : undefined));
      },
    });
  },
};

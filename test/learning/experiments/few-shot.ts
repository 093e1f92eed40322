import { draws, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { loggedEpisode, plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  /** Kinds of jobs, and steps of each, which come in one order whatever is done. */
  jobs: 2,
  stages: 5,
  actions: ["fetch", "parse", "check", "merge", "publish"],
  /** Share of the steps that the colleague whose episodes are given does right. */
  colleague: 0.7,
  /** Episodes of the learner's own, which nobody judges: they only show what it knows. */
  episodes: 20,
  prior: { right: 0.4, confidence: [0.3, 0.7] },
} as const;

/** How many episodes are given before the first own one. */
const shots = [1, 3, 10] as const;

/**
 * Before it starts, a learner is given 1, 3 or 10 episodes of a colleague who does 7 of 10 steps right, each step
 * judged +1 or −1. Then it does 20 jobs, which nobody judges, so that these episodes are all it can learn from. With
 * one, half of the situations were seen once and the others never; with ten, each was seen five times.
 * It tests how much is gained from little: whether one step that was good is repeated, one that was bad is avoided,
 * and nothing is lost where nothing is known. Static scores 0.25; who copies what was good and else follows the prior
 * scores 0.44, 0.81 and 1. Who explores, with nobody to judge it, scores below static.
 */
export const fewShots: readonly KnownExperiment[] = shots.map((given) => ({
  name: `few-shot-${given}`,
  question: `How much is gained from ${given === 1 ? "one episode" : `${given} episodes`} of somebody else?`,
  episodes: settings.episodes,
  seeds: 20,
  best: settings.stages,
  random: settings.stages * (2 / settings.actions.length - 1),
  create(seed) {
    const { jobs, stages, colleague } = settings;
    // The same in all variants, and the first of ten episodes are the three.
    const situations = new Situations(draws(seed, "few-shot"), { ...settings, situations: jobs * stages });
    const jobsToShow = rounds(draws(seed, "few-shot", "shown"), jobs, given);
    const jobsToDo = rounds(draws(seed, "few-shot", "order"), jobs, settings.episodes);
    const casesOf = (job: number, random: ReturnType<typeof draws>) =>
      Array.from({ length: stages }, (_, stage) => {
        const situation = job * stages + stage;
        const worth = (action: string) => (action === situations.right[situation] ? 1 : -1);
        return situations.occurrence(situation, random, worth);
      });
    const show = (job: number, i: number) => {
      const random = draws(seed, "few-shot", "shown", i);
      const cases = casesOf(job, random);
      const actions = cases.map(({ best }, stage) =>
        random() < colleague ? best : situations.wrong(job * stages + stage, random),
      );
      const rewards = cases.map(({ worth }, stage) => worth(actions[stage]!, []));
      return loggedEpisode(cases, actions, rewards, "colleague");
    };
    return plannedEnvironment({
      cases: (episode) => casesOf(jobsToDo[episode]!, draws(seed, "few-shot", episode)),
      judge: ({ rewards }) => rewards.map(() => undefined),
      imported: (episode) => (episode === 0 ? jobsToShow.map(show) : []),
    });
  },
}));

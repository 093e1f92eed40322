import type { Environment, Experiment, Learner, LearnerKind, Observation, Played } from "./experiment.js";

/** Told of each finished episode: how many there are by now. */
export type OnEpisode = (done: number) => void;

/**
 * One learner's run through one experiment: for each episode the imported ones are learned, then it plays, and
 * learns from what it is told of it.
 *
 * @returns the true return of each episode: the sum of its true rewards
 */
export async function runExperiment(
  experiment: Experiment,
  kind: LearnerKind,
  seed: number,
  onEpisode: OnEpisode = () => {},
): Promise<number[]> {
  const environment = await experiment.create(seed);
  const learner = await kind.create(learnerSeed(seed));
  try {
    const returns: number[] = [];
    for (let episode = 0; episode < experiment.episodes; episode++) {
      for (const imported of environment.imported?.(episode) ?? []) await learner.learn(imported);
      const played = await playEpisode(environment, learner, episode);
      await learner.learn(toldOf(environment, played));
      returns.push(played.steps.reduce((sum, { reward }) => sum + (reward ?? 0), 0));
      onEpisode(returns.length);
    }
    return returns;
  } finally {
    await learner.close?.();
  }
}

async function playEpisode(environment: Environment, learner: Learner, episode: number): Promise<Played> {
  const steps: Played["steps"][number][] = [];
  let observation: Observation | undefined = await environment.reset(episode);
  while (observation) {
    const action = await learner.choose(observation);
    if (!observation.candidates.some((candidate) => candidate.action === action)) {
      throw new Error(`Expected the learner to choose one of the candidates, found "${action}".`);
    }
    const { reward, next } = await environment.step(action);
    steps.push({ observation, action, reward });
    observation = next;
  }
  return { steps };
}

/** The episode with the rewards that learners are told in place of the true ones. */
function toldOf(environment: Environment, played: Played): Played {
  const judged = environment.judged?.(played);
  if (!judged) return played;
  if (judged.length !== played.steps.length) {
    throw new Error(`Expected ${played.steps.length} judged rewards, found ${judged.length}.`);
  }
  return { steps: played.steps.map((step, i) => ({ ...step, reward: judged[i] })) };
}

/** The learner's luck must have nothing to do with that of the environment, which has the same seed. */
function learnerSeed(seed: number): number {
  return (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
}

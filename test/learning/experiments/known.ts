import type { Environment, Experiment, Observation, Outcome } from "../experiment.js";

/** An environment that can say what is right: for tests of `best`, never for learners. */
export interface KnownEnvironment extends Environment {
  reset(episode: number): Observation;
  step(action: string): Outcome;
  /** What the best policy would do now. */
  bestAction(): string;
}

/** An experiment whose best policy is known. */
export interface KnownExperiment extends Experiment {
  create(seed: number): KnownEnvironment | Promise<KnownEnvironment>;
}

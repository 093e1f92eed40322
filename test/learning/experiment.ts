import type { Candidate, StateInput } from "@jitrl/core";

/** One question of the suite: an environment, and what its returns are to be measured by. */
export interface Experiment {
  /** As in `--only`. */
  readonly name: string;
  /** What a learner must be able to do, in a sentence. */
  readonly question: string;
  readonly episodes: number;
  /** At least 20, but for the text adventure. */
  readonly seeds: number;
  /** True return of an episode (sum of true rewards, undiscounted) under the best policy: score 1. */
  readonly best: number;
  /** The same under a policy that picks among the candidates at random: score 0. */
  readonly random: number;
  /**
   * Which episodes count; all from `from` on. @default 0
   */
  readonly from?: number;
  /** A fresh environment; all that is random in it comes from the seed. */
  create(seed: number): Environment | Promise<Environment>;
}

/** What a learner sees before it acts. */
export interface Observation {
  readonly state: StateInput;
  /** With the logits of the frozen model. */
  readonly candidates: readonly Candidate[];
}

/** What an action brought about. */
export interface Outcome {
  /** What counts for the score, and never reaches a learner unless `judged` says the same. */
  readonly reward: number;
  /** `undefined`: the episode is over. */
  readonly next: Observation | undefined;
}

export interface Environment {
  /** Starts an episode, counted from 0. */
  reset(episode: number): Observation | Promise<Observation>;
  step(action: string): Outcome | Promise<Outcome>;
  /**
   * The rewards that learners are given for the finished episode, one a step; `undefined` for a step that nobody
   * judged. @default the true rewards
   */
  judged?(episode: Played): readonly (number | undefined)[];
  /** Episodes of others that come into the learner's memory before the episode of this number. @default none */
  imported?(episode: number): readonly Played[];
}

/** A finished episode. */
export interface Played {
  readonly steps: readonly {
    readonly observation: Observation;
    readonly action: string;
    /** What learners are told; `undefined` where nobody judged. */
    readonly reward: number | undefined;
  }[];
  /** Who brought it in: learners may tell good sources from bad ones. @default "agent" */
  readonly source?: string;
}

/** Chooses actions and learns from finished episodes; one a seed. */
export interface Learner {
  /** @returns the action of one of the candidates */
  choose(observation: Observation): Promise<string> | string;
  learn(episode: Played): Promise<void> | void;
  close?(): Promise<void> | void;
}

/** A kind of learner. */
export interface LearnerKind {
  /** As in `--learner`. */
  readonly name: string;
  readonly about: string;
  /** The experiments that it makes no sense for, with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  create(seed: number): Learner | Promise<Learner>;
}

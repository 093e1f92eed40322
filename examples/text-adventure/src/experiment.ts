import type { CandidateSource } from "@jitrl/langgraph";
import type { Environment } from "./environment.js";
import { type AdventureState, adventureGraph, createPlayer, type Learner } from "./player.js";

export interface ExperimentOptions {
  readonly learner: Learner;
  /** Decides the story's and the learner's random numbers. */
  readonly seed: number;
  readonly episodes: number;
  /** Most commands an episode. */
  readonly steps: number;
  /** Neighbours of an estimate of plain and normalized. */
  readonly k: number;
  readonly prior: CandidateSource<AdventureState>;
  /** Called after each episode. */
  readonly onEpisode?: (score: number, episode: number) => void;
}

/**
 * Plays episodes one after the other with one memory, from an empty one.
 *
 * @returns the score at the end of each episode, in points
 */
export async function playEpisodes(environment: Environment, options: ExperimentOptions): Promise<number[]> {
  const { learner, seed, episodes, steps, k, prior, onEpisode } = options;
  const policy = await createPlayer(learner, seed, k);
  const graph = adventureGraph(environment, policy, prior, steps);
  const scores: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    environment.reset(seed * 100_003 + episode);
    // Three nodes a command, and a few more at the ends.
    await graph.invoke({}, { recursionLimit: 3 * steps + 10 });
    scores.push(environment.score);
    onEpisode?.(environment.score, episode);
  }
  await policy.memory.close();
  return scores;
}

import type { ChosenBy } from "./episode.js";

/** A past step, by reference: numbers and ids, never anybody's text. */
export interface StepReference {
  readonly episodeId: string;
  /** Index of the step in its episode. */
  readonly step: number;
  readonly return: number;
  readonly chosenBy: ChosenBy;
  /** Place in the order in which steps arrived; higher is newer. */
  readonly order: number;
  /** Number of later steps of its episode whose rewards are part of its return: 0 for the last one, or where γ is 0. */
  readonly later: number;
  /**
   * How little is known of what came after it, in [0, γ/2]: the highest of `γ^d / (1 + n)` over the steps that stand d
   * places behind it in its episode, in a state in which n steps of this memory were taken; 0 for the last one. Only on
   * steps that were taken in the very state that was asked about.
   */
  readonly novelty?: number;
  /** `metadata.importedFrom` of the episode: who brought it in, where it is not the agent's own. */
  readonly importedFrom?: string;
}

/** What came of one action in one past state. */
export interface ActionEvidence {
  readonly action: string;
  /** Number of steps. */
  readonly count: number;
  /** Mean return. */
  readonly mean: number;
  /** Standard deviation of the returns (of these steps, not an estimate for others); 0 for one step. */
  readonly spread: number;
  /** The step with the highest return, the newest of equals. */
  readonly best: StepReference;
  /** The newest steps, the newest first; as many as were asked for. */
  readonly latest: readonly StepReference[];
}

/** A distinct past state that resembles the present one, and what was done there. */
export interface Neighbor {
  /** In [0, 1]. */
  readonly similarity: number;
  /** At least one; the one taken last comes first. */
  readonly actions: readonly ActionEvidence[];
}

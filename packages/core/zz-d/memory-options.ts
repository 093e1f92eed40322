import type { JitRLError } from "./errors.js";
import type { Neighbor } from "./neighbor.js";
import type { ReturnSummary } from "./return-summary.js";
import type { RewardSource } from "./reward.js";
import type { SimilarityIndex } from "./similarity-index.js";
import type { ExperienceStore, Selector } from "./store.js";

export interface MemoryOptions {
  /** Where episodes live. @default a new InMemoryExperienceStore */
  store?: ExperienceStore;
  /** Discount γ in [0, 1] of the returns: how much of a later reward an earlier step earned. @default 0.9 */
  gamma?: number;
  /**
   * Keeps in this process what past steps executed, complete tool calls for example, so that `payload` can give it
   * back without asking the store. It takes memory, and it is what people did, word for word: whoever reads it here
   * may read what belongs to another user.
   *
   * @default false
   */
  payloads?: boolean;
  /** Makes the similarity index, also when all has to be read again. @default an exact one */
  createIndex?: () => SimilarityIndex;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
  /** Source of ids of episodes and rewards that come without one. @default crypto.randomUUID */
  newId?: () => string;
  /** Told of changes that could not be taken over from the store. */
  onError?: (error: JitRLError) => void;
}

export interface NeighborOptions {
  /** Neighbours k: most distinct states, and most steps an action in `latest`. @default 10 */
  k?: number;
  /** Least similarity, in [0, 1], inclusive; 0 admits every state. @default 0.5 */
  minSimilarity?: number;
  /** Least Jaccard similarity of single features, by name, inclusive. @default none */
  minFeatureSimilarity?: Readonly<Record<string, number>>;
  /** Version of the state features, as in `Episode.describedBy`. @default "" */
  describedBy?: string;
  /** Most tokens that a search may look at. @default 20_000_000, some tens of milliseconds */
  budget?: number;
}

/** Why there are no neighbours to go by; or the neighbours, perhaps none. */
export type NeighborSearch =
  | {
      readonly status: "found";
      readonly neighbors: readonly Neighbor[];
      /** All that was ever returned under this version of the state features; `undefined` before the first reward. */
      readonly returns: ReturnSummary | undefined;
    }
  | { readonly status: "loading" }
  | { readonly status: "over-budget" };

export type LearnReceipt =
  /** It is stored and can be retrieved; `duplicate` when all of it was there before. */
  | { readonly status: "stored" | "duplicate"; readonly episodeId: string; readonly revision: number }
  /** It was forgotten after it began, so it was refused. */
  | { readonly status: "forgotten"; readonly episodeId: string }
  /** The store is out of reach: it waits in this process, is stored when the store is back, and can be retrieved then. */
  | { readonly status: "buffered"; readonly episodeId: string }
  /** The id belongs to an episode with other steps; nothing changed. */
  | { readonly status: "conflict"; readonly episodeId: string };

/** Which episode feedback is about: one, or the latest of a thread. */
export type FeedbackTarget = string | { readonly episodeId: string } | { readonly threadId: string };

export interface Feedback {
  /** As `Reward.value`. */
  readonly reward: number;
  /** Index of the step. @default the last time step */
  readonly step?: number;
  /** The same id twice counts once: give one where a call may be repeated. @default a new random id */
  readonly id?: string;
  /** @default "human" */
  readonly source?: RewardSource;
  /** As `Reward.reason`. @default none */
  readonly reason?: string;
}

/** One reward of a {@link Judgement}. */
export interface JudgedStep {
  /** Index of the step. @default the last time step */
  readonly step?: number;
  /** As `Reward.value`. */
  readonly value: number;
  /** As `Reward.reason`. @default none */
  readonly reason?: string;
  /** Tells apart what one source says of one step in several respects. @default "" */
  readonly respect?: string;
}

/** What one source says of an episode, as a whole. */
export interface Judgement {
  readonly source: RewardSource;
  readonly rewards: readonly JudgedStep[];
  /** Only where the episode is still awaiting the source; else nothing changes. @default false */
  readonly onlyIfAwaiting?: boolean;
}

export interface RevokeOptions {
  /** Whose rewards: exactly this source, so "judge" alone does not mean "judge:gpt-5". */
  readonly source: RewardSource;
  /** In which episodes. @default all */
  readonly selector?: Selector;
}

export interface RevokeReceipt {
  /** Number of episodes that changed. */
  readonly episodes: number;
  /** Number of rewards that counted before and do not any more. */
  readonly rewards: number;
}

export interface ForgetReceipt {
  /** Number of episodes removed. */
  readonly episodes: number;
  readonly ids: readonly string[];
}

export interface MemoryStats {
  readonly status: "loading" | "ready" | "failed" | "closed";
  /** Episodes held, rewarded or not. */
  readonly episodes: number;
  /** Steps that count as evidence. */
  readonly steps: number;
  /** Distinct states among them. */
  readonly states: number;
  /** Entries that could not be read, or not be used, and were set aside. */
  readonly setAside: number;
}

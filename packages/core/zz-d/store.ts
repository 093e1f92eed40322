import type { Episode } from "./episode.js";

/** Names episodes: one, a thread's, those with all the given metadata (e.g. a user's), or all. */
export type Selector =
  | { readonly episodeId: string }
  | { readonly threadId: string }
  | { readonly metadata: Readonly<Record<string, string | number | boolean>> }
  | { readonly all: true };

/** An episode with its place in the order of first arrival; a revision keeps its place. */
export type StoredEpisode = Episode & { readonly sequence: number };

export type PutResult =
  /** It is stored, under this revision. */
  | { readonly status: "stored"; readonly revision: number; readonly sequence: number }
  /** The same content is there already; nothing changed. */
  | { readonly status: "duplicate"; readonly revision: number; readonly sequence: number }
  /** Another revision is there than was expected (0: none); nothing changed. */
  | { readonly status: "conflict"; readonly revision: number }
  /** It, or what it belongs to, was forgotten after it began; it was refused. */
  | { readonly status: "forgotten" }
  /** The store is out of reach: it waits in this process, and is stored when the store is back. Not safe until then. */
  | { readonly status: "buffered" };

/** What changed in a store. Listeners fetch the content with `get`. */
export type StoreChange =
  | { readonly type: "put"; readonly id: string; readonly revision: number }
  | { readonly type: "deleted"; readonly ids: readonly string[] }
  /** The store can no longer say what changed: read all again. */
  | { readonly type: "reset" };

/**
 * Where episodes live. Another database is one file: implement this interface and run `storeSuite` of
 * `@jitrl/core/testing` on it.
 *
 * Operations are atomic, and may be called at the same time. What a promise that resolved has stored or deleted is
 * seen by every later call.
 */
export interface ExperienceStore {
  /**
   * Stores an episode as revision `expectedRevision + 1`, if `expectedRevision` is the one that is there (0: none).
   * The `revision` inside the episode is not looked at. Limits of capacity and age are applied here.
   */
  put(episode: Episode, options: { readonly expectedRevision: number }): Promise<PutResult>;
  get(id: string): Promise<StoredEpisode | undefined>;
  /**
   * Deletes what the selector names and remembers that it was forgotten: an episode that was named by its id is
   * refused for good, and one that a wider selector names is refused if it began before the deletion.
   *
   * @throws JitRLError `invalid-input` for what is not exactly one selector
   */
  delete(selector: Selector): Promise<{ readonly ids: readonly string[] }>;
  /** All episodes, in order of sequence. One that is there from beginning to end of the scan comes exactly once. */
  scan(): AsyncIterable<StoredEpisode>;
  /** Tells of every change from now on, in order, own changes included. @returns a function that ends it */
  watch(listener: (change: StoreChange) => void): () => void;
  /**
   * Told which episodes a decision went by, by a store that keeps what is used. Returns at once, and throws nothing:
   * what it does about it, it does later and by itself.
   */
  used?(episodeIds: Iterable<string>): void;
  stats(): Promise<StoreStats>;
  /** Frees what the store holds. Further calls are rejected with `memory-closed`; closing again does nothing. */
  close(): Promise<void>;
}

export interface StoreStats {
  readonly episodes: number;
  /** Entries that could not be read and were set aside. */
  readonly setAside: number;
}

/** Limits that a store may apply; both remove the episodes that arrived first. */
export interface RetentionOptions {
  /** Most episodes kept, an integer ≥ 1. @default 100_000 */
  capacity?: number;
  /** Age in ms beyond which an episode goes, counted from its `at`; looked at when a store opens and at every `put`. @default Infinity */
  maxAge?: number;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
}

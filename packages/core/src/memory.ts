import { invalid, record, text } from "./check.js";
import {
  type Episode,
  type EpisodeInput,
  parseReward,
  type Reward,
  type RewardSource,
  toEpisode,
} from "./episode.js";
import { safeHandler } from "./error-handler.js";
import { JitRLError } from "./errors.js";
import { EvidenceIndex } from "./evidence-index.js";
import { InMemoryExperienceStore } from "./in-memory-store.js";
import { canonicalJson } from "./json.js";
import type { Neighbor } from "./neighbor.js";
import { checkSelector } from "./selector.js";
import type { SimilarityIndex } from "./similarity-index.js";
import { type StateInput, toState } from "./state.js";
import type { ExperienceStore, Selector, StoreChange } from "./store.js";

export interface MemoryOptions {
  /** Where episodes live. @default a new InMemoryExperienceStore */
  store?: ExperienceStore;
  /** Discount γ in [0, 1] of the returns: how much of a later reward an earlier step earned. @default 0.9 */
  gamma?: number;
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
  | { readonly status: "found"; readonly neighbors: readonly Neighbor[] }
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

/** Attempts at a change while others change the same episode. */
const ATTEMPTS = 100;

/**
 * A store of experience seen through an in-process similarity index: reading takes no round trip. It loads in the
 * background; {@link openMemory} waits for that.
 */
export class ExperienceMemory {
  /** Discount γ of the returns. */
  readonly gamma: number;
  readonly #store: ExperienceStore;
  readonly #newEvidence: () => EvidenceIndex;
  #evidence: EvidenceIndex;
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #onError: (error: JitRLError) => void;
  readonly #loaded: Promise<void>;
  readonly #unwatch: () => void;
  #status: MemoryStats["status"] = "loading";
  /** Changes are taken over one after the other, so that the last one in the store is the last one here. */
  #changes: Promise<void>;
  /** What was begun and is not done. */
  readonly #begun = new Set<Promise<unknown>>();
  /** The last change under way of each episode. */
  readonly #changing = new Map<string, Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(options: MemoryOptions = {}) {
    const { gamma = 0.9 } = options;
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new JitRLError("invalid-input", `Expected gamma to be in [0, 1], found ${gamma}.`);
    }
    this.gamma = gamma;
    this.#now = options.now ?? Date.now;
    this.#store = options.store ?? new InMemoryExperienceStore({ now: this.#now });
    this.#newEvidence = () => new EvidenceIndex(gamma, options.createIndex?.());
    this.#evidence = this.#newEvidence();
    this.#newId = options.newId ?? (() => crypto.randomUUID());
    this.#onError = safeHandler(options.onError);
    // Watching before scanning: a change during the scan waits in line and is seen after it.
    this.#unwatch = this.#store.watch((change) => this.#enqueue(() => this.#take(change)));
    this.#loaded = this.#load();
    this.#changes = this.#loaded.catch(() => {});
  }

  /**
   * Resolves when all that the store holds can be retrieved.
   *
   * @throws JitRLError `memory-failed` when the store could not be read
   */
  ready(): Promise<void> {
    return this.#loaded;
  }

  /** The nearest distinct past states with what was done there, the most similar first. Changes nothing. */
  neighbors(state: StateInput, options: NeighborOptions = {}): NeighborSearch {
    const {
      k = 10,
      minSimilarity = 0.5,
      minFeatureSimilarity,
      describedBy = "",
      budget = 20_000_000,
    } = options;
    if (!Number.isInteger(k) || k < 1)
      throw new JitRLError("invalid-input", `Expected k to be an integer ≥ 1, found ${k}.`);
    if (!(minSimilarity >= 0 && minSimilarity <= 1)) {
      throw new JitRLError(
        "invalid-input",
        `Expected minSimilarity to be in [0, 1], found ${minSimilarity}.`,
      );
    }
    if (!(budget > 0))
      throw new JitRLError("invalid-input", `Expected budget to be above 0, found ${budget}.`);
    for (const [name, floor] of Object.entries(minFeatureSimilarity ?? {})) {
      if (!(floor >= 0 && floor <= 1)) throw invalid(`minFeatureSimilarity.${name}`, "in [0, 1]", floor);
    }
    const checked = toState(state);
    this.#notClosed();
    if (this.#status === "loading") return { status: "loading" };
    this.#notFailed();
    const search = { k, minSimilarity, budget, ...(minFeatureSimilarity ? { minFeatureSimilarity } : {}) };
    const neighbors = this.#evidence.neighbors(checked, describedBy, search);
    return neighbors ? { status: "found", neighbors } : { status: "over-budget" };
  }

  /**
   * Adds an episode; it can be retrieved when this resolves. The same episode again changes nothing, and adds
   * nothing but rewards with new ids.
   *
   * @throws JitRLError `invalid-input`, `oversized-state`, `store-failed`, `store-unavailable`, `memory-closed`
   */
  learn(input: EpisodeInput): Promise<LearnReceipt> {
    return this.#begin(async () => {
      const episode = toEpisode(input, { now: this.#now, newId: this.#newId });
      return this.#change(
        episode.id,
        (held) => {
          if (!held) return episode;
          if (stepsOf(held) !== stepsOf(episode)) return "conflict";
          return withRewards(held, episode.rewards);
        },
        true,
      );
    });
  }

  /**
   * Adds a reward to an episode that is already there: it becomes a new revision, and its returns change with it.
   *
   * @param target an episode, or a thread: then its latest episode
   * @throws JitRLError `episode-not-found`, `invalid-input`, `conflict`, `store-failed`, `store-unavailable`,
   * `memory-closed`
   */
  feedback(target: FeedbackTarget, feedback: Feedback): Promise<LearnReceipt> {
    return this.#begin(async () => {
      // All changes announced so far are taken over first, so that a thread's latest episode is known.
      await this.#changes;
      this.#notFailed();
      const id = this.#episodeOf(target);
      const reward = {
        id: feedback.id ?? this.#newId(),
        step: feedback.step,
        value: feedback.reward,
        source: feedback.source ?? "human",
        at: this.#now(),
      };
      return this.#change(id, (held) => {
        if (!held) throw notFound(`the episode "${id}"`, { episodeId: id });
        return withRewards(held, [parseReward(reward, held.steps.length)]);
      });
    });
  }

  /** Removes episodes for good, here and in the store; what of them arrives late is refused. */
  forget(selector: Selector): Promise<ForgetReceipt> {
    return this.#begin(async () => {
      checkSelector(selector);
      const { ids } = await this.#store.delete(selector);
      await this.#enqueue(async () => {
        // Not simply removed: one of them may have been stored again meanwhile.
        for (const id of ids) await this.#refresh(id, Number.POSITIVE_INFINITY);
      });
      return { episodes: ids.length, ids };
    });
  }

  /** What is held, in numbers. */
  async stats(): Promise<MemoryStats> {
    const { episodes, steps, states, setAside } = this.#evidence.counts;
    const status = this.#closing ? "closed" : this.#status;
    const unread = status === "closed" ? 0 : (await this.#store.stats()).setAside;
    return { status, episodes, steps, states, setAside: setAside + unread };
  }

  /** Closes the memory and its store, when all that was begun is done. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#begun);
    this.#unwatch();
    this.#status = "closed";
    await this.#changes;
    this.#evidence = this.#newEvidence();
    await this.#store.close();
  }

  async #load(): Promise<void> {
    try {
      for await (const episode of this.#store.scan()) this.#evidence.set(episode);
      if (this.#status === "loading") this.#status = "ready";
    } catch (cause) {
      if (this.#status === "loading") this.#status = "failed";
      const error = new JitRLError(
        "memory-failed",
        `The experience store could not be read: ${messageOf(cause)}`,
        { cause },
      );
      this.#onError(error);
      throw error;
    }
  }

  /**
   * Changes of one episode in this process come one after the other, so only other processes are in the way.
   *
   * @param blind whether the change may be made without knowing what is there
   */
  async #change(
    id: string,
    change: (held: Episode | undefined) => Episode | "conflict",
    blind = false,
  ): Promise<LearnReceipt> {
    const work = () => this.#tryToChange(id, change, blind);
    const changing = (this.#changing.get(id) ?? Promise.resolve()).then(work, work);
    this.#changing.set(id, changing);
    try {
      return await changing;
    } finally {
      if (this.#changing.get(id) === changing) this.#changing.delete(id);
    }
  }

  /** Read, change, put if nobody else put meanwhile; else again. */
  async #tryToChange(
    id: string,
    change: (held: Episode | undefined) => Episode | "conflict",
    blind: boolean,
  ): Promise<LearnReceipt> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = await (blind ? this.#heldIfKnown(id) : this.#store.get(id));
      const changed = change(held);
      if (changed === "conflict") return { status: "conflict", episodeId: id };
      if (changed === held) return { status: "duplicate", episodeId: id, revision: held.revision };
      const result = await this.#store.put(changed, { expectedRevision: held?.revision ?? 0 });
      if (result.status === "conflict") continue;
      if (result.status === "forgotten" || result.status === "buffered")
        return { status: result.status, episodeId: id };
      await this.#enqueue(() => this.#refresh(id, result.revision));
      return { status: result.status, episodeId: id, revision: result.revision };
    }
    throw new JitRLError(
      "conflict",
      `The episode "${id}" changed ${ATTEMPTS} times while it was being changed. Try again.`,
      {
        details: { episodeId: id },
      },
    );
  }

  /** A store that is out of reach may still take an episode as if it were new, and settle later what was there. */
  async #heldIfKnown(id: string): Promise<Episode | undefined> {
    try {
      return await this.#store.get(id);
    } catch (error) {
      if (JitRLError.isInstance(error) && error.code === "store-unavailable") return undefined;
      throw error;
    }
  }

  async #take(change: StoreChange): Promise<void> {
    if (change.type === "put") return this.#refresh(change.id, change.revision);
    if (change.type === "deleted") {
      for (const id of change.ids) this.#evidence.delete(id);
      return;
    }
    // Searches go by the old index until the new one is whole.
    const evidence = this.#newEvidence();
    for await (const episode of this.#store.scan()) evidence.set(episode);
    this.#evidence = evidence;
  }

  /** Takes over what the store holds now, which may be newer than what was announced. */
  async #refresh(id: string, revision: number): Promise<void> {
    if (this.#evidence.revision(id) >= revision) return;
    const episode = await this.#store.get(id);
    if (episode) this.#evidence.set(episode);
    else this.#evidence.delete(id);
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(async () => {
      if (this.#status !== "closed") await work();
    });
    this.#changes = done.catch((cause) => {
      this.#onError(
        new JitRLError(
          "memory-failed",
          `A change in the store could not be taken over: ${messageOf(cause)}`,
          { cause },
        ),
      );
    });
    return this.#changes;
  }

  #episodeOf(target: FeedbackTarget): string {
    if (typeof target === "string") return target;
    const { episodeId, threadId } = record(target, "the target of feedback");
    if (episodeId !== undefined) return text(episodeId, "episodeId");
    const thread = text(threadId, "threadId");
    const latest = this.#evidence.latestOf(thread);
    if (latest === undefined) throw notFound(`an episode of the thread "${thread}"`, { threadId: thread });
    return latest;
  }

  /** Runs what `close` has to wait for. */
  async #begin<T>(work: () => Promise<T>): Promise<T> {
    this.#notClosed();
    const done = work();
    this.#begun.add(done);
    try {
      return await done;
    } finally {
      this.#begun.delete(done);
    }
  }

  #notClosed(): void {
    if (this.#closing) throw new JitRLError("memory-closed", "This memory is closed. Open a new one.");
  }

  #notFailed(): void {
    if (this.#status === "failed") {
      throw new JitRLError(
        "memory-failed",
        "This memory could not read its store; `ready()` says why. Open a new one.",
      );
    }
  }
}

/**
 * Opens a memory and waits until all that its store holds can be retrieved.
 *
 * @example
 * const memory = await openMemory();                                                  // in this process
 * const memory = await openMemory({ store: await FileExperienceStore.open("x.jsonl") }); // in a file
 * @throws JitRLError `memory-failed`, `invalid-input`
 */
export async function openMemory(options: MemoryOptions = {}): Promise<ExperienceMemory> {
  const memory = new ExperienceMemory(options);
  await memory.ready();
  return memory;
}

function withRewards(held: Episode, rewards: readonly Reward[]): Episode {
  const known = new Set(held.rewards.map(({ id }) => id));
  const added = rewards.filter(({ id }) => !known.has(id));
  return added.length === 0 ? held : { ...held, rewards: [...held.rewards, ...added] };
}

/** What was done, as one text: two episodes with one id are the same if they agree in this. */
function stepsOf(episode: Episode): string {
  return canonicalJson(episode.steps.map(({ id, t, action }) => [id, t, action]));
}

function notFound(what: string, details: Record<string, unknown>): JitRLError {
  return new JitRLError(
    "episode-not-found",
    `Expected ${what} in memory, found none: it may not have ended yet, was evicted or forgotten, or ran without a thread.`,
    { details },
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

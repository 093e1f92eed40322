import { ChangeListeners } from "./change-listeners.js";
import { type Episode, parseEpisode } from "./episode.js";
import { EpisodeTable } from "./episode-table.js";
import { JitRLError } from "./errors.js";
import { SerialQueue } from "./serial-queue.js";
import type {
  ExperienceStore,
  PutResult,
  RetentionOptions,
  Selector,
  StoreChange,
  StoredEpisode,
  StoreStats,
} from "./store.js";
import { Tombstones } from "./tombstones.js";

/** An {@link ExperienceStore} in this process; what it holds ends with it. */
export class InMemoryExperienceStore implements ExperienceStore {
  readonly #table: EpisodeTable;
  readonly #listeners = new ChangeListeners();
  // One after the other, because digests are asynchronous: between a digest and its use nothing may be forgotten.
  readonly #queue = new SerialQueue();
  readonly #now: () => number;
  #closed = false;

  /** @throws JitRLError `invalid-input` */
  constructor(options: RetentionOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#table = new EpisodeTable(options);
  }

  async put(episode: Episode, { expectedRevision }: { expectedRevision: number }): Promise<PutResult> {
    this.#open();
    const parsed = parseEpisode(episode);
    return this.#queue.run(async () => {
      const isForgotten = await this.#table.tombstones.tester(parsed);
      const result = this.#table.check(parsed, expectedRevision, isForgotten);
      if (result.status !== "stored") return result;
      this.#table.set({ ...parsed, revision: result.revision, sequence: result.sequence });
      this.#listeners.announce({ type: "put", id: parsed.id, revision: result.revision });
      this.#drop(this.#table.expired());
      return result;
    });
  }

  async get(id: string): Promise<StoredEpisode | undefined> {
    this.#open();
    return this.#table.get(id);
  }

  async delete(selector: Selector): Promise<{ ids: readonly string[] }> {
    this.#open();
    return this.#queue.run(async () => {
      const tombstone = await Tombstones.of(selector, this.#now());
      const ids = this.#table.selected(selector);
      this.#table.tombstones.add(tombstone);
      this.#drop(ids);
      return { ids };
    });
  }

  async *scan(): AsyncIterable<StoredEpisode> {
    this.#open();
    for (const episode of this.#table.scan()) {
      yield episode;
      this.#open();
    }
  }

  watch(listener: (change: StoreChange) => void): () => void {
    this.#open();
    return this.#listeners.add(listener);
  }

  async stats(): Promise<StoreStats> {
    this.#open();
    return { episodes: this.#table.size, setAside: 0 };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.run(async () => {
      this.#listeners.clear();
      this.#table.clear();
    });
  }

  #drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#table.remove(ids);
    this.#listeners.announce({ type: "deleted", ids });
  }

  #open(): void {
    if (this.#closed)
      throw new JitRLError("memory-closed", "This experience store is closed. Open a new one.");
  }
}

import { type Episode, episodeContent, parseEpisode } from "./episode.js";
import { JitRLError } from "./errors.js";
import type {
  ExperienceStore,
  PutResult,
  RetentionOptions,
  Selector,
  StoreChange,
  StoredEpisode,
  StoreStats,
} from "./store.js";
import { selects, Tombstones } from "./tombstones.js";

/** An {@link ExperienceStore} in this process; what it holds ends with it. */
export class InMemoryExperienceStore implements ExperienceStore {
  readonly #table: EpisodeTable;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  readonly #now: () => number;
  #closed = false;

  constructor(options: RetentionOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#table = new EpisodeTable(options);
  }

  async put(episode: Episode, { expectedRevision }: { expectedRevision: number }): Promise<PutResult> {
    this.#open();
    const parsed = parseEpisode(episode);
    const isForgotten = await this.#table.tombstones.tester(parsed);
    this.#open();
    const result = this.#table.check(parsed, expectedRevision, isForgotten);
    if (result.status !== "stored") return result;
    this.#table.set({ ...parsed, revision: result.revision, sequence: result.sequence });
    this.#announce({ type: "put", id: parsed.id, revision: result.revision });
    this.#drop(this.#table.expired());
    return result;
  }

  async get(id: string): Promise<StoredEpisode | undefined> {
    this.#open();
    return this.#table.get(id);
  }

  async delete(selector: Selector): Promise<{ ids: readonly string[] }> {
    this.#open();
    const tombstone = await Tombstones.of(selector, this.#now());
    this.#open();
    this.#table.tombstones.add(tombstone);
    const ids = this.#table.selected(selector);
    this.#drop(ids);
    return { ids };
  }

  async *scan(): AsyncIterable<StoredEpisode> {
    this.#open();
    for (const id of this.#table.ids()) {
      const episode = this.#table.get(id);
      if (episode) yield episode;
    }
  }

  watch(listener: (change: StoreChange) => void): () => void {
    this.#open();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stats(): Promise<StoreStats> {
    this.#open();
    return { episodes: this.#table.size, setAside: 0 };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  #drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#table.remove(id);
    this.#announce({ type: "deleted", ids });
  }

  #announce(change: StoreChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #open(): void {
    if (this.#closed)
      throw new JitRLError("memory-closed", "This experience store is closed. Open a new one.");
  }
}

/** Episodes by id in order of arrival, with what was forgotten: the state of a store, without its medium. */
export class EpisodeTable {
  readonly tombstones = new Tombstones();
  readonly #episodes = new Map<string, StoredEpisode>();
  readonly #capacity: number;
  readonly #maxAge: number;
  readonly #now: () => number;
  #sequence = 0;

  constructor({ capacity = 100_000, maxAge = Number.POSITIVE_INFINITY, now = Date.now }: RetentionOptions) {
    if (!(capacity >= 1))
      throw new JitRLError("invalid-input", `Expected capacity to be at least 1, found ${capacity}.`);
    if (!(maxAge > 0))
      throw new JitRLError("invalid-input", `Expected maxAge to be above 0 ms, found ${maxAge}.`);
    this.#capacity = capacity;
    this.#maxAge = maxAge;
    this.#now = now;
  }

  get size(): number {
    return this.#episodes.size;
  }

  ids(): string[] {
    return [...this.#episodes.keys()];
  }

  get(id: string): StoredEpisode | undefined {
    return this.#episodes.get(id);
  }

  values(): Iterable<StoredEpisode> {
    return this.#episodes.values();
  }

  /** What a `put` would come to; changes nothing. */
  check(episode: Episode, expectedRevision: number, isForgotten: () => boolean): PutResult {
    if (isForgotten()) return { status: "forgotten" };
    const held = this.#episodes.get(episode.id);
    if (held && episodeContent(parseEpisode(held)) === episodeContent(episode)) {
      return { status: "duplicate", revision: held.revision, sequence: held.sequence };
    }
    const revision = held?.revision ?? 0;
    if (revision !== expectedRevision) return { status: "conflict", revision };
    return { status: "stored", revision: revision + 1, sequence: held?.sequence ?? this.#sequence + 1 };
  }

  set(episode: StoredEpisode): void {
    // A key that is there keeps its place in a Map, so the order stays that of first arrival.
    this.#episodes.set(episode.id, deepFreeze(episode));
    this.#sequence = Math.max(this.#sequence, episode.sequence);
  }

  remove(id: string): void {
    this.#episodes.delete(id);
  }

  selected(selector: Selector): string[] {
    return [...this.#episodes.values()].filter((episode) => selects(selector, episode)).map(({ id }) => id);
  }

  /** What the limits of capacity and age no longer allow, the first arrivals first. */
  expired(): string[] {
    const ids: string[] = [];
    const ages = this.#maxAge !== Number.POSITIVE_INFINITY;
    const oldest = ages ? this.#now() - this.#maxAge : 0;
    let over = this.#episodes.size - this.#capacity;
    for (const { id, at } of this.#episodes.values()) {
      if (over <= 0 && !ages) break;
      if (over > 0 || at < oldest) ids.push(id);
      over--;
    }
    return ids;
  }
}

/** What is handed out is the stored object itself, so nobody may change it. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

import { type Episode, episodeContent } from "./episode.js";
import { JitRLError } from "./errors.js";
import { selects } from "./selector.js";
import type { PutResult, RetentionOptions, Selector, StoredEpisode } from "./store.js";
import { Tombstones } from "./tombstones.js";

/** Episodes by id in order of arrival, with what was forgotten: the state of a store, without its medium. */
export class EpisodeTable {
  readonly tombstones = new Tombstones();
  readonly #episodes = new Map<string, StoredEpisode>();
  readonly #capacity: number;
  readonly #maxAge: number;
  readonly #now: () => number;
  #sequence = 0;

  /** @throws JitRLError `invalid-input` */
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

  /** The latest sequence that was given to an episode, be it still there or not. */
  get sequence(): number {
    return this.#sequence;
  }

  get(id: string): StoredEpisode | undefined {
    return this.#episodes.get(id);
  }

  values(): Iterable<StoredEpisode> {
    return this.#episodes.values();
  }

  /** What is there now, in order of sequence, each as it is when its turn comes, without what has gone by then. */
  *scan(): Iterable<StoredEpisode> {
    for (const { id, sequence } of [...this.#episodes.values()]) {
      const episode = this.#episodes.get(id);
      // One that went and came again has a later place, and was not there throughout.
      if (episode?.sequence === sequence) yield episode;
    }
  }

  /** What a `put` would come to; changes nothing. */
  check(episode: Episode, expectedRevision: number, isForgotten: () => boolean): PutResult {
    if (isForgotten()) return { status: "forgotten" };
    const held = this.#episodes.get(episode.id);
    if (held && contentOf(held) === episodeContent(episode)) {
      return { status: "duplicate", revision: held.revision, sequence: held.sequence };
    }
    const revision = held?.revision ?? 0;
    if (revision !== expectedRevision) return { status: "conflict", revision };
    return { status: "stored", revision: revision + 1, sequence: held?.sequence ?? this.#sequence + 1 };
  }

  set(episode: StoredEpisode): void {
    // A key that is there keeps its place in a Map, so the order stays that of first arrival.
    this.#episodes.set(episode.id, deepFreeze(episode));
    this.passSequence(episode.sequence);
  }

  /** Sequences up to this one have been given. */
  passSequence(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  remove(ids: Iterable<string>): void {
    for (const id of ids) this.#episodes.delete(id);
  }

  clear(): void {
    this.#episodes.clear();
  }

  selected(selector: Selector): string[] {
    return [...this.#episodes.values()].filter((episode) => selects(selector, episode)).map(({ id }) => id);
  }

  /**
   * What the limits of age and capacity no longer allow, the first arrivals first.
   *
   * @param adding looked at as if it were set already
   */
  expired(adding?: StoredEpisode): string[] {
    const ages = this.#maxAge !== Number.POSITIVE_INFINITY;
    const size = this.#episodes.size + (adding && !this.#episodes.has(adding.id) ? 1 : 0);
    if (!ages) return this.#first(size - this.#capacity, adding);
    const oldest = this.#now() - this.#maxAge;
    const all = [...this.#with(adding)];
    const aged = new Set(all.filter(({ at }) => at < oldest).map(({ id }) => id));
    let over = size - aged.size - this.#capacity;
    return all.filter(({ id }) => aged.has(id) || over-- > 0).map(({ id }) => id);
  }

  #first(count: number, adding: StoredEpisode | undefined): string[] {
    const ids: string[] = [];
    if (count <= 0) return ids;
    for (const { id } of this.#with(adding)) if (ids.push(id) >= count) break;
    return ids;
  }

  *#with(adding: StoredEpisode | undefined): Iterable<StoredEpisode> {
    for (const episode of this.#episodes.values()) {
      yield adding && episode.id === adding.id ? adding : episode;
    }
    if (adding && !this.#episodes.has(adding.id)) yield adding;
  }
}

function contentOf({ sequence: _, ...episode }: StoredEpisode): string {
  return episodeContent(episode);
}

/** What is handed out is the stored object itself, so nobody may change it. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

import type { Episode } from "../episode.js";
import { JitRLError } from "../errors.js";
import type { ExperienceStore, PutResult, StoredEpisode, StoreStats } from "../store.js";

/**
 * A store for one look back over episodes that were checked before, each put once: it neither copies nor compares
 * them, and forgets nothing.
 */
export class LogStore implements ExperienceStore {
  readonly #episodes = new Map<string, StoredEpisode>();

  async put(episode: Episode): Promise<PutResult> {
    const sequence = this.#episodes.size + 1;
    this.#episodes.set(episode.id, { ...episode, revision: 1, sequence });
    return { status: "stored", revision: 1, sequence };
  }

  async get(id: string): Promise<StoredEpisode | undefined> {
    return this.#episodes.get(id);
  }

  async delete(): Promise<never> {
    throw new JitRLError("invalid-input", "Nothing is forgotten from a log.");
  }

  async *scan(): AsyncIterable<StoredEpisode> {
    yield* this.#episodes.values();
  }

  watch(): () => void {
    return () => undefined;
  }

  async stats(): Promise<StoreStats> {
    return { episodes: this.#episodes.size, setAside: 0 };
  }

  async close(): Promise<void> {
    this.#episodes.clear();
  }
}

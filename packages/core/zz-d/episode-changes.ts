import type { Episode } from "./episode.js";
import { JitRLError } from "./errors.js";
import type { LearnReceipt } from "./memory-options.js";
import type { ExperienceStore, StoredEpisode } from "./store.js";

/** What is to become of an episode; the very same one, if nothing changes. */
export type Change = (held: StoredEpisode | undefined) => Episode | "conflict";

/** Attempts at a change while others change the same episode. */
const ATTEMPTS = 100;

/** Changes episodes in a store that others change too. */
export class EpisodeChanges {
  readonly #store: ExperienceStore;
  readonly #stored: (id: string, revision: number) => Promise<void>;
  /** The last change under way of each episode. */
  readonly #changing = new Map<string, Promise<unknown>>();

  /** @param stored called after a change, before it counts as done */
  constructor(store: ExperienceStore, stored: (id: string, revision: number) => Promise<void>) {
    this.#store = store;
    this.#stored = stored;
  }

  /**
   * Changes of one episode in this process come one after the other, so only other processes are in the way.
   *
   * @param blind whether the change may be made without knowing what is there
   * @throws JitRLError `conflict`, and what `change` and the store throw
   */
  async make(id: string, change: Change, blind = false): Promise<LearnReceipt> {
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
  async #tryToChange(id: string, change: Change, blind: boolean): Promise<LearnReceipt> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = await (blind ? this.#heldIfKnown(id) : this.#store.get(id));
      const changed = change(held);
      if (changed === "conflict") return { status: "conflict", episodeId: id };
      if (changed === held) return { status: "duplicate", episodeId: id, revision: held.revision };
      const result = await this.#store.put(changed, { expectedRevision: held?.revision ?? 0 });
      if (result.status === "conflict") continue;
      if (result.status === "forgotten" || result.status === "buffered")
        return { status: result.status, episodeId: id };
      await this.#stored(id, result.revision);
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
  async #heldIfKnown(id: string): Promise<StoredEpisode | undefined> {
    try {
      return await this.#store.get(id);
    } catch (error) {
      if (JitRLError.isInstance(error) && error.code === "store-unavailable") return undefined;
      throw error;
    }
  }
}

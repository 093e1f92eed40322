import type { Episode } from "../episode.js";
import { type ExperienceMemory, openMemory } from "../memory.js";
import type { LoggedEpisode } from "./log.js";
import { LogStore } from "./log-store.js";

/** The same past episodes in memories of several γ, which differ in nothing else. */
export class FrozenMemories {
  readonly #memories: ReadonlyMap<number, ExperienceMemory>;

  private constructor(memories: ReadonlyMap<number, ExperienceMemory>) {
    this.#memories = memories;
  }

  static async open(gammas: Iterable<number>): Promise<FrozenMemories> {
    const memories = new Map<number, ExperienceMemory>();
    for (const gamma of gammas) {
      memories.set(gamma, await openMemory({ store: new LogStore(), gamma }));
    }
    return new FrozenMemories(memories);
  }

  of(gamma: number | undefined): ExperienceMemory | undefined {
    return gamma === undefined ? undefined : this.#memories.get(gamma);
  }

  async learn({ episode, returns }: LoggedEpisode): Promise<void> {
    if (!returns) return; // it would teach nothing
    const lesson = lessonOf(episode);
    for (const memory of this.#memories.values()) await memory.learn(lesson);
  }

  async close(): Promise<void> {
    for (const memory of this.#memories.values()) await memory.close();
  }
}

/** What of an episode a memory learns from, without what it need not copy. */
function lessonOf({ id, at, steps, rewards, describedBy }: Episode) {
  return {
    id,
    at,
    rewards,
    describedBy,
    steps: steps.map(({ id, t, state, action, chosenBy }) => ({ id, t, state, action, chosenBy })),
  };
}

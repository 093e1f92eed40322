import type { Episode, ExperienceStore, Reward } from "@jitrl/core";

/** A small episode that begins at 0. */
export function episode(id: string, members: Partial<Episode> = {}): Episode {
  return {
    id,
    revision: 1,
    at: 0,
    end: "done",
    steps: [
      {
        id: "0",
        t: 0,
        state: { features: { text: { tokens: ["refund", "late"], weight: 1 } } },
        action: "refund",
        chosenBy: "base",
      },
    ],
    rewards: [],
    metadata: {},
    describedBy: "",
    ...members,
  };
}

export function reward(id: string, value = 1): Reward {
  return { id, value, source: "human", at: 0 };
}

export async function putNew(store: ExperienceStore, ...episodes: Episode[]): Promise<void> {
  for (const each of episodes) {
    const { status } = await store.put(each, { expectedRevision: 0 });
    if (status !== "stored") throw new Error(`Expected "${each.id}" to be stored, found ${status}.`);
  }
}

export async function idsIn(store: ExperienceStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan()) ids.push(id);
  return ids;
}

import type { Episode } from "../episode.js";
import { JitRLError } from "../errors.js";
import type { Reward } from "../reward.js";
import type { ExperienceStore, StoredEpisode } from "../store.js";

/** A small episode that began at 0. */
export function sampleEpisode(id: string, members: Partial<Episode> = {}): Episode {
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

/** A person's reward for the last step. */
export function sampleReward(id: string, value = 1): Reward {
  return { id, value, source: "human", at: 0 };
}

/** Puts new episodes, one after the other. */
export async function putAll(store: ExperienceStore, episodes: Iterable<Episode>): Promise<void> {
  for (const episode of episodes) {
    const { status } = await store.put(episode, { expectedRevision: 0 });
    if (status !== "stored") throw new Error(`Expected "${episode.id}" to be stored, found ${status}.`);
  }
}

export async function scanned(store: ExperienceStore): Promise<StoredEpisode[]> {
  const episodes: StoredEpisode[] = [];
  for await (const episode of store.scan()) episodes.push(episode);
  return episodes;
}

/** The ids of all that a store holds, in the order of arrival. */
export async function scannedIds(store: ExperienceStore): Promise<string[]> {
  return (await scanned(store)).map(({ id }) => id);
}

/** The code of the error that a piece of work fails with; "none" when it does not fail. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    return JitRLError.isInstance(error) ? error.code : String(error);
  }
}

/** Waits for what a store may do a little later. Does not fail: what is waited for is checked afterwards. */
export async function settled(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 500 && !(await done()); turn++) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(turn, 20)));
  }
}

/** Names that are dangerous where names become patterns, paths, keys of objects, or text that is parsed. */
export const AWKWARD_NAMES: readonly string[] = [
  "a",
  "ab",
  "A",
  "a*",
  "a?",
  "[ab]",
  "*",
  "user:1",
  "user:1:2",
  "{user}",
  "{user}:1",
  " ",
  "a b",
  "a b ",
  "line\nbreak",
  "line\r\nbreak",
  "tab\t",
  "nul\u0000",
  'double "quotes"',
  "single 'quotes'",
  "back\\slash",
  "../../etc",
  "%2F",
  "$1",
  "\u2028",
  "é",
  "e\u0301",
  "😀",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "0",
  "x".repeat(10_240),
  `${"x".repeat(10_239)}y`,
];

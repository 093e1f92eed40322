import type { Episode } from "../episode.js";
import type { ExperienceStore, Selector } from "../store.js";
import { AWKWARD_NAMES, putAll, sampleEpisode, sampleReward, scannedIds } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

/** What one person's episodes are named by, other than by id. */
export const WIDE_SELECTORS: readonly Selector[] = [
  { threadId: "t" },
  { metadata: { user: "u" } },
  { metadata: { plan: 1, user: "u" } },
  { all: true },
];

export const theirs: Partial<Episode> = { threadId: "t", metadata: { user: "u", plan: 1 } };

export function forgetCases({ check, expect }: StoreCases): void {
  check("an episode that was deleted by its id is refused for good", async (open) => {
    let now = 1_000;
    const store = await open({ now: () => now });
    await putAll(store, [sampleEpisode("a"), sampleEpisode("b")]);
    await store.delete({ episodeId: "a" });
    now = 9_000;
    for (const [at, expectedRevision] of [
      [0, 0],
      [0, 1],
      [1_001, 0],
      [9_000, 0],
    ] as const) {
      const late = sampleEpisode("a", { at, rewards: [sampleReward("r")] });
      expect(await store.put(late, { expectedRevision })).toEqual({ status: "forgotten" });
    }
    expect(await scannedIds(store)).toEqual(["b"]);
  });

  check("an episode that was deleted before it arrived is refused when it arrives", async (open) => {
    const store = await open({ now: () => 1_000 });
    await store.delete({ episodeId: "a" });
    await store.delete({ threadId: "t" });
    expect(await statusOf(store, sampleEpisode("a"))).toBe("forgotten");
    expect(await statusOf(store, sampleEpisode("b", { threadId: "t" }))).toBe("forgotten");
    expect(await statusOf(store, sampleEpisode("c"))).toBe("stored");
  });

  for (const selector of WIDE_SELECTORS) {
    check(
      `after deletion by ${JSON.stringify(selector)} only what began before it is refused`,
      async (open) => {
        let now = 1_000;
        const store = await open({ now: () => now });
        await putAll(store, [sampleEpisode("a", theirs)]);
        expect(await store.delete(selector)).toEqual({ ids: ["a"] });
        now = 5_000;
        expect(await statusOf(store, sampleEpisode("a", theirs))).toBe("forgotten");
        expect(await statusOf(store, sampleEpisode("b", { ...theirs, at: 999 }))).toBe("forgotten");
        expect(await statusOf(store, sampleEpisode("c", { ...theirs, at: 1_000 }))).toBe("forgotten");
        expect(await statusOf(store, sampleEpisode("d", { ...theirs, at: 1_001 }))).toBe("stored");
        expect(await statusOf(store, sampleEpisode("a", { ...theirs, at: 1_002 }))).toBe("stored");
        const others = sampleEpisode("e", { threadId: "T", metadata: { user: "U", plan: 1 } });
        expect(await statusOf(store, others)).toBe("all" in selector ? "forgotten" : "stored");
        expect((await store.delete(selector)).ids.length).toBe(2);
        expect(await statusOf(store, sampleEpisode("f", { ...theirs, at: 4_999 }))).toBe("forgotten");
      },
    );
  }

  check("of two deletions of one thing the later holds, also when the clock went back", async (open) => {
    let now = 2_000;
    const store = await open({ now: () => now });
    await store.delete({ threadId: "t" });
    now = 1_000;
    await store.delete({ threadId: "t" });
    expect(await statusOf(store, sampleEpisode("a", { ...theirs, at: 1_500 }))).toBe("forgotten");
  });

  check("what was forgotten is not mistaken for its like", async (open) => {
    const store = await open({ now: () => 1_000 });
    const forgotten = AWKWARD_NAMES.filter((_, i) => i % 2 === 0);
    for (const name of forgotten) {
      await store.delete({ episodeId: name });
      await store.delete({ threadId: name });
      await store.delete({ metadata: { user: name } });
    }
    for (const [i, name] of AWKWARD_NAMES.entries()) {
      const expected = forgotten.includes(name) ? "forgotten" : "stored";
      expect(await statusOf(store, sampleEpisode(name))).toBe(expected);
      expect(await statusOf(store, sampleEpisode(`t${i}`, { threadId: name }))).toBe(expected);
      expect(await statusOf(store, sampleEpisode(`u${i}`, { metadata: { user: name } }))).toBe(expected);
      expect(await statusOf(store, sampleEpisode(`k${i}`, { metadata: { name } }))).toBe("stored");
    }
  });

  check("an episode that is put while it is deleted is not there afterwards", async (open) => {
    const store = await open({ now: () => 1_000 });
    const selectors: Selector[] = [];
    const work: Promise<unknown>[] = [];
    for (let i = 0; i < 60; i++) {
      const [id, threadId, user] = [`e${i}`, `t${i}`, `u${i}`];
      // Keys of their own, so that some puts meet keys that nothing was forgotten by before.
      const key = `user${i}`;
      const choices: Selector[] = [{ episodeId: id }, { threadId }, { metadata: { [key]: user } }];
      const selector = choices[i % 3]!;
      const episode = sampleEpisode(id, { threadId, metadata: { [key]: user } });
      const put = () => store.put(episode, { expectedRevision: 0 });
      const erase = () => store.delete(selector);
      work.push(...(i % 2 === 0 ? [put(), erase()] : [erase(), put()]));
      selectors.push(selector);
    }
    await Promise.all(work);
    expect(await scannedIds(store)).toEqual([]);
    for (const selector of selectors) expect(await store.delete(selector)).toEqual({ ids: [] });
  });
}

export async function statusOf(store: ExperienceStore, episode: Episode): Promise<string> {
  return (await store.put(episode, { expectedRevision: 0 })).status;
}

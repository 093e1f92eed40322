import type { StoredEpisode } from "../store.js";
import { putAll, sampleEpisode, scanned } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

export function scanCases({ check, expect }: StoreCases): void {
  check("an empty store scans as nothing", async (open) => {
    const store = await open();
    expect(await scanned(store)).toEqual([]);
    expect(await store.stats()).toEqual({ episodes: 0, setAside: 0 });
  });

  check("a scan gives what get gives, in order of sequence, every time", async (open) => {
    const store = await open();
    const ids = Array.from({ length: 120 }, (_, i) => `e${(i * 37) % 120}`);
    await putAll(
      store,
      ids.map((id) => sampleEpisode(id)),
    );
    const episodes = await scanned(store);
    expect(episodes.map(({ id }) => id)).toEqual(ids);
    expect(await Promise.all(ids.map((id) => store.get(id)))).toEqual(episodes);
    expect(await scanned(store)).toEqual(episodes);
  });

  check("while others write and delete, what is there throughout comes exactly once", async (open) => {
    const store = await open({ now: () => 1_000 });
    const ids = Array.from({ length: 60 }, (_, i) => `e${i}`);
    await putAll(
      store,
      ids.map((id, i) => sampleEpisode(id, { threadId: `t${i}` })),
    );
    const seen: StoredEpisode[] = [];
    const deleted = new Set<string>();
    for await (const episode of store.scan()) {
      const i = seen.length;
      seen.push(episode);
      if (i >= 30) continue;
      await store.put(sampleEpisode(`new${i}`), { expectedRevision: 0 });
      // Ahead of the scan and behind it; some that were deleted come again, as new arrivals.
      const victim = (i * 7 + 3) % 60;
      await store.delete({ threadId: `t${victim}` });
      deleted.add(`e${victim}`);
      if (i % 2 === 0) await store.put(sampleEpisode(`e${victim}`, { at: 2_000 }), { expectedRevision: 0 });
      const revised = `e${(i * 11 + 5) % 60}`;
      const held = await store.get(revised);
      if (held) await store.put({ ...held, end: "failed" }, { expectedRevision: held.revision });
    }
    const throughout = ids.filter((id) => !deleted.has(id));
    for (const id of throughout) expect(seen.filter((episode) => episode.id === id).length).toBe(1);
    expect(new Set(seen.map(({ sequence }) => sequence)).size).toBe(seen.length);
    expect(seen.every(({ sequence }, i) => i === 0 || sequence > seen[i - 1]!.sequence)).toBe(true);
  });

  check("a scan may be left early, and scans do not disturb each other", async (open) => {
    const store = await open();
    const ids = ["a", "b", "c"];
    await putAll(
      store,
      ids.map((id) => sampleEpisode(id)),
    );
    for await (const { id } of store.scan()) {
      expect(id).toBe("a");
      break;
    }
    const all = await Promise.all([scanned(store), scanned(store)]);
    expect(all.map((episodes) => episodes.map(({ id }) => id))).toEqual([ids, ids]);
  });
}

import {
  AWKWARD_NAMES,
  codeOf,
  putAll,
  sampleEpisode,
  sampleReward,
  scanned,
  scannedIds,
} from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";
import { statusOf, theirs, WIDE_SELECTORS } from "./store-forget-cases.js";

export function reopenCases({ check, expect }: StoreCases, retention: boolean): void {
  check(
    "a reopened store holds the same episodes, revisions and sequences, in the same order",
    async (open, reopen) => {
      let store = await open();
      await putAll(
        store,
        [...AWKWARD_NAMES, "\ud800"].map((id) =>
          sampleEpisode(id, { threadId: id, metadata: Object.fromEntries([[id, id]]) }),
        ),
      );
      for (const id of ["ab", "*", "__proto__"]) {
        await store.put(sampleEpisode(id, { rewards: [sampleReward("r")] }), { expectedRevision: 1 });
      }
      const before = await scanned(store);
      expect(before.length).toBe(AWKWARD_NAMES.length + 1);
      for (let round = 0; round < 2; round++) {
        store = await reopen(store);
        expect(await scanned(store)).toEqual(before);
        expect((await store.get("ab"))?.revision).toBe(2);
        expect(await store.stats()).toEqual({ episodes: before.length, setAside: 0 });
      }
    },
  );

  check("after reopening, duplicates and conflicts are found as before", async (open, reopen) => {
    let store = await open();
    await putAll(store, [sampleEpisode("a")]);
    await store.put(sampleEpisode("a", { end: "failed" }), { expectedRevision: 1 });
    store = await reopen(store);
    expect(await statusOf(store, sampleEpisode("a", { end: "failed" }))).toBe("duplicate");
    expect(await store.put(sampleEpisode("a"), { expectedRevision: 1 })).toEqual({
      status: "conflict",
      revision: 2,
    });
    const next = await store.put(sampleEpisode("a"), { expectedRevision: 2 });
    expect(next.status === "stored" && next.revision).toBe(3);
  });

  check(
    "after reopening, new sequences go on after the old ones, also after those of what was deleted",
    async (open, reopen) => {
      let store = await open();
      await putAll(store, [sampleEpisode("a"), sampleEpisode("b"), sampleEpisode("c")]);
      const last = (await store.get("c"))?.sequence ?? Number.NaN;
      await store.delete({ episodeId: "c" });
      store = await reopen(store);
      await putAll(store, [sampleEpisode("d")]);
      const next = (await store.get("d"))?.sequence ?? Number.NaN;
      expect(next > last).toBe(true);
      expect(await scannedIds(store)).toEqual(["a", "b", "d"]);
    },
  );

  check("what was deleted is gone and stays forgotten after reopening", async (open, reopen) => {
    let store = await open({ now: () => 1_000 });
    await putAll(store, [sampleEpisode("a"), sampleEpisode("b")]);
    await store.delete({ episodeId: "a" });
    for (let round = 0; round < 2; round++) {
      store = await reopen(store, { now: () => 5_000 });
      expect(await scannedIds(store)).toEqual(["b"]);
      expect(await statusOf(store, sampleEpisode("a", { at: 4_000 }))).toBe("forgotten");
    }
  });

  for (const selector of WIDE_SELECTORS) {
    check(`deletion by ${JSON.stringify(selector)} holds after reopening`, async (open, reopen) => {
      let store = await open({ now: () => 1_000 });
      await putAll(store, [sampleEpisode("a", theirs)]);
      await store.delete(selector);
      store = await reopen(store, { now: () => 5_000 });
      expect(await scannedIds(store)).toEqual([]);
      expect(await statusOf(store, sampleEpisode("b", { ...theirs, at: 1_000 }))).toBe("forgotten");
      expect(await statusOf(store, sampleEpisode("c", { ...theirs, at: 1_001 }))).toBe("stored");
    });
  }

  check("what was acknowledged while a store was being closed is there afterwards", async (open, reopen) => {
    const store = await open();
    const ids = Array.from({ length: 10 }, (_, i) => `e${i}`);
    const codes = ids.map((id) => codeOf(() => store.put(sampleEpisode(id), { expectedRevision: 0 })));
    const reopened = await reopen(store);
    const acknowledged: string[] = [];
    for (const [i, code] of codes.entries()) if ((await code) === "none") acknowledged.push(ids[i]!);
    expect(await scannedIds(reopened)).toEqual(acknowledged);
  });

  if (!retention) return;
  check("other limits apply when a store is opened with them", async (open, reopen) => {
    let store = await open();
    await putAll(
      store,
      [0, 100, 200, 300].map((at) => sampleEpisode(`e${at}`, { at })),
    );
    store = await reopen(store, { maxAge: 250, now: () => 300 });
    expect(await scannedIds(store)).toEqual(["e100", "e200", "e300"]);
    store = await reopen(store, { capacity: 1 });
    expect(await scannedIds(store)).toEqual(["e300"]);
    store = await reopen(store);
    expect(await scannedIds(store)).toEqual(["e300"]);
  });
}

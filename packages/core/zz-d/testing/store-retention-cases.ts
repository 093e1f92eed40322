import type { StoreChange } from "../store.js";
import { codeOf, putAll, sampleEpisode, scannedIds, settled } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

export function retentionCases({ check, expect }: StoreCases): void {
  check("beyond its capacity a store removes the first arrivals, and says so", async (open) => {
    const store = await open({ capacity: 3 });
    const changes: StoreChange[] = [];
    store.watch((change) => changes.push(change));
    await putAll(
      store,
      ["a", "b", "c", "d"].map((id) => sampleEpisode(id)),
    );
    expect(await scannedIds(store)).toEqual(["b", "c", "d"]);
    // A revision keeps its place, so "b" is still the first to go.
    await store.put(sampleEpisode("b", { end: "failed" }), { expectedRevision: 1 });
    await putAll(store, [sampleEpisode("e")]);
    expect(await scannedIds(store)).toEqual(["c", "d", "e"]);
    expect((await store.stats()).episodes).toBe(3);
    const gone = () => changes.flatMap((change) => (change.type === "deleted" ? change.ids : []));
    await settled(() => gone().length >= 2);
    expect(gone()).toEqual(["a", "b"]);
  });

  check("an evicted episode is not forgotten: it may come again, as a new arrival", async (open) => {
    const store = await open({ capacity: 2 });
    await putAll(
      store,
      ["a", "b", "c", "a"].map((id) => sampleEpisode(id)),
    );
    expect(await scannedIds(store)).toEqual(["c", "a"]);
    expect((await store.get("a"))?.revision).toBe(1);
  });

  check("beyond its age an episode goes at the next put", async (open) => {
    let now = 1_000;
    const store = await open({ maxAge: 500, now: () => now });
    const changes: StoreChange[] = [];
    store.watch((change) => changes.push(change));
    await putAll(store, [
      sampleEpisode("new", { at: 1_400 }),
      sampleEpisode("old", { at: 600 }),
      sampleEpisode("edge", { at: 700 }),
    ]);
    now = 1_200;
    await putAll(store, [sampleEpisode("now", { at: 1_200 })]);
    expect(await scannedIds(store)).toEqual(["new", "edge", "now"]);
    const gone = () => changes.flatMap((change) => (change.type === "deleted" ? change.ids : []));
    await settled(() => gone().length >= 1);
    expect(gone()).toEqual(["old"]);
  });

  check("what age removes does not count against the capacity", async (open) => {
    let now = 1_000;
    const store = await open({ maxAge: 500, capacity: 2, now: () => now });
    await putAll(store, [sampleEpisode("new", { at: 1_000 }), sampleEpisode("old", { at: 600 })]);
    now = 1_200;
    await putAll(store, [sampleEpisode("now", { at: 1_200 })]);
    expect(await scannedIds(store)).toEqual(["new", "now"]);
  });

  check("limits that allow nothing are refused", async (open) => {
    for (const limits of [{ capacity: 0 }, { capacity: Number.NaN }, { maxAge: 0 }, { maxAge: -1 }]) {
      expect(await codeOf(() => open(limits))).toBe("invalid-input");
    }
  });
}

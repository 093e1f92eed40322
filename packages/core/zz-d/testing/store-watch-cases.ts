import type { StoreChange, StoredEpisode } from "../store.js";
import { putAll, sampleEpisode, scanned, settled } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

export function watchCases({ check, expect }: StoreCases): void {
  check("a watcher is told of every change in order, its own included, and of nothing else", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("before")]);
    const changes: StoreChange[] = [];
    store.watch((change) => changes.push(change));
    await putAll(store, [sampleEpisode("a"), sampleEpisode("b", { threadId: "t" })]);
    await store.put(sampleEpisode("a", { end: "failed" }), { expectedRevision: 1 });
    await store.put(sampleEpisode("a", { end: "failed" }), { expectedRevision: 1 }); // duplicate
    await store.put(sampleEpisode("a"), { expectedRevision: 1 }); // conflict
    await store.delete({ episodeId: "a" });
    await store.put(sampleEpisode("a"), { expectedRevision: 0 }); // forgotten
    await store.delete({ episodeId: "nothing" });
    await store.delete({ threadId: "t" });
    await putAll(store, [sampleEpisode("c")]);
    const expected: StoreChange[] = [
      { type: "put", id: "a", revision: 1 },
      { type: "put", id: "b", revision: 1 },
      { type: "put", id: "a", revision: 2 },
      { type: "deleted", ids: ["a"] },
      { type: "deleted", ids: ["b"] },
      { type: "put", id: "c", revision: 1 },
    ];
    const told = () => changes.filter(({ type }) => type !== "reset");
    await settled(() => told().length >= expected.length);
    expect(told()).toEqual(expected);
  });

  check("a watcher is no longer told after it ended, and others still are", async (open) => {
    const store = await open();
    const [first, second]: [string[], string[]] = [[], []];
    const end = store.watch((change) => change.type === "put" && first.push(change.id));
    store.watch((change) => change.type === "put" && second.push(change.id));
    await putAll(store, [sampleEpisode("a")]);
    await settled(() => first.length > 0 && second.length > 0);
    end();
    end();
    await putAll(store, [sampleEpisode("b")]);
    await settled(() => second.length > 1);
    expect([first, second]).toEqual([["a"], ["a", "b"]]);
  });

  check("what a watcher is told of is there when it looks", async (open) => {
    const store = await open();
    const looks: Promise<[number, StoredEpisode | undefined]>[] = [];
    store.watch((change) => {
      if (change.type !== "put") return;
      looks.push(store.get(change.id).then((episode) => [change.revision, episode]));
    });
    await putAll(store, [sampleEpisode("a")]);
    await store.put(sampleEpisode("a", { end: "failed" }), { expectedRevision: 1 });
    await settled(() => looks.length === 2);
    const seen = await Promise.all(looks);
    expect(seen.length).toBe(2);
    for (const [revision, episode] of seen) expect((episode?.revision ?? 0) >= revision).toBe(true);
  });

  check("who follows the changes arrives at what the store holds", async (open) => {
    const store = await open({ now: () => 1_000 });
    await putAll(
      store,
      Array.from({ length: 10 }, (_, i) => sampleEpisode(`e${i}`)),
    );
    const copy = new Map<string, StoredEpisode>();
    let line = Promise.resolve();
    const readAll = async () => {
      copy.clear();
      for await (const episode of store.scan()) copy.set(episode.id, episode);
    };
    const take = async (change: StoreChange) => {
      if (change.type === "reset") return readAll();
      if (change.type === "deleted") for (const id of change.ids) copy.delete(id);
      else {
        const episode = await store.get(change.id);
        if (episode) copy.set(change.id, episode);
        else copy.delete(change.id);
      }
    };
    store.watch((change) => {
      line = line.then(() => take(change));
    });
    line = line.then(readAll);
    await Promise.all(
      Array.from({ length: 80 }, async (_, i) => {
        const id = `e${i % 20}`;
        if (i % 9 === 0) await store.delete({ episodeId: id });
        const held = await store.get(id);
        const changed = sampleEpisode(id, { describedBy: `${i}` });
        await store.put(changed, { expectedRevision: held?.revision ?? 0 });
      }),
    );
    const held = await scanned(store);
    const followed = async () => {
      await line;
      return [...copy.values()].sort((a, b) => a.sequence - b.sequence);
    };
    await settled(async () => JSON.stringify(await followed()) === JSON.stringify(held));
    expect(await followed()).toEqual(held);
  });
}

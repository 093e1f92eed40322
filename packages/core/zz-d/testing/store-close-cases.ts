import { codeOf, putAll, sampleEpisode, scanned } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

export function closeCases({ check, expect }: StoreCases): void {
  check("a closed store refuses everything but to be closed again", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a"), sampleEpisode("b")]);
    await store.close();
    const calls: (() => unknown)[] = [
      () => store.put(sampleEpisode("c"), { expectedRevision: 0 }),
      () => store.get("a"),
      () => store.delete({ episodeId: "a" }),
      () => store.delete({ all: true }),
      () => scanned(store),
      () => store.stats(),
      () => store.watch(() => {}),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe("memory-closed");
    await store.close();
    await Promise.all([store.close(), store.close()]);
  });

  check("what was begun before closing is done or refused, never left hanging", async (open) => {
    const store = await open();
    const puts = Array.from({ length: 10 }, (_, i) =>
      codeOf(() => store.put(sampleEpisode(`e${i}`), { expectedRevision: 0 })),
    );
    await store.close();
    for (const code of await Promise.all(puts)) expect(["none", "memory-closed"].includes(code)).toBe(true);
  });

  check("a scan that a close overtakes ends or is refused", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a"), sampleEpisode("b"), sampleEpisode("c")]);
    const scan = store.scan()[Symbol.asyncIterator]();
    expect((await scan.next()).done).toBe(false);
    await store.close();
    const rest = await codeOf(async () => {
      while (!(await scan.next()).done);
    });
    expect(["none", "memory-closed"].includes(rest)).toBe(true);
  });
}

import type { Episode } from "../episode.js";
import type { Selector } from "../store.js";
import { AWKWARD_NAMES, codeOf, putAll, sampleEpisode, scannedIds } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

/** Ways in which a name comes into an episode, and the selector that names it so. */
const places: readonly {
  readonly what: string;
  readonly episode: (name: string, i: number) => Episode;
  readonly selector: (name: string) => Selector;
}[] = [
  {
    what: "an id",
    episode: (name) => sampleEpisode(name),
    selector: (episodeId) => ({ episodeId }),
  },
  {
    what: "a thread",
    episode: (name, i) => sampleEpisode(`e${i}`, { threadId: name }),
    selector: (threadId) => ({ threadId }),
  },
  {
    what: "the value of a metadata key",
    episode: (name, i) => sampleEpisode(`e${i}`, { metadata: { user: name, plan: "p" } }),
    selector: (user) => ({ metadata: { user } }),
  },
  {
    what: "a metadata key",
    episode: (name, i) => sampleEpisode(`e${i}`, { metadata: Object.fromEntries([[name, true]]) }),
    selector: (name) => ({ metadata: Object.fromEntries([[name, true]]) }),
  },
];

export function deleteCases({ check, expect }: StoreCases): void {
  for (const { what, episode, selector } of places) {
    check(`deletion by ${what} deletes exactly what it names, also by awkward names`, async (open) => {
      const store = await open();
      const episodes = AWKWARD_NAMES.map(episode);
      await putAll(store, episodes);
      let left = episodes.map(({ id }) => id);
      for (const [i, name] of AWKWARD_NAMES.entries()) {
        const id = episodes[i]!.id;
        expect(await store.delete(selector(name))).toEqual({ ids: [id] });
        left = left.filter((other) => other !== id);
        expect(await store.get(id)).toBe(undefined);
        expect(await scannedIds(store)).toEqual(left);
      }
    });
  }

  check("deletion by metadata takes all entries, and their types, as given", async (open) => {
    const store = await open();
    await putAll(store, [
      sampleEpisode("both", { metadata: { user: "u", plan: 1, beta: true } }),
      sampleEpisode("user", { metadata: { user: "u" } }),
      sampleEpisode("text", { metadata: { user: "u", plan: "1" } }),
      sampleEpisode("true", { metadata: { user: "u", plan: true } }),
      sampleEpisode("none"),
    ]);
    expect(await store.delete({ metadata: { plan: 1, user: "u" } })).toEqual({ ids: ["both"] });
    expect(await store.delete({ metadata: { toString: "u" } })).toEqual({ ids: [] });
    expect([...(await store.delete({ metadata: { user: "u" } })).ids].sort()).toEqual([
      "text",
      "true",
      "user",
    ]);
    expect(await scannedIds(store)).toEqual(["none"]);
  });

  check("a thread's episodes go all, and no others", async (open) => {
    const store = await open();
    await putAll(store, [
      sampleEpisode("1", { threadId: "t" }),
      sampleEpisode("2"),
      sampleEpisode("3", { threadId: "t" }),
      sampleEpisode("t", { threadId: "T" }),
    ]);
    expect([...(await store.delete({ threadId: "t" })).ids].sort()).toEqual(["1", "3"]);
    expect(await scannedIds(store)).toEqual(["2", "t"]);
  });

  check("deletion of all leaves nothing", async (open) => {
    const store = await open();
    await putAll(
      store,
      AWKWARD_NAMES.map((id) => sampleEpisode(id)),
    );
    const { ids } = await store.delete({ all: true });
    expect([...ids].sort()).toEqual([...AWKWARD_NAMES].sort());
    expect(await scannedIds(store)).toEqual([]);
    expect((await store.stats()).episodes).toBe(0);
  });

  check("deletion of what is not there deletes nothing", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a", { threadId: "t", metadata: { user: "u" } })]);
    for (const selector of [{ episodeId: "b" }, { threadId: "a" }, { metadata: { user: "t" } }] as const) {
      expect(await store.delete(selector)).toEqual({ ids: [] });
    }
    expect(await scannedIds(store)).toEqual(["a"]);
  });

  check("a selector that names nothing or two things is refused and deletes nothing", async (open) => {
    const store = await open({ now: () => 1_000 });
    await putAll(store, [sampleEpisode("a", { threadId: "t", metadata: { user: "u" } })]);
    const both = { episodeId: "a", threadId: "t" };
    for (const selector of [{ metadata: {} }, { episodeId: "" }, { threadId: "" }, both]) {
      expect(await codeOf(() => store.delete(selector))).toBe("invalid-input");
    }
    expect(await scannedIds(store)).toEqual(["a"]);
    await putAll(store, [sampleEpisode("b", { threadId: "t", metadata: { user: "u" } })]);
  });
}

import type { Episode } from "../episode.js";
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

export function putCases({ check, expect }: StoreCases): void {
  check("what was put can be got, as revision 1", async (open) => {
    const store = await open();
    const result = await store.put(sampleEpisode("a"), { expectedRevision: 0 });
    const got = await store.get("a");
    expect(result).toEqual({ status: "stored", revision: 1, sequence: got?.sequence });
    expect(got).toEqual({ ...sampleEpisode("a"), revision: 1, sequence: got?.sequence });
    expect(await store.stats()).toEqual({ episodes: 1, setAside: 0 });
  });

  check("what is not there is undefined, also under the names of what objects inherit", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a")]);
    for (const id of ["b", "__proto__", "constructor", "toString"])
      expect(await store.get(id)).toBe(undefined);
  });

  check("a changed episode becomes the next revision", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a")]);
    const changed = sampleEpisode("a", { rewards: [sampleReward("r")] });
    const result = await store.put(changed, { expectedRevision: 1 });
    const got = await store.get("a");
    expect(result).toEqual({ status: "stored", revision: 2, sequence: got?.sequence });
    expect(got).toEqual({ ...changed, revision: 2, sequence: got?.sequence });
    expect((await store.stats()).episodes).toBe(1);
  });

  check("a put that expects another revision is a conflict and changes nothing", async (open) => {
    const store = await open();
    const changed = sampleEpisode("a", { rewards: [sampleReward("r")] });
    expect(await store.put(changed, { expectedRevision: 3 })).toEqual({ status: "conflict", revision: 0 });
    expect(await store.get("a")).toBe(undefined);
    await putAll(store, [sampleEpisode("a")]);
    for (const expectedRevision of [0, 2, -1]) {
      expect(await store.put(changed, { expectedRevision })).toEqual({ status: "conflict", revision: 1 });
    }
    expect((await store.get("a"))?.rewards).toEqual([]);
  });

  check("the revision inside the episode is not looked at", async (open) => {
    const store = await open();
    const result = await store.put(sampleEpisode("a", { revision: 7 }), { expectedRevision: 0 });
    expect(result.status === "stored" && result.revision).toBe(1);
    const again = await store.put(sampleEpisode("a", { revision: 9 }), { expectedRevision: 0 });
    expect(again).toEqual({ ...result, status: "duplicate" });
  });

  check("the same content again is a duplicate, whatever revision is expected", async (open) => {
    const store = await open();
    const episode = sampleEpisode("a", { metadata: { user: "u", plan: "p" } });
    const first = await store.put(episode, { expectedRevision: 0 });
    const reordered = sampleEpisode("a", { metadata: { plan: "p", user: "u" } });
    for (const expectedRevision of [0, 1, 2, 17]) {
      expect(await store.put(reordered, { expectedRevision })).toEqual({ ...first, status: "duplicate" });
    }
    expect((await store.get("a"))?.revision).toBe(1);
  });

  check("an older content does not come back by a put that expects an older revision", async (open) => {
    const store = await open();
    const newer = sampleEpisode("a", { rewards: [sampleReward("r")] });
    await putAll(store, [sampleEpisode("a")]);
    await store.put(newer, { expectedRevision: 1 });
    for (const expectedRevision of [0, 1]) {
      const late = await store.put(sampleEpisode("a"), { expectedRevision });
      expect(late).toEqual({ status: "conflict", revision: 2 });
    }
    expect((await store.get("a"))?.rewards).toEqual(newer.rewards);
    const meant = await store.put(sampleEpisode("a"), { expectedRevision: 2 });
    expect(meant.status === "stored" && meant.revision).toBe(3);
  });

  check("sequences ascend by first arrival and are kept by revisions", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("b"), sampleEpisode("a"), sampleEpisode("c")]);
    const before = await scanned(store);
    await store.put(sampleEpisode("b", { end: "failed" }), { expectedRevision: 1 });
    const after = await scanned(store);
    expect(before.map(({ id }) => id)).toEqual(["b", "a", "c"]);
    expect(after.map(({ id, sequence }) => [id, sequence])).toEqual(
      before.map(({ id, sequence }) => [id, sequence]),
    );
    expect(before.every(({ sequence }, i) => i === 0 || sequence > before[i - 1]!.sequence)).toBe(true);
    expect((await store.get("b"))?.sequence).toBe(before[0]?.sequence);
  });

  check("of puts of one new id at the same time exactly one is stored", async (open) => {
    const store = await open();
    const episodes = Array.from({ length: 20 }, (_, i) =>
      sampleEpisode("a", { rewards: [sampleReward(`r${i}`)] }),
    );
    const results = await Promise.all(episodes.map((episode) => store.put(episode, { expectedRevision: 0 })));
    const stored = results.flatMap(({ status }, i) => (status === "stored" ? [i] : []));
    expect(stored.length).toBe(1);
    expect(results.filter(({ status }) => status === "conflict").length).toBe(19);
    const got = await store.get("a");
    expect(got?.revision).toBe(1);
    expect(got?.rewards).toEqual(episodes[stored[0]!]?.rewards);
  });

  check(
    "of puts of one content at the same time one is stored and the others are duplicates",
    async (open) => {
      const store = await open();
      const puts = Array.from({ length: 20 }, () => store.put(sampleEpisode("a"), { expectedRevision: 0 }));
      const statuses = (await Promise.all(puts)).map(({ status }) => status).sort();
      expect(statuses).toEqual([...Array.from({ length: 19 }, () => "duplicate"), "stored"]);
      expect((await store.stats()).episodes).toBe(1);
    },
  );

  check("puts of different ids at the same time get different sequences", async (open) => {
    const store = await open();
    const ids = Array.from({ length: 30 }, (_, i) => `e${i}`);
    await Promise.all(ids.map((id) => store.put(sampleEpisode(id), { expectedRevision: 0 })));
    const episodes = await scanned(store);
    expect(new Set(episodes.map(({ sequence }) => sequence)).size).toBe(30);
    expect(episodes.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  check("ids with awkward characters are ids like others", async (open) => {
    const store = await open();
    await putAll(
      store,
      AWKWARD_NAMES.map((id) => sampleEpisode(id)),
    );
    expect(await scannedIds(store)).toEqual(AWKWARD_NAMES);
    for (const id of AWKWARD_NAMES) expect((await store.get(id))?.id).toBe(id);
  });

  check("an invalid episode is refused and changes nothing", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a")]);
    const [step] = sampleEpisode("a").steps;
    if (!step) throw new Error("Expected the sample to have a step.");
    const invalid: Episode[] = [
      sampleEpisode(""),
      sampleEpisode("b", { steps: [] }),
      sampleEpisode("b", { at: Number.NaN }),
      sampleEpisode("b", { threadId: "" }),
      sampleEpisode("b", { metadata: { score: Number.POSITIVE_INFINITY } }),
      sampleEpisode("b", { rewards: [sampleReward("r", Number.NaN)] }),
      sampleEpisode("b", { rewards: [sampleReward("r", Number.NEGATIVE_INFINITY)] }),
      sampleEpisode("b", { rewards: [{ ...sampleReward("r"), step: 1 }] }),
      sampleEpisode("b", { steps: [step, step] }),
      sampleEpisode("b", {
        steps: [
          { ...step, t: 1 },
          { ...step, id: "1", t: 0 },
        ],
      }),
      sampleEpisode("b", { steps: [{ ...step, action: "" }] }),
      sampleEpisode("b", { steps: [{ ...step, payload: { amount: Number.NaN } }] }),
      sampleEpisode("b", { steps: [{ ...step, state: { features: {} } }] }),
    ];
    for (const episode of invalid) {
      expect(await codeOf(() => store.put(episode, { expectedRevision: 0 }))).toBe("invalid-input");
      expect(await codeOf(() => store.put({ ...episode, id: "a" }, { expectedRevision: 1 }))).toBe(
        episode.id === "" ? "none" : "invalid-input",
      );
    }
    expect(await scannedIds(store)).toEqual(["a"]);
    expect((await store.get("a"))?.revision).toBe(1);
  });
}

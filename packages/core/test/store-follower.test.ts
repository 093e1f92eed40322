import { type ExperienceStore, InMemoryExperienceStore, type JitRLError, openMemory } from "@jitrl/core";
import { sampleEpisode } from "@jitrl/core/testing";
import { expect, test, vi } from "vitest";

const ids = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`);

/** A store that others write to: all that is there is known by its changes. */
class SharedStore extends InMemoryExperienceStore implements ExperienceStore {
  /** Episodes that cannot be read. */
  readonly broken = new Set<string>();
  reading = 0;
  mostReading = 0;

  override async get(id: string) {
    this.mostReading = Math.max(this.mostReading, ++this.reading);
    try {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (this.broken.has(id)) throw new Error(`${id} is broken`);
      return await super.get(id);
    } finally {
      this.reading--;
    }
  }
}

test("many changes that wait are read together, and the last one in the store is the last one here", async () => {
  const store = new SharedStore();
  const memory = await openMemory({ store });
  for (const id of ids(200)) await store.put(sampleEpisode(id), { expectedRevision: 0 });
  await store.delete({ episodeId: "e7" });
  for (const id of ["e8", "e9"]) {
    await store.put(sampleEpisode(id, { metadata: { again: true } }), { expectedRevision: 1 });
  }
  await vi.waitFor(async () => expect(await memory.stats()).toMatchObject({ episodes: 199 }), 10_000);
  expect(store.mostReading).toBeGreaterThan(10);
  expect(store.mostReading).toBeLessThan(100);
  await memory.close();
});

test("what cannot be read is told, and keeps nothing else back", async () => {
  const store = new SharedStore();
  const errors: JitRLError[] = [];
  const memory = await openMemory({ store, onError: (error) => errors.push(error) });
  store.broken.add("e1");
  for (const id of ids(3)) await store.put(sampleEpisode(id), { expectedRevision: 0 });
  await vi.waitFor(async () => expect(await memory.stats()).toMatchObject({ episodes: 2 }), 10_000);
  expect(errors.map(({ code, message }) => [code, message])).toEqual([
    ["memory-failed", "A change in the store could not be taken over: e1 is broken"],
  ]);
  await memory.close();
});

test("a long load lets others have their turn", async () => {
  const store = new InMemoryExperienceStore();
  for (const id of ids(800)) {
    const words = Array.from({ length: 60 }, (_, i) => `${id} ${i}`);
    const [step] = sampleEpisode(id).steps;
    const state = { features: { text: { tokens: words, weight: 1 } } };
    const reward = { id: "r", value: 1, source: "human", at: 0 } as const;
    await store.put(sampleEpisode(id, { steps: [{ ...step!, state }], rewards: [reward] }), {
      expectedRevision: 0,
    });
  }
  const loading = openMemory({ store });
  let turns = 0;
  let loaded = false;
  const count = () => {
    turns++;
    if (!loaded) setImmediate(count);
  };
  setImmediate(count);
  const memory = await loading;
  loaded = true;
  expect(turns).toBeGreaterThan(1);
  expect((await memory.stats()).episodes).toBe(800);
  await memory.close();
});

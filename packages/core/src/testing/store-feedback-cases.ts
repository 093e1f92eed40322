import { ExperienceMemory } from "../memory.js";
import type { ExperienceStore } from "../store.js";
import { putAll, sampleEpisode, sampleReward } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

export function feedbackCases({ check, expect }: StoreCases): void {
  check("50 loops of get and put on one episode at the same time all land", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a")]);
    const names = Array.from({ length: 50 }, (_, i) => `r${i}`);
    await Promise.all(names.map((name) => addReward(store, name)));
    const got = await store.get("a");
    expect(got?.revision).toBe(51);
    expect(got?.rewards.map(({ id }) => id).sort()).toEqual([...names].sort());
  });

  check("feedback through a memory that comes twice counts once", async (open) => {
    const store = await open();
    const memory = new ExperienceMemory({ store });
    await memory.ready();
    await memory.learn(sampleEpisode("a"));
    const ids = Array.from({ length: 25 }, (_, i) => `r${i % 20}`);
    const receipts = await Promise.all(ids.map((id) => memory.feedback("a", { reward: 1, id })));
    expect(receipts.filter(({ status }) => status === "stored").length).toBe(20);
    expect(receipts.filter(({ status }) => status === "duplicate").length).toBe(5);
    expect((await memory.feedback("a", { reward: 1, id: "r0" })).status).toBe("duplicate");
    expect((await store.get("a"))?.rewards.length).toBe(20);
    await memory.close();
  });

  check("two memories on one store see each other's episodes and feedback", async (open) => {
    const store = await open();
    const [one, other] = [new ExperienceMemory({ store }), new ExperienceMemory({ store })];
    await Promise.all([one.ready(), other.ready()]);
    await one.learn(sampleEpisode("a"));
    await Promise.all([
      one.feedback("a", { reward: 1, id: "r1" }),
      other.feedback("a", { reward: 1, id: "r2" }),
    ]);
    expect((await store.get("a"))?.rewards.map(({ id }) => id).sort()).toEqual(["r1", "r2"]);
    await one.close();
  });
}

async function addReward(store: ExperienceStore, name: string): Promise<void> {
  for (;;) {
    const held = await store.get("a");
    if (!held) throw new Error("The episode is gone.");
    const changed = { ...held, rewards: [...held.rewards, sampleReward(name)] };
    const { status } = await store.put(changed, { expectedRevision: held.revision });
    if (status === "stored") return;
    if (status !== "conflict")
      throw new Error(`Expected the put to be stored or a conflict, found ${status}.`);
  }
}

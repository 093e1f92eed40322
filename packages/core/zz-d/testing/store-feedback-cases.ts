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

  check("a judgement takes the place of the one before, while others give feedback", async (open) => {
    const store = await open();
    const [one, other] = [new ExperienceMemory({ store }), new ExperienceMemory({ store })];
    await Promise.all([one.ready(), other.ready()]);
    await one.learn({ ...sampleEpisode("a"), awaiting: ["judge:x"] });
    const judgement = (value: number) => ({ source: "judge:x" as const, rewards: [{ step: 0, value }] });
    await Promise.all([
      ...[1, 2, 3].map((value) => one.judge("a", judgement(value))),
      ...[4, 5, 6].map((value) => other.judge("a", judgement(value))),
      ...[1, 2, 3].map((i) => other.feedback("a", { reward: i, id: `r${i}` })),
    ]);
    await one.judge("a", judgement(7));
    const got = await store.get("a");
    expect(got?.rewards.map(({ id }) => id).sort()).toEqual(["judge:x#0", "r1", "r2", "r3"]);
    expect(got?.rewards.find(({ source }) => source === "judge:x")?.value).toBe(7);
    expect(got?.awaiting).toBe(undefined);
    await one.close();
  });

  check("what a source said is revoked once, also by two at the same time", async (open) => {
    const store = await open();
    const [one, other] = [new ExperienceMemory({ store }), new ExperienceMemory({ store })];
    await Promise.all([one.ready(), other.ready()]);
    const judged = { ...sampleReward("j"), source: "judge:x" as const };
    for (const id of ["a", "b", "c"])
      await one.learn(sampleEpisode(id, { rewards: [sampleReward("h"), judged] }));
    const receipts = await Promise.all([
      one.revoke({ source: "judge:x" }),
      other.revoke({ source: "judge:x" }),
      one.feedback("b", { reward: 1, id: "late" }),
    ]);
    expect([receipts[0].episodes + receipts[1].episodes, receipts[0].rewards + receipts[1].rewards]).toEqual([
      3, 3,
    ]);
    expect(await other.revoke({ source: "judge:x" })).toEqual({ episodes: 0, rewards: 0 });
    const got = await store.get("b");
    const counting = got?.rewards.filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id);
    expect(counting?.sort()).toEqual(["h", "late"]);
    // Arriving again does not bring it back.
    expect((await one.learn(sampleEpisode("b", { rewards: [judged] }))).status).toBe("duplicate");
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

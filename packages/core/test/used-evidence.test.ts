import { expect, test } from "vitest";
import { createPolicy, ExperienceMemory, InMemoryExperienceStore } from "../src/index.js";
import { sampleEpisode, sampleReward } from "../src/testing/index.js";

/** A store that keeps what is used. */
class KeepingStore extends InMemoryExperienceStore {
  readonly told: string[] = [];

  used(episodeIds: Iterable<string>): void {
    this.told.push(...episodeIds);
  }
}

const candidates = [{ action: "act", logit: 0 }];
const near = { features: { text: { tokens: ["refund"], weight: 1 } } };

async function learnt(store: InMemoryExperienceStore): Promise<ExperienceMemory> {
  const memory = new ExperienceMemory({ store });
  await memory.ready();
  await memory.learn(sampleEpisode("a", { rewards: [sampleReward("r")] }));
  return memory;
}

test("a store is told which episodes a decision went by, and of none where it went by none", async () => {
  const store = new KeepingStore();
  const memory = await learnt(store);
  const policy = createPolicy({ memory, minSimilarity: 0 });
  const { evidence } = await policy.decide({ state: near, candidates });
  expect(evidence.map(({ episodeId }) => episodeId)).toEqual(["a"]);
  expect(store.told).toEqual(["a"]);
  policy.mode = "off";
  await policy.decide({ state: near, candidates });
  createPolicy({ memory }).neighbors(near);
  expect(store.told).toEqual(["a"]);
  await memory.close();
  memory.used(evidence);
  expect(store.told).toEqual(["a"]);
});

test("a store that keeps all alike need not listen", async () => {
  const memory = await learnt(new InMemoryExperienceStore());
  const { reason } = await createPolicy({ memory, minSimilarity: 0 }).decide({ state: near, candidates });
  expect(reason).toBe("learned");
});

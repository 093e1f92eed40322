import { createPolicy, ExperienceMemory } from "@jitrl/core";
import { expect, test } from "vitest";
import { experienceKeys } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew, reward } from "./episodes.js";
import { Served, until } from "./served.js";

describeWithRedis("the life of experience", () => {
  test("with a ttl every key has one, also after feedback and erasure; without, none has", async () => {
    await using served = await Served.start();
    const store = await served.store({ ttl: 3_600_000 });
    const admin = await served.client();
    await putNew(store, episode("a"), episode("b", { metadata: { user: "u" } }));
    await store.put(episode("a", { rewards: [reward("r")] }), { expectedRevision: 1 });
    await store.delete({ metadata: { user: "u" } });
    const keys = await admin.keys("*");
    expect(keys.length).toBe(9);
    for (const key of keys) expect([key, (await admin.pTTL(key)) > 0]).toEqual([key, true]);
    const lasting = await served.store({ ttl: Number.POSITIVE_INFINITY });
    for (const key of await admin.keys("*")) expect([key, await admin.pTTL(key)]).toEqual([key, -1]);
    expect(await idsIn(lasting)).toEqual(["a"]);
  });

  test("an episode goes when its time is over, counted from its latest revision", async () => {
    await using served = await Served.start();
    let now = 1_000;
    const store = await served.store({ ttl: 100_000, now: () => now });
    await putNew(store, episode("a"), episode("b"));
    now = 60_000;
    await store.put(episode("a", { rewards: [reward("r")] }), { expectedRevision: 1 });
    await store.get("b");
    now = 120_000;
    await putNew(store, episode("c"));
    expect(await idsIn(store)).toEqual(["a", "c"]);
  });

  test("with refreshOnUse reading counts", async () => {
    await using served = await Served.start();
    let now = 1_000;
    const store = await served.store({ ttl: 100_000, refreshOnUse: true, now: () => now });
    await putNew(store, episode("a"), episode("b"));
    now = 60_000;
    await store.get("b");
    now = 120_000;
    await putNew(store, episode("c"));
    expect(await idsIn(store)).toEqual(["b", "c"]);
  });

  test("with refreshOnUse an episode that a decision goes by is used, which takes no step's time", async () => {
    await using served = await Served.start();
    let now = 1_000;
    const store = await served.store({ ttl: 100_000, refreshOnUse: true, now: () => now });
    const rewards = [reward("r")];
    const elsewhere = { features: { text: { tokens: ["elsewhere"], weight: 1 } } };
    const steps = episode("x").steps.map((step) => ({ ...step, state: elsewhere }));
    await putNew(store, episode("a", { rewards }), episode("b", { rewards, steps }));
    const memory = new ExperienceMemory({ store });
    await memory.ready();
    const policy = createPolicy({ memory });
    now = 60_000;
    const admin = await served.client();
    served.server.pause();
    const decision = await policy.decide({ state: elsewhere, candidates: [{ action: "act", logit: 0 }] });
    expect(decision.evidence.map(({ episodeId }) => episodeId)).toEqual(["b"]);
    served.server.resume();
    const { uses } = experienceKeys("default");
    await until(async () => (await admin.zScore(uses, "b")) === 60_000, "the use is noted");
    expect(await admin.zScore(uses, "a")).toBe(1_000);
    // Closing tells what was gathered.
    now = 70_000;
    await policy.decide({ state: elsewhere, candidates: [{ action: "act", logit: 0 }] });
    await memory.close();
    expect(await admin.zScore(uses, "b")).toBe(70_000);
    now = 120_000;
    const later = await served.store({ now: () => now });
    await putNew(later, episode("c"));
    expect(await idsIn(later)).toEqual(["b", "c"]);
  });

  test("a use that cannot be noted is told, and harms nothing", async () => {
    await using served = await Served.start();
    const told: unknown[] = [];
    const store = await served.store({
      ttl: 100_000,
      refreshOnUse: true,
      onError: ({ code, message }) => told.push(`${code}: ${message}`),
    });
    await putNew(store, episode("a"));
    const admin = await served.client();
    await admin.set(experienceKeys("default").uses, "a foreign value");
    store.used(["a"]);
    await until(() => told.length > 0, "it is told");
    expect(told[0]).toMatch(/^store-failed: .*WRONGTYPE/);
    expect((await store.get("a"))?.id).toBe("a");
  });

  test("a decision that goes by an episode that is gone does not bring it back", async () => {
    await using served = await Served.start();
    const store = await served.store({ ttl: 100_000, refreshOnUse: true });
    await putNew(store, episode("a"));
    store.used(["a", "never there", "\ud800"]);
    await store.close();
    const admin = await served.client();
    expect(await admin.zRange(experienceKeys("default").uses, 0, -1)).toEqual(["a"]);
  });

  test("what was there when a ttl is set counts from then", async () => {
    await using served = await Served.start();
    let now = 1_000_000;
    await putNew(await served.store({ now: () => now }), episode("a"));
    const store = await served.store({ ttl: 100_000, now: () => now });
    now = 1_050_000;
    await putNew(store, episode("b"));
    expect(await idsIn(store)).toEqual(["a", "b"]);
    now = 1_120_000;
    await putNew(store, episode("c"));
    expect(await idsIn(store)).toEqual(["b", "c"]);
  });

  test("a ttl that cannot be set does not lose the write", async () => {
    await using served = await Served.start({
      acl: ["user agent on >secret ~jitrl:* +@all -pexpire"],
    });
    const { url } = served.server.as("agent", "secret");
    const store = await served.store({ client: await served.client(url), ttl: 3_600_000 });
    await putNew(store, episode("a"));
    expect(await idsIn(store)).toEqual(["a"]);
  });

  test("settings hold for all who use the namespace, and the last who names one decides", async () => {
    await using served = await Served.start();
    const first = await served.store({ capacity: 2 });
    const second = await served.store();
    await putNew(second, episode("a"), episode("b"), episode("c"));
    expect(await idsIn(first)).toEqual(["b", "c"]);
    const told: string[] = [];
    first.watch((change) => change.type === "deleted" && told.push(...change.ids));
    await served.store({ capacity: 1 });
    await until(() => told.includes("b"), "the eviction is told");
    await putNew(first, episode("d"));
    expect(await idsIn(second)).toEqual(["d"]);
  });

  test("age goes by the server's clock, whatever the clocks of its users say", async () => {
    await using served = await Served.start();
    const store = await served.store({ maxAge: 3_600_000 });
    const serverNow = Number(((await served.server.command("TIME")) as string[])[0]) * 1_000;
    await putNew(store, episode("old", { at: serverNow - 7_200_000 }), episode("new", { at: serverNow }));
    expect(await idsIn(store)).toEqual(["new"]);
  });

  test("a namespace of a newer version is refused", async () => {
    await using served = await Served.start();
    await putNew(await served.store(), episode("a"));
    await (await served.client()).hSet(experienceKeys("default").meta, "v", "1");
    await expect(served.store()).rejects.toMatchObject({ code: "store-corrupt" });
  });
});

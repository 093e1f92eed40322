import { type Episode, ExperienceMemory, type Selector } from "@jitrl/core";
import { expect, test } from "vitest";
import { experienceKeys, keyPattern } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew } from "./episodes.js";
import { Served, until } from "./served.js";
import { TcpProxy } from "./tcp-proxy.js";

const secret = "a secret of theirs";

function theirs(id: string): Episode {
  const [step] = episode("x").steps;
  return episode(id, {
    threadId: `thread of ${secret}`,
    metadata: { user: `user of ${secret}` },
    steps: [
      { ...step!, observation: secret, state: { features: { [secret]: { tokens: [secret], weight: 1 } } } },
    ],
  });
}

const selectors: Selector[] = [
  { episodeId: "theirs 0" },
  { threadId: `thread of ${secret}` },
  { metadata: { user: `user of ${secret}` } },
  { all: true },
];

describeWithRedis("erasure", () => {
  for (const selector of selectors) {
    test(`by ${Object.keys(selector)[0]}: the content is gone from every key and from other memories`, async () => {
      await using served = await Served.start();
      const [one, other] = [await served.store(), await served.store()];
      const memory = new ExperienceMemory({ store: other });
      await memory.ready();
      const count = "episodeId" in selector ? 1 : 3;
      for (let i = 0; i < count; i++) await putNew(one, theirs(`theirs ${i}`), episode(`other ${i}`));
      await until(async () => (await memory.stats()).episodes === 2 * count, "the other memory knows all");
      const admin = await served.client();
      expect(await holding(admin, secret)).not.toEqual([]);
      const { ids } = await one.delete(selector);
      expect(ids.length).toBe("all" in selector ? 2 * count : count);
      expect(await holding(admin, secret)).toEqual([]);
      const left = "all" in selector ? 0 : count;
      await until(async () => (await memory.stats()).episodes === left, "the other memory forgot them");
      expect((await one.put(theirs("theirs 0"), { expectedRevision: 0 })).status).toBe("forgotten");
      await memory.close();
    });
  }

  test("takes some thousands of episodes in batches, and leaves the others", async () => {
    await using served = await Served.start();
    const store = await served.store();
    const all = Array.from({ length: 2_400 }, (_, i) =>
      episode(`e${i}`, { metadata: { user: `u${i % 2}` } }),
    );
    await Promise.all(all.map((each) => store.put(each, { expectedRevision: 0 })));
    const { ids } = await store.delete({ metadata: { user: "u0" } });
    expect(new Set(ids).size).toBe(1_200);
    expect(ids.every((id) => Number(id.slice(1)) % 2 === 0)).toBe(true);
    expect((await idsIn(store)).length).toBe(1_200);
  });

  test("an episode that waits for the server while its user is erased is refused when it is sent", async () => {
    await using served = await Served.start();
    const proxy = await TcpProxy.start(() => served.server.port);
    try {
      const late = await served.store({ client: await served.client(proxy.url), patience: 2_000 });
      await putNew(late, theirs("theirs 0"));
      // Only this one loses its way to the server.
      proxy.refusing = true;
      proxy.cut();
      expect((await late.put(theirs("theirs 1"), { expectedRevision: 0 })).status).toBe("buffered");
      const eraser = await served.store();
      expect((await eraser.delete({ metadata: { user: `user of ${secret}` } })).ids).toEqual(["theirs 0"]);
      proxy.refusing = false;
      await until(() => late.buffered === 0, "what waited is sent");
      expect(await idsIn(eraser)).toEqual([]);
      expect(await holding(await served.client(), secret)).toEqual([]);
      await late.close();
    } finally {
      await proxy.stop();
    }
  });

  test("what was forgotten is remembered as long as the setting says", async () => {
    await using served = await Served.start();
    let now = 1_000;
    const store = await served.store({ now: () => now, rememberForgotten: 5_000 });
    await store.delete({ episodeId: "a" });
    await store.delete({ metadata: { user: "u" } });
    now = 5_900;
    const again = await served.store({ now: () => now });
    expect((await again.put(episode("a", { at: 5_900 }), { expectedRevision: 0 })).status).toBe("forgotten");
    now = 6_100;
    const later = await served.store({ now: () => now });
    expect((await later.put(episode("a", { at: 6_100 }), { expectedRevision: 0 })).status).toBe("stored");
    const admin = await served.client();
    const { forgotten, keySets } = experienceKeys("default");
    expect([await admin.zCard(forgotten), await admin.zCard(keySets)]).toEqual([0, 0]);
  });

  test("a namespace is erased without touching one whose name is like it", async () => {
    await using served = await Served.start();
    const names = ["a", "a*", "a:b", "ab", "{a}", "A", "a ", "%61", "a:{a}:meta", "😀", "\ud800", "\ud801"];
    const stores = await Promise.all(names.map((namespace) => served.store({ namespace })));
    for (const store of stores) await putNew(store, episode("x"));
    for (const [i, store] of stores.entries()) {
      expect((await store.delete({ all: true })).ids).toEqual(["x"]);
      const left = await Promise.all(stores.map(idsIn));
      expect(left).toEqual(names.map((_, j) => (j <= i ? [] : ["x"])));
    }
    expect(new Set(names.map(keyPattern)).size).toBe(names.length);
  });
});

/** The keys that hold a text, looked for in all that they hold. */
async function holding(admin: Awaited<ReturnType<Served["client"]>>, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const key of await admin.keys("*")) {
    const type = await admin.type(key);
    const content =
      type === "hash"
        ? await admin.hGetAll(key)
        : type === "zset"
          ? await admin.zRange(key, 0, -1)
          : type === "stream"
            ? await admin.xRange(key, "-", "+")
            : await admin.get(key);
    if (key.includes(text) || JSON.stringify(content).includes(text)) found.push(key);
  }
  return found;
}

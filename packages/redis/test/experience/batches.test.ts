import type { Episode, StoreChange } from "@jitrl/core";
import { expect, test } from "vitest";
import { experienceKeys } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew, reward } from "./episodes.js";
import { Served, until } from "./served.js";

const names = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`);
const big = (id: string) => episode(id, { transcript: "x".repeat(600_000) });

/** How many scripts the server has run. */
async function scriptsOf(served: Served): Promise<number> {
  const stats = String(await served.server.command("INFO", "commandstats"));
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describeWithRedis("what is put at the same time", () => {
  test("goes in few scripts, and is stored in order", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, episode("first"));
    const before = await scriptsOf(served);
    const results = await Promise.all(
      names(300).map((id) => store.put(episode(id), { expectedRevision: 0 })),
    );
    expect(results).toEqual(names(300).map((_, i) => ({ status: "stored", revision: 1, sequence: i + 2 })));
    expect((await scriptsOf(served)) - before).toBeLessThan(20);
    expect(await idsIn(store)).toEqual(["first", ...names(300)]);
  });

  test("has an outcome of its own each", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, ...["same", "revised", "changed", "broken"].map((id) => episode(id)));
    await store.delete({ episodeId: "gone" });
    await store.delete({ metadata: { user: "u" } });
    await (await served.client()).hSet(experienceKeys("default").heads, "broken", "{broken");
    const put = (given: Episode, expectedRevision: number) => store.put(given, { expectedRevision });
    const results = await Promise.allSettled([
      put(episode("new"), 0),
      put(episode("same"), 0),
      put(episode("revised", { rewards: [reward("r")] }), 1),
      put(episode("changed", { rewards: [reward("r")] }), 0),
      put(episode("gone"), 0),
      put(episode("theirs", { metadata: { user: "u" } }), 0),
      put(episode("broken"), 0),
      put(episode("last"), 0),
    ]);
    expect(results).toMatchObject([
      { value: { status: "stored", revision: 1, sequence: 5 } },
      { value: { status: "duplicate", revision: 1, sequence: 1 } },
      { value: { status: "stored", revision: 2, sequence: 2 } },
      { value: { status: "conflict", revision: 1 } },
      { value: { status: "forgotten" } },
      { value: { status: "forgotten" } },
      { reason: { code: "store-corrupt" } },
      { value: { status: "stored", revision: 1, sequence: 6 } },
    ]);
    expect((await store.get("revised"))?.rewards).toEqual([reward("r")]);
    expect((await store.get("changed"))?.rewards).toEqual([]);
  });

  test("may be the same episode: one after the other", async () => {
    await using served = await Served.start();
    const store = await served.store();
    const results = await Promise.all([
      store.put(episode("a"), { expectedRevision: 0 }),
      store.put(episode("a"), { expectedRevision: 0 }),
      store.put(episode("a", { rewards: [reward("r")] }), { expectedRevision: 1 }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["stored", "duplicate", "stored"]);
    expect((await store.get("a"))?.revision).toBe(2);
  });

  test("is told to those who follow, once each and in order, also what went at once for want of room", async () => {
    await using served = await Served.start();
    const store = await served.store({ capacity: 3 });
    const changes: StoreChange[] = [];
    (await served.store()).watch((change) => changes.push(change));
    await putNew(store, episode("before"));
    await until(() => changes.length === 1, "it follows");
    await Promise.all(names(10).map((id) => store.put(episode(id), { expectedRevision: 0 })));
    const left = ["e7", "e8", "e9"];
    expect(await idsIn(store)).toEqual(left);
    const deleted = () => changes.flatMap((change) => (change.type === "deleted" ? change.ids : []));
    await until(() => deleted().length === 8, "all are told");
    expect(changes.flatMap((change) => (change.type === "put" ? [change.id] : []))).toEqual([
      "before",
      ...names(10),
    ]);
    expect(deleted()).toEqual(["before", ...names(7)]);
  });

  test("may be large", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await Promise.all(names(6).map((id) => store.put(big(id), { expectedRevision: 0 })));
    expect(await idsIn(store)).toEqual(names(6));
  });
});

describeWithRedis("what is read at the same time", () => {
  test("goes in few scripts, and each comes in its place", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, ...names(100).map((id) => episode(id)));
    const before = await scriptsOf(served);
    const asked = [...names(100), "nobody", "e0"];
    const read = await Promise.all(asked.map((id) => store.get(id)));
    expect(read.map((found) => found?.id)).toEqual([...names(100), undefined, "e0"]);
    expect((await scriptsOf(served)) - before).toBeLessThan(10);
  });

  test("may be large", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, ...names(6).map(big));
    const read = await Promise.all([...names(6), "nobody"].map((id) => store.get(id)));
    expect(read.map((found) => found?.id)).toEqual([...names(6), undefined]);
  });

  test("what cannot be read fails alone", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, ...names(3).map((id) => episode(id)));
    await (await served.client()).hSet(experienceKeys("default").episodes, "e1", "{}");
    expect(await Promise.allSettled(names(3).map((id) => store.get(id)))).toMatchObject([
      { value: { id: "e0" } },
      { reason: { code: "store-corrupt", details: { episodeId: "e1" } } },
      { value: { id: "e2" } },
    ]);
  });
});

import { ExperienceMemory, JitRLError } from "@jitrl/core";
import { expect, test } from "vitest";
import { experienceKeys } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew, reward } from "./episodes.js";
import { fuzzBytes } from "./fuzz-bytes.js";
import { fuzzErasure, fuzzKeys } from "./fuzz-names.js";
import { Served } from "./served.js";

const { heads, episodes, order } = experienceKeys("default");

test("no mutation of a stored entry is read as something else, and none but sets it aside", () => {
  const report = fuzzBytes(20_000, 1);
  expect(report.altered).toBe(0);
  expect(report.unreadable + report.unchanged).toBe(20_000);
  expect(report.unreadable).toBeGreaterThan(15_000);
});

test("hostile names share no key and no ACL pattern", () => {
  expect(fuzzKeys(3_000, 1).leaks).toEqual([]);
});

describeWithRedis("entries that cannot be read", () => {
  test("are set aside and counted, and the rest loads", async () => {
    await using served = await Served.start();
    const writer = await served.store();
    await putNew(
      writer,
      ...["a", "b", "c", "d", "e", "f"].map((id) => episode(id, { rewards: [reward("r")] })),
    );
    const admin = await served.client();
    await admin.hSet(heads, "a", "{broken");
    await admin.hSet(episodes, "b", '{"end":"done"}');
    await admin.hDel(heads, "c");
    await admin.hDel(episodes, "d");
    await admin.hSet(heads, "e", '{"v":1,"whatever":true}');
    const store = await served.store();
    const memory = new ExperienceMemory({ store });
    await memory.ready();
    expect(await memory.stats()).toMatchObject({ status: "ready", episodes: 1, setAside: 5 });
    expect(await store.stats()).toEqual({ episodes: 1, setAside: 5 });
    for (const id of ["a", "b", "c", "d", "e"]) {
      await expect(store.get(id)).rejects.toMatchObject({
        code: "store-corrupt",
        details: { episodeId: id },
      });
    }
    for (const id of ["a", "e"]) {
      const put = store.put(episode(id), { expectedRevision: 0 });
      await expect(put).rejects.toMatchObject({ code: "store-corrupt" });
    }
    expect((await store.delete({ episodeId: "b" })).ids).toEqual(["b"]);
    expect(await store.stats()).toEqual({ episodes: 1, setAside: 4 });
    await memory.close();
  });

  test("go with a wide erasure, for they may be anybody's; those of a newer version are left, and said so", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(
      store,
      ...["theirs", "broken", "newer", "other"].map((id) => episode(id, { metadata: { user: id } })),
    );
    const admin = await served.client();
    await admin.hSet(heads, "broken", "{broken");
    await admin.hSet(heads, "newer", '{"v":1,"whatever":true}');
    const error: unknown = await store
      .delete({ metadata: { user: "theirs" } })
      .catch((thrown: unknown) => thrown);
    if (!JitRLError.isInstance(error)) throw new Error("Expected an error.");
    expect(error.code).toBe("store-corrupt");
    expect(error.details).toEqual({ removed: ["theirs", "broken"], left: 1 });
    expect(await idsIn(store)).toEqual(["other"]);
    expect(await admin.zRange(order, 0, -1)).toEqual(["newer", "other"]);
    expect((await store.delete({ all: true })).ids).toEqual(["newer", "other"]);
    expect(await admin.exists([heads, episodes, order])).toBe(0);
  });

  test("hostile names: erasing by one of them erases what has it, and nothing else", async () => {
    await using served = await Served.start();
    const { leaks } = await fuzzErasure(await served.client(), 240, 1);
    expect(leaks).toEqual([]);
  });
});

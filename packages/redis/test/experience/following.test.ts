import { ExperienceMemory, type StoreChange } from "@jitrl/core";
import { expect, test } from "vitest";
import { experienceKeys } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew } from "./episodes.js";
import { Served, until } from "./served.js";
import { TcpProxy } from "./tcp-proxy.js";

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `e${from + i}`);

describeWithRedis("followers of the changes", () => {
  test("who was cut off longer than the feed is kept reads all again", async () => {
    await using served = await Served.start();
    const writer = await served.store();
    const proxy = await TcpProxy.start(() => served.server.port);
    const follower = await served.store({ client: await served.client(proxy.url) });
    const changes: StoreChange[] = [];
    follower.watch((change) => changes.push(change));
    await putNew(writer, episode("first"));
    await until(() => changes.length > 0, "the first change is told");
    proxy.refusing = true;
    proxy.cut();
    await putNew(writer, ...ids(0, 20).map((id) => episode(id)));
    const admin = await served.client();
    await admin.xTrim(experienceKeys("default").feed, "MAXLEN", 1);
    proxy.refusing = false;
    await until(() => changes.length > 1, "the follower is back");
    expect(changes[1]).toEqual({ type: "reset" });
    await putNew(writer, episode("last"));
    await until(() => changes.length > 2, "the last is told");
    expect(changes.slice(2)).toEqual([{ type: "put", id: "last", revision: 1 }]);
    await follower.close();
    await proxy.stop();
  });

  test("entries that are gone from the feed make a reset", async () => {
    await using served = await Served.start();
    const writer = await served.store();
    const follower = await served.store();
    const memory = new ExperienceMemory({ store: follower });
    await memory.ready();
    const changes: StoreChange[] = [];
    follower.watch((change) => changes.push(change));
    const admin = await served.client();
    const { feed } = experienceKeys("default");
    // In one transaction, so that no follower can read in between.
    await admin
      .multi()
      .hSet(experienceKeys("default").meta, { changes: "50", token: "elsewhere" })
      .del(feed)
      .exec();
    await until(() => changes.some(({ type }) => type === "reset"), "the gap is noticed");
    await putNew(writer, episode("after"));
    await until(async () => (await memory.stats()).episodes === 1, "what came after is there");
    await memory.close();
  });

  test("after a flush all who follow are told, the settings are there again, and writing goes on", async () => {
    await using served = await Served.start();
    const writer = await served.store({ capacity: 3 });
    const memory = new ExperienceMemory({ store: await served.store() });
    await memory.ready();
    await putNew(writer, episode("a"), episode("b"));
    await until(async () => (await memory.stats()).episodes === 2, "both are there");
    const admin = await served.client();
    await admin.flushAll();
    await until(async () => (await memory.stats()).episodes === 0, "the flush is noticed");
    await putNew(writer, ...["c", "d", "e", "f"].map((id) => episode(id)));
    expect(await idsIn(writer)).toEqual(["d", "e", "f"]);
    await until(async () => (await memory.stats()).episodes === 3, "the new ones are there");
    await memory.close();
  });

  test("a server that went back to a backup is noticed, also when as much was written since", async () => {
    await using served = await Served.start({ config: ["save 3600 1"] });
    const writer = await served.store();
    const follower = await served.store();
    const memory = new ExperienceMemory({ store: follower });
    await memory.ready();
    await putNew(writer, episode("kept"));
    const admin = await served.client();
    await admin.sendCommand(["SAVE"]);
    await putNew(writer, episode("lost 1"), episode("lost 2"));
    await until(async () => (await memory.stats()).episodes === 3, "all are there");
    const resets: StoreChange[] = [];
    follower.watch((change) => change.type === "reset" && resets.push(change));
    await served.server.kill();
    await served.server.restart();
    const again = await served.store();
    await putNew(again, episode("new 1"), episode("new 2"));
    await until(() => resets.length > 0, "the follower notices");
    const held = await idsIn(again);
    expect(held).toEqual(["kept", "new 1", "new 2"]);
    const neighbours = async () => {
      const { episodes } = await memory.stats();
      return episodes === 3 && (await follower.get("lost 1")) === undefined;
    };
    await until(neighbours, "the memory is what the server holds");
    await memory.close();
  });

  test("a plain restart with an append-only file makes no reset", async () => {
    await using served = await Served.start({ appendOnly: "always" });
    const writer = await served.store();
    const follower = await served.store();
    const changes: StoreChange[] = [];
    follower.watch((change) => changes.push(change));
    await putNew(writer, episode("a"));
    await until(() => changes.length === 1, "the first is told");
    await served.server.kill();
    await served.server.restart();
    await until(
      async () => (await writer.put(episode("b"), { expectedRevision: 0 })).status !== "buffered",
      "it is back",
    );
    await until(() => changes.length === 2, "the second is told");
    expect(changes).toEqual([
      { type: "put", id: "a", revision: 1 },
      { type: "put", id: "b", revision: 1 },
    ]);
  });

  test("a memory that loads while others write holds what the server holds in the end", async () => {
    await using served = await Served.start();
    const writers = await Promise.all([served.store(), served.store()]);
    await putNew(writers[0]!, ...ids(0, 400).map((id) => episode(id)));
    const write = async (which: number) => {
      for (const [i, id] of ids(400 + which * 200, 600 + which * 200).entries()) {
        await putNew(writers[which]!, episode(id));
        if (i % 2 === 0) await writers[which]!.delete({ episodeId: `e${which * 200 + i}` });
      }
    };
    const memories: ExperienceMemory[] = [];
    const load = async () => {
      for (let i = 0; i < 3; i++) {
        const memory = new ExperienceMemory({ store: await served.store() });
        memories.push(memory);
        await memory.ready();
      }
    };
    await Promise.all([write(0), write(1), load()]);
    const expected = (await idsIn(writers[0]!)).length;
    expect(expected).toBe(600);
    for (const memory of memories) {
      await until(async () => (await memory.stats()).episodes === expected, "a memory agrees");
      await memory.close();
    }
  });

  test("the feed holds ids and revisions only", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, episode("a", { threadId: "a secret thread", metadata: { user: "a secret user" } }));
    await store.delete({ threadId: "a secret thread" });
    const admin = await served.client();
    const entries = (await admin.xRange(experienceKeys("default").feed, "-", "+")) ?? [];
    const names = entries.map(({ message }) => Object.keys(message).sort().join(" "));
    expect(names).toEqual(["a k s", "a k p", "a d k"]);
    expect(JSON.stringify(entries)).not.toContain("secret");
  });
});

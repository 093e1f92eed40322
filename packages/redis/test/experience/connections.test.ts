import { ExperienceMemory } from "@jitrl/core";
import { createClient, createSentinel } from "redis";
import { expect, test } from "vitest";
import { RedisExperienceStore } from "../../src/experience/redis-experience-store.js";
import type { RedisConnection } from "../../src/redis-connection.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { startSentinels, startServer } from "../servers/index.js";
import { episode, idsIn, putNew } from "./episodes.js";
import { Served, until } from "./served.js";

describeWithRedis("connections", () => {
  test("over TLS, for writing and for following", async () => {
    const server = await startServer({ tls: true });
    const client = createClient(server.connection);
    client.on("error", () => {});
    await client.connect();
    await learnAndFollow(client);
    client.destroy();
    await server.stop();
  });

  test("by a sentinel", async () => {
    const { name, roots, stop } = await startSentinels();
    const client = createSentinel({ name, sentinelRootNodes: [...roots] });
    client.on("error", () => {});
    await client.connect();
    await learnAndFollow(client);
    await client.destroy();
    await stop();
  });

  test("with durability a write counts when a replica has it, and not before", async () => {
    await using served = await Served.start();
    const durability = { replicas: 1, timeoutMs: 50 };
    const store = await served.store({ durability, patience: 300 });
    const strict = await served.store({ durability, patience: 300, failClosed: true });
    expect((await store.put(episode("a"), { expectedRevision: 0 })).status).toBe("buffered");
    await expect(strict.put(episode("b"), { expectedRevision: 0 })).rejects.toMatchObject({
      code: "store-unavailable",
    });
    await expect(strict.delete({ episodeId: "c" })).rejects.toMatchObject({ code: "store-unavailable" });
    await using replica = await Served.start({ replicaOf: served.server });
    await until(() => store.buffered === 0, "what waited counts");
    // It was carried out then, and now it counts.
    const again = () => strict.put(episode("b"), { expectedRevision: 0 }).catch(() => undefined);
    await until(async () => (await again())?.status === "duplicate", "the other write counts");
    // What was acknowledged is on the replica.
    await served.server.kill();
    await replica.server.command("REPLICAOF", "NO", "ONE");
    expect(await idsIn(await replica.store())).toEqual(["a", "b"]);
  });
});

async function learnAndFollow(client: RedisConnection): Promise<void> {
  const [writer, follower] = await Promise.all([
    RedisExperienceStore.open({ client }),
    RedisExperienceStore.open({ client }),
  ]);
  const memory = new ExperienceMemory({ store: follower });
  await memory.ready();
  await putNew(writer, episode("a"), episode("b"));
  await until(async () => (await memory.stats()).episodes === 2, "the follower knows both");
  expect((await writer.delete({ all: true })).ids).toEqual(["a", "b"]);
  await until(async () => (await memory.stats()).episodes === 0, "the follower forgot both");
  await memory.close();
  await writer.close();
}

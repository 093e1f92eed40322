import { inspect } from "node:util";
import { ExperienceMemory, type JitRLError } from "@jitrl/core";
import { createClient } from "redis";
import { expect, test } from "vitest";
import { RedisExperienceStore } from "../../src/experience/redis-experience-store.js";
import { keyPattern } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew } from "./episodes.js";
import { Served, until } from "./served.js";

/** The single commands that experience alone needs; the line that the guide prints gives the families they are of. */
const RIGHTS =
  "~jitrl:support:* -@all +@connection +evalsha +eval +time +xread +xadd +xlen +hget +hmget +hset +hdel +hlen +zadd +zrem +zcard +zscore +zmscore +zrange +zrangebyscore +zremrangebyscore +zunionstore +unlink +pexpire +persist +wait";

describeWithRedis("access", () => {
  test("a user with the rights of one namespace can do everything there, and nothing elsewhere", async () => {
    await using served = await Served.start({ acl: [`user agent on >secret ${RIGHTS}`] });
    expect(RIGHTS).toContain(keyPattern("support"));
    const { url } = served.server.as("agent", "secret");
    const admin = await served.store({ namespace: "supported" });
    await putNew(admin, episode("theirs"));
    const errors: JitRLError[] = [];
    const store = await served.store({
      client: await served.client(url),
      namespace: "support",
      ttl: 3_600_000,
      maxAge: Number.MAX_SAFE_INTEGER,
      refreshOnUse: true,
      onError: (error) => errors.push(error),
    });
    const memory = new ExperienceMemory({ store });
    await memory.learn(episode("a", { threadId: "t", metadata: { user: "u" } }));
    await memory.learn(episode("b"));
    await memory.feedback({ threadId: "t" }, { reward: 1 });
    await until(async () => (await memory.stats()).episodes === 2, "both are known");
    store.used(["a", "b"]);
    await memory.forget({ metadata: { user: "u" } });
    await served.store({
      client: await served.client(url),
      namespace: "support",
      ttl: Number.POSITIVE_INFINITY,
    });
    await memory.forget({ all: true });
    await memory.close();
    expect(errors).toEqual([]);
    for (const namespace of ["supported", "suppor", "support:", "*"]) {
      const opened = RedisExperienceStore.open({ client: await served.client(url), namespace });
      await expect(opened).rejects.toMatchObject({ code: "store-failed", details: { redisCode: "NOPERM" } });
    }
    expect(await idsIn(admin)).toEqual(["theirs"]);
  });

  test("no error says a password", async () => {
    await using served = await Served.start({ acl: ["user agent on >hunter2 ~none:* +@all"] });
    const said: unknown[] = [];
    const { url } = served.server.as("agent", "hunter2");
    const client = await served.client(url);
    const store = new RedisExperienceStore({ client, patience: 100, onError: (error) => said.push(error) });
    const memory = new ExperienceMemory({ store, onError: (error) => said.push(error) });
    await memory.learn(episode("a")).catch((error: unknown) => said.push(error));
    await served.server.kill();
    await store.get("a").catch((error: unknown) => said.push(error));
    await store.delete({ all: true }).catch((error: unknown) => said.push(error));
    const wrong = createClient({
      url: url.replace("hunter2", "hunter3"),
      socket: { reconnectStrategy: false },
    });
    wrong.on("error", (error) => said.push(error));
    await wrong.connect().catch((error: unknown) => said.push(error));
    await memory.close();
    expect(said.length).toBeGreaterThan(3);
    for (const error of said) {
      const all = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)}`;
      expect(all).not.toMatch(/hunter/);
    }
  });

  test("steps send no command", async () => {
    await using served = await Served.start();
    const client = await served.client();
    const store = await served.store({ client });
    const memory = new ExperienceMemory({ store });
    await memory.ready();
    await memory.learn(episode("a", { rewards: [{ id: "r", value: 1, source: "human", at: 0 }] }));
    const watcher = await served.client();
    const seen: string[] = [];
    await watcher.monitor((line) => seen.push(String(line)));
    for (let i = 0; i < 1_000; i++) {
      const found = memory.neighbors({ features: { text: { tokens: ["refund", "late"], weight: 1 } } });
      if (found.status !== "found" || found.neighbors.length !== 1)
        throw new Error("Expected one neighbour.");
    }
    await (await served.client()).sendCommand(["ECHO", "the end"]);
    await until(() => seen.some((line) => line.includes("the end")), "the monitor has seen all");
    // What followers do while nothing happens: they wait for changes, and look how far the feed is.
    const commands = seen.flatMap((line) => /\] "(\w+)"/.exec(line)?.[1]?.toLowerCase() ?? []);
    const idle = ["xread", "evalsha", "eval", "hmget", "zcard", "client", "hello", "echo"];
    expect(commands.filter((command) => !idle.includes(command))).toEqual([]);
    expect(commands.length).toBeLessThan(100);
    expect(seen.join("\n")).not.toMatch(/"(?:hget|hset|zadd|keys|scan)"/i);
    await memory.close();
  });
});

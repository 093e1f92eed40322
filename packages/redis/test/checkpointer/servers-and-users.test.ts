import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { createPolicy } from "@jitrl/core";
import { Annotation, Command, END, START, StateGraph } from "@langchain/langgraph";
import { createClient, createSentinel } from "redis";
import { expect, it } from "vitest";
import { keyPattern, RedisExperienceCheckpointer } from "../../src/index.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { startSentinels, startServer, type TestServer } from "../servers/index.js";
import { approvalGraph } from "./approval-graph.js";
import { useAll } from "./use-all.js";

const guide = readFileSync(new URL("../../../../docs/guides/redis.md", import.meta.url), "utf8");

async function withServer<T>(
  options: Parameters<typeof startServer>[0],
  work: (server: TestServer) => Promise<T>,
): Promise<T> {
  const server = await startServer(options);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

describeWithRedis("servers and users", () => {
  it("need no more rights than the guide's ACL line gives, over TLS", async () => {
    const line = /^user support on >PASSWORD .*$/m.exec(guide)?.[0];
    if (!line) throw new Error("docs/guides/redis.md has no ACL line.");
    const acl = [line.replace("PASSWORD", "a-secret")];
    await withServer({ tls: true, acl }, async (server) => {
      const { url, socket } = server.as("support", "a-secret");
      const faults: unknown[] = [];
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(url, {
        namespace: "support",
        ttl: { seconds: 1000, refreshOnRead: true },
        experience: { ttl: 1_000_000 },
        clientOptions: { ...(socket ? { socket } : {}) },
        onError: (error) => faults.push(error),
      });
      await useAll(checkpointer);
      await checkpointer.close();
      expect(faults).toEqual([]);
      const elsewhere = await RedisExperienceCheckpointer.fromUrl(url, {
        namespace: "support2",
        clientOptions: { ...(socket ? { socket } : {}) },
      });
      const denied = elsewhere.put(
        { configurable: { thread_id: "t" } },
        { v: 4, id: "1", ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} },
        { source: "input", step: 0, parents: {} },
        {},
      );
      await expect(denied).rejects.toMatchObject({ details: { redisCode: "NOPERM" } });
      await elsewhere.close();
    });
  });

  it("may lose the scripts", async () => {
    await withServer({}, async (server) => {
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url);
      await useAll(checkpointer);
      await server.command("SCRIPT", "FLUSH");
      await useAll(checkpointer);
      await checkpointer.close();
    });
  });

  it("may be reached through sentinels, and fail over", async () => {
    const { name, roots, servers, stop } = await startSentinels();
    try {
      const client = createSentinel({ name, sentinelRootNodes: [...roots] });
      client.on("error", () => {});
      await client.connect();
      const checkpointer = new RedisExperienceCheckpointer({
        client,
        namespace: "s",
        durability: { replicas: 1, timeoutMs: 5_000 },
      });
      await useAll(checkpointer);
      const config = { configurable: { thread_id: "over" } };
      await approvalGraph(checkpointer).invoke({ note: "tea" }, config);
      await checkpointer.close();
      await servers[0]?.kill();

      // The new primary has no replica left, and has never seen the scripts.
      const after = new RedisExperienceCheckpointer({ client, namespace: "s" });
      const graph = approvalGraph(after);
      let log: string[] | undefined;
      for (let attempt = 0; log === undefined && attempt < 100; attempt++) {
        log = await graph.invoke(new Command({ resume: "yes" }), config).then(
          (state) => state.log,
          () => new Promise((resume) => setTimeout(resume, 100, undefined)),
        );
      }
      expect(log).toEqual(["proposed tea", "answer yes", "done"]);
      await after.close();
      expect(client.isOpen).toBe(true);
      await client.destroy();
    } finally {
      await stop();
    }
  });

  it("count what replicas do not have as not stored, if asked", async () => {
    await withServer({}, async (primary) => {
      await withServer({ replicaOf: primary }, async (replica) => {
        const checkpointer = await RedisExperienceCheckpointer.fromUrl(primary.url, {
          durability: { replicas: 1, timeoutMs: 10_000 },
        });
        await useAll(checkpointer);
        await checkpointer.close();
        replica.pause();
        const doubtful = await RedisExperienceCheckpointer.fromUrl(primary.url, {
          durability: { replicas: 1, timeoutMs: 50 },
          experience: { patience: 100, failClosed: true },
        });
        const run = approvalGraph(doubtful).invoke({ note: "tea" }, { configurable: { thread_id: "t" } });
        await expect(run).rejects.toMatchObject({ code: "store-unavailable" });
        await doubtful.close();
        replica.resume();
      });
    });
  });

  it("see no round trip for experience while a graph's nodes run", async () => {
    await withServer({}, async (server) => {
      const namespace = "watched";
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url, { namespace });
      await checkpointer.memory.ready();
      const policy = createPolicy({ memory: checkpointer.memory });
      for (let n = 0; n < 5; n++) {
        await policy.learn({
          end: "done",
          steps: [{ state: "where to go", action: n % 2 === 0 ? "left" : "right" }],
          rewards: [{ id: "r", value: n % 2 === 0 ? 1 : -1, source: "environment", at: 0 }],
        });
      }
      const State = Annotation.Root({
        found: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
      });
      const step = async () => {
        const { evidence, chosen } = await policy.decide({
          state: "where to go",
          candidates: [
            { action: "left", logit: 0 },
            { action: "right", logit: 1 },
          ],
        });
        expect(chosen.action).toBe("left");
        return { found: evidence.length > 0 ? 1 : 0 };
      };
      const graph = new StateGraph(State)
        .addNode("one", step)
        .addNode("two", step)
        .addNode("three", step)
        .addEdge(START, "one")
        .addEdge("one", "two")
        .addEdge("two", "three")
        .addEdge("three", END)
        .compile({ checkpointer });
      const seen: string[] = [];
      const monitor = await createClient({ url: server.url }).connect();
      await monitor.monitor((line) => seen.push(String(line)));
      const { found } = await graph.invoke({ found: 0 }, { configurable: { thread_id: "t" } });
      await server.command("SET", "the end", "1");
      for (let wait = 0; wait < 200 && !seen.some((line) => line.includes("the end")); wait++) {
        await new Promise((resume) => setTimeout(resume, 10));
      }
      monitor.destroy();
      expect(found).toBe(3);
      const threads = seen.filter((line) => line.includes(`{${namespace}/t}`));
      expect(threads.length).toBeGreaterThan(4);
      const experience = seen.filter((line) => line.includes(`{${namespace}}`) && !/"XREAD"/i.test(line));
      expect(experience).toEqual([]);
      expect(seen.filter((line) => /"(KEYS|SCAN|HSCAN|SSCAN|ZSCAN)"/i.test(line))).toEqual([]);
      await checkpointer.close();
    });
  });

  it("and the passwords in their URLs appear in no error", async () => {
    const secret = "hunter2-and-more";
    const urls = [
      `redis://user:${secret}@127.0.0.1:1`,
      `redis://user:${secret}@127.0.0.1:notaport`,
      `http://user:${secret}@127.0.0.1:6379`,
      `user:${secret}@127.0.0.1`,
    ];
    const told: unknown[] = [];
    const options = {
      connectTimeout: 1,
      clientOptions: { commandOptions: { timeout: 300 } },
      onError: (error: unknown) => told.push(error),
    };
    for (const url of urls) {
      const error = await RedisExperienceCheckpointer.fromUrl(url, options).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Error);
      told.push(error);
    }
    await withServer({ acl: ["user agent on >right ~* &* +@all"] }, async (server) => {
      const wrong = server.as("agent", secret).url;
      const error = await RedisExperienceCheckpointer.fromUrl(wrong, options).catch(
        (error: unknown) => error,
      );
      expect(error).toMatchObject({ code: "store-failed" });
      told.push(error);
    });
    await withServer({ acl: [`user agent on >${secret} ~* &* +@all`] }, async (server) => {
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.as("agent", secret).url, options);
      told.push(checkpointer, JSON.stringify({ checkpointer }));
      await checkpointer.memory.ready();
      await server.kill();
      told.push(
        await checkpointer.getTuple({ configurable: { thread_id: "t" } }).catch((error: unknown) => error),
      );
      await checkpointer.close();
    });
    expect(inspect(told, { depth: 20, showHidden: true })).not.toContain(secret);
  });
});

describeWithRedis("time to live", () => {
  async function keysWithout(server: TestServer, namespace: string): Promise<string[]> {
    const client = await createClient({ url: server.url }).connect();
    const without = [];
    let count = 0;
    for await (const keys of client.scanIterator({ MATCH: keyPattern(namespace) })) {
      for (const key of keys) {
        count++;
        if ((await client.pTTL(key)) < 0) without.push(key);
      }
    }
    client.destroy();
    expect(count).toBeGreaterThan(3);
    return without;
  }

  it("is on every key", async () => {
    await withServer({}, async (server) => {
      const namespace = randomUUID();
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url, {
        namespace,
        ttl: { seconds: 100 },
        experience: { ttl: 100_000 },
      });
      await approvalGraph(checkpointer).invoke({ note: "tea" }, { configurable: { thread_id: "t" } });
      await createPolicy({ memory: checkpointer.memory }).learn({
        end: "done",
        steps: [{ state: "s", action: "a" }],
        rewards: [{ id: "r", value: 1, source: "environment", at: 0 }],
      });
      await checkpointer.memory.ready();
      expect(await keysWithout(server, namespace)).toEqual([]);
      await checkpointer.close();
    });
  });

  it("ends threads, is renewed by writing, and by reading if asked", async () => {
    await withServer({}, async (server) => {
      const open = (refreshOnRead: boolean) =>
        RedisExperienceCheckpointer.fromUrl(server.url, {
          namespace: "n",
          ttl: { seconds: 100, refreshOnRead },
        });
      const [plain, refreshing] = [await open(false), await open(true)];
      const graph = approvalGraph(plain);
      const config = { configurable: { thread_id: "t" } };
      const key = "jitrl:n:{n/t}:data";
      const shorten = () => server.command("PEXPIRE", key, "50000");
      const left = async () => Number(await server.command("PTTL", key));
      await graph.invoke({ note: "tea" }, config);
      expect(await left()).toBeGreaterThan(90_000);
      await shorten();
      await plain.getTuple(config);
      expect(await left()).toBeLessThan(51_000);
      await refreshing.getTuple(config);
      expect(await left()).toBeGreaterThan(90_000);
      await shorten();
      await graph.updateState(config, { note: "coffee" });
      expect(await left()).toBeGreaterThan(90_000);
      await Promise.all([plain.close(), refreshing.close()]);
    });
  });

  it("that cannot be set loses no write, and is told", async () => {
    const acl = ["user agent on >x ~* &* +@all -pexpire"];
    await withServer({ acl }, async (server) => {
      const told: unknown[] = [];
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.as("agent", "x").url, {
        ttl: { seconds: 100 },
        onError: (error) => told.push(error),
      });
      const graph = approvalGraph(checkpointer);
      const config = { configurable: { thread_id: "t" } };
      await graph.invoke({ note: "tea" }, config);
      expect((await graph.getState(config)).values).toMatchObject({ log: ["proposed tea"] });
      expect(told.map(String).join()).toContain("time to live");
      await checkpointer.close();
    });
  });

  it("must be a time", async () => {
    const client = createClient();
    for (const seconds of [0, -1, Number.NaN, 1e300]) {
      expect(() => new RedisExperienceCheckpointer({ client, ttl: { seconds } })).toThrow("ttl.seconds");
    }
  });
});

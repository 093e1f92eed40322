import { ExperienceMemory, JitRLError } from "@jitrl/core";
import { Annotation, END, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { expect, test } from "vitest";
import { experienceKeys } from "../../src/keys.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, idsIn, putNew, reward } from "./episodes.js";
import { Served, until } from "./served.js";
import { TcpProxy } from "./tcp-proxy.js";

const names = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return JitRLError.isInstance(error) ? error.code : String(error);
  }
}

describeWithRedis("while the server is out of reach", () => {
  test("episodes wait and are sent when it is back, in order, once", async () => {
    await using served = await Served.start({ appendOnly: "always" });
    const store = await served.store({ patience: 400 });
    await putNew(store, episode("before"));
    await served.server.kill();
    for (const id of names(100)) {
      expect(await store.put(episode(id), { expectedRevision: 0 })).toEqual({ status: "buffered" });
    }
    expect(await codeOf(store.get("before"))).toBe("store-unavailable");
    expect(store.buffered).toBe(100);
    await served.server.restart();
    await until(() => store.buffered === 0, "all are sent");
    expect(await idsIn(store)).toEqual(["before", ...names(100)]);
  });

  test("a memory goes on learning, and finds what it learned when the server is back", async () => {
    await using served = await Served.start({ appendOnly: "always" });
    const errors: JitRLError[] = [];
    const memory = new ExperienceMemory({
      store: await served.store({ patience: 400 }),
      onError: (error) => errors.push(error),
    });
    await memory.ready();
    await memory.learn(episode("a"));
    await served.server.kill();
    expect(await memory.learn(episode("b"))).toEqual({ status: "buffered", episodeId: "b" });
    // Known already: what is new of it is added when the server is back.
    expect((await memory.learn(episode("a", { rewards: [reward("late")] }))).status).toBe("buffered");
    expect(await codeOf(memory.feedback("a", { reward: 1 }))).toBe("store-unavailable");
    expect(memory.neighbors({ features: { text: { tokens: ["refund"], weight: 1 } } }).status).toBe("found");
    await served.server.restart();
    await until(async () => (await memory.stats().catch(() => undefined))?.episodes === 2, "both are there");
    await until(async () => (await memory.stats().catch(() => undefined))?.steps === 1, "the reward counts");
    await memory.close();
    const reader = await served.store();
    expect((await reader.get("a"))?.rewards).toEqual([reward("late")]);
    expect((await reader.get("a"))?.revision).toBe(2);
  });

  test("a stalled server is out of reach, and what it carried out late is not done twice", async () => {
    await using served = await Served.start();
    const store = await served.store({ patience: 400 });
    served.server.pause();
    expect((await store.put(episode("a"), { expectedRevision: 0 })).status).toBe("buffered");
    expect((await store.put(episode("b"), { expectedRevision: 0 })).status).toBe("buffered");
    served.server.resume();
    await until(() => store.buffered === 0, "both are sent");
    expect(await idsIn(store)).toEqual(["a", "b"]);
    expect((await store.get("a"))?.revision).toBe(1);
  });

  test("with failClosed it throws", async () => {
    await using served = await Served.start();
    const store = await served.store({ patience: 400, failClosed: true });
    await served.server.kill();
    expect(await codeOf(store.put(episode("a"), { expectedRevision: 0 }))).toBe("store-unavailable");
    expect(await codeOf(store.delete({ all: true }))).toBe("store-unavailable");
    expect(store.buffered).toBe(0);
  });

  test("with failClosed the node of a graph fails, and runs again from its checkpoint", async () => {
    await using served = await Served.start({ appendOnly: "always" });
    const store = await served.store({ patience: 400, failClosed: true });
    const memory = new ExperienceMemory({ store });
    await memory.ready();
    let runs = 0;
    const graph = new StateGraph(Annotation.Root({ done: Annotation<boolean>() }))
      .addNode("learn", async () => {
        runs++;
        await memory.learn(episode("of the graph"));
        return { done: true };
      })
      .addEdge(START, "learn")
      .addEdge("learn", END)
      .compile({ checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: "t" } };
    await served.server.kill();
    expect(await codeOf(graph.invoke({ done: false }, config))).toBe("store-unavailable");
    await served.server.restart();
    await until(async () => (await codeOf(store.stats())) === "none", "it is back");
    await until(async () => (await codeOf(graph.invoke(null, config))) === "none", "the node has run");
    expect(runs).toBeGreaterThan(1);
    expect((await graph.getState(config)).values.done).toBe(true);
    expect(await idsIn(store)).toEqual(["of the graph"]);
    await memory.close();
  });

  test("a full buffer refuses, or gives up the oldest or the newest, and says so", async () => {
    await using served = await Served.start({ appendOnly: "always" });
    const told: Record<string, unknown[]> = { throw: [], "drop-oldest": [], "drop-newest": [] };
    const open = (onOverflow: "throw" | "drop-oldest" | "drop-newest") =>
      served.store({
        namespace: onOverflow,
        patience: 400,
        bufferLimit: 2,
        onOverflow,
        onError: ({ code, details }) => {
          if (code === "store-failed") told[onOverflow]?.push(details.episodeId);
        },
      });
    const stores = await Promise.all([open("throw"), open("drop-oldest"), open("drop-newest")]);
    await served.server.kill();
    const codes = await Promise.all(
      stores.map(async (store) => {
        const results: string[] = [];
        for (const id of names(4))
          results.push(await codeOf(store.put(episode(id), { expectedRevision: 0 })));
        return results;
      }),
    );
    const full = "store-unavailable";
    expect(codes).toEqual([["none", "none", full, full], Array(4).fill("none"), Array(4).fill("none")]);
    expect(told).toEqual({ throw: [], "drop-oldest": ["e0", "e1"], "drop-newest": ["e2", "e3"] });
    await served.server.restart();
    await until(() => stores.every((store) => store.buffered === 0), "all are sent");
    expect(await Promise.all(stores.map(idsIn))).toEqual([
      ["e0", "e1"],
      ["e2", "e3"],
      ["e0", "e1"],
    ]);
  });

  test("what still waits when a store is closed is given up, and said so", async () => {
    await using served = await Served.start();
    const lost: unknown[] = [];
    const store = await served.store({
      patience: 400,
      closeTimeout: 50,
      onError: ({ code, details }) => code === "store-failed" && lost.push(details.episodeId),
    });
    await served.server.kill();
    await store.put(episode("a"), { expectedRevision: 0 });
    await store.close();
    expect(lost).toEqual(["a"]);
  });

  test("a put whose answer is lost is stored once", async () => {
    await using served = await Served.start();
    const proxy = await TcpProxy.start(() => served.server.port);
    const store = await served.store({ client: await served.client(proxy.url), patience: 5_000 });
    const other = await served.store();
    await putNew(other, episode("first"));
    proxy.deaf = true;
    const put = store.put(episode("a"), { expectedRevision: 0 });
    await until(() => proxy.lost > 0, "an answer is lost");
    expect((await other.stats()).episodes).toBe(2);
    proxy.deaf = false;
    expect((await put).status).toBe("duplicate");
    const changes = await (await served.client()).xRange(experienceKeys("default").feed, "-", "+");
    expect(changes?.filter(({ message }) => message.p === '["a",1]').length).toBe(1);
    await store.close();
    await proxy.stop();
  });
});

describeWithRedis("a server that cannot serve", () => {
  test("one without memory takes no episodes, but erases", async () => {
    await using served = await Served.start();
    const store = await served.store({ patience: 400 });
    await putNew(store, ...names(20).map((id) => episode(id, { threadId: "t" })));
    await served.server.command("CONFIG", "SET", "maxmemory", "1");
    expect((await store.put(episode("late"), { expectedRevision: 0 })).status).toBe("buffered");
    expect((await (await served.store()).delete({ threadId: "t" })).ids.length).toBe(20);
    await served.server.command("CONFIG", "SET", "maxmemory", "0");
    await until(() => store.buffered === 0, "it is sent");
    expect(await idsIn(store)).toEqual(["late"]);
  });

  test("a replica takes no episodes until it is promoted", async () => {
    await using served = await Served.start();
    const store = await served.store({ patience: 400 });
    await putNew(store, episode("a"));
    await served.server.command("REPLICAOF", "127.0.0.1", "1");
    expect((await store.put(episode("b"), { expectedRevision: 0 })).status).toBe("buffered");
    await served.server.command("REPLICAOF", "NO", "ONE");
    await until(() => store.buffered === 0, "it is sent");
    expect(await idsIn(store)).toEqual(["a", "b"]);
  });

  test("one that loads its data is waited for", async () => {
    await using served = await Served.start({
      config: ["save 3600 1", "key-load-delay 1000", "loading-process-events-interval-bytes 1024"],
    });
    const store = await served.store({ patience: 400 });
    await putNew(store, episode("a"));
    const admin = await served.client();
    for (let i = 0; i < 1_000; i++) void admin.set(`filler ${i}`, "x".repeat(50));
    await admin.sendCommand(["SAVE"]);
    await served.server.kill();
    const restarted = served.server.restart();
    let loading = false;
    const seen = async () => {
      const answer = await served.server.command("GET", "x").catch(String);
      loading ||= String(answer).includes("LOADING");
      return loading || answer === null;
    };
    await until(seen, "it answers");
    expect(loading).toBe(true);
    expect((await store.put(episode("b"), { expectedRevision: 0 })).status).toBe("buffered");
    await restarted;
    await until(() => store.buffered === 0, "it is sent");
    expect(await idsIn(store)).toEqual(["a", "b"]);
  });

  test("one that forgot the scripts is told them again", async () => {
    await using served = await Served.start();
    const store = await served.store();
    await putNew(store, episode("a"));
    await served.server.command("SCRIPT", "FLUSH");
    await putNew(store, episode("b"));
    await served.server.command("SCRIPT", "FLUSH");
    expect(await idsIn(store)).toEqual(["a", "b"]);
  });

  test("a key that holds something else fails whole, and says which code Redis gave", async () => {
    await using served = await Served.start();
    const store = await served.store({ ttl: 3_600_000 });
    await putNew(store, episode("a"));
    const eraser = await served.store();
    const admin = await served.client();
    for (const key of Object.values(experienceKeys("default"))) {
      // Of another store, so that this one has to read the sets of metadata keys at every turn.
      await eraser.delete({ metadata: { [`user ${key}`]: "nobody" } });
      const there = (await admin.exists(key)) === 1;
      if (there) await admin.rename(key, `${key}:saved`);
      await admin.set(key, "foreign");
      const later = episode("a", { rewards: [reward("r")] });
      const put = await Promise.allSettled([
        store.put(episode("b"), { expectedRevision: 0 }),
        store.put(later, { expectedRevision: 1 }),
      ]);
      for (const result of put) {
        expect(result).toMatchObject({
          status: "rejected",
          reason: { code: "store-failed", details: { redisCode: "WRONGTYPE" } },
        });
      }
      await admin.del(key);
      if (there) await admin.rename(`${key}:saved`, key);
      expect(await store.get("b")).toBe(undefined);
      expect((await store.get("a"))?.revision).toBe(1);
      expect(await idsIn(store)).toEqual(["a"]);
    }
  });
});

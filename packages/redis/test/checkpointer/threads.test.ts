import { randomUUID } from "node:crypto";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { createClient } from "redis";
import { expect, it, vi } from "vitest";
import { keyPattern, type RedisExperienceCheckpointer } from "../../src/index.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { startServer, type TestServer } from "../servers/index.js";
import { fuzzRecords } from "./fuzz-records.js";
import { withCheckpointers } from "./with-checkpointers.js";

const hostile = [
  "*",
  "?",
  "[a-z]",
  ":",
  "a:*",
  "{",
  "}",
  "{a}",
  "a{b}c",
  "/",
  "a/b",
  "a%2Fb",
  "%",
  " ",
  "a b",
  "a\nb",
  "a\0b",
  "__proto__",
  "constructor",
  "é",
  "e\u0301",
  "😀",
  "\ud83d",
  "\ude00",
  "\ufffd",
  "a".repeat(10_000),
  `${"a".repeat(9_999)}b`,
  "checkpoints",
  "data",
  "threads",
];
const metadata = { source: "loop" as const, step: 0, parents: {} };

describeWithRedis("threads", () => {
  let server: TestServer;
  const { open, url } = withCheckpointers(async () => {
    server = await startServer();
    return server;
  });

  async function fill(saver: RedisExperienceCheckpointer, thread: string, namespace = ""): Promise<void> {
    const checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(0),
      channel_values: { note: thread, large: thread.padEnd(1000, "-") },
      channel_versions: { note: 1, large: 1 },
    };
    const config = { configurable: { thread_id: thread, checkpoint_ns: namespace } };
    const stored = await saver.put(config, checkpoint, metadata, { note: 1, large: 1 });
    await saver.putWrites(stored, [["note", `written ${thread}`]], thread, thread);
  }

  async function noteOf(
    saver: RedisExperienceCheckpointer,
    thread: string,
    namespace = "",
  ): Promise<unknown> {
    const tuple = await saver.getTuple({ configurable: { thread_id: thread, checkpoint_ns: namespace } });
    return tuple && [tuple.checkpoint.channel_values.note, tuple.pendingWrites?.[0]?.[2]];
  }

  it("are deleted one at a time, whatever characters their ids have", async () => {
    const saver = await open();
    for (const thread of hostile) for (const ns of ["", "child"]) await fill(saver, thread, ns);
    const left = new Set(hostile);
    for (const thread of hostile) {
      await saver.deleteThread(thread);
      left.delete(thread);
      for (const other of hostile) {
        const expected = left.has(other) ? [other, `written ${other}`] : undefined;
        expect(await noteOf(saver, other)).toEqual(expected);
      }
      expect(await noteOf(saver, thread, "child")).toBeUndefined();
    }
    const listed = [];
    for await (const tuple of saver.list({})) listed.push(tuple);
    expect(listed).toEqual([]);
  });

  it("are told apart by checkpoint namespaces, ids and tasks of any characters", async () => {
    const saver = await open();
    for (const ns of hostile) await fill(saver, "t", ns);
    for (const ns of hostile) {
      const found = await saver.getTuple({ configurable: { thread_id: "t", checkpoint_ns: ns } });
      expect(found?.config.configurable?.checkpoint_ns).toBe(ns);
    }
    const { configurable } = (await saver.getTuple({ configurable: { thread_id: "t", checkpoint_ns: "*" } }))!
      .config;
    for (const task of hostile) await saver.putWrites({ configurable }, [["c", task]], task);
    const tuple = await saver.getTuple({ configurable });
    const written = new Map(tuple?.pendingWrites?.map(([task, , value]) => [task, value]));
    for (const task of hostile) expect(written.get(task)).toBe(task);
  });

  it("in different namespaces of the package cannot see each other, whatever their names", async () => {
    const names = hostile.filter((name) => name.length < 100);
    const savers = await Promise.all(names.map((namespace) => open({ namespace })));
    for (const [index, saver] of savers.entries()) {
      await fill(saver, "t");
      await fill(saver, names[index]!);
    }
    await savers[0]!.deleteThread("t");
    for (const [index, saver] of savers.entries()) {
      const listed = new Set<unknown>();
      for await (const { config } of saver.list({})) listed.add(config.configurable?.thread_id);
      expect(listed.has("t")).toBe(index > 0);
      expect(listed.size).toBe(index > 0 ? 2 : 1);
    }
    const admin = await createClient({ url: url() }).connect();
    const patterns = names.map((name) => keyPattern(name).slice(0, -1));
    for await (const keys of admin.scanIterator()) {
      for (const key of keys) {
        if (names.length > 0)
          expect(patterns.filter((prefix) => key.startsWith(prefix)).length).toBeLessThanOrEqual(1);
      }
    }
    admin.destroy();
  });

  it("are listed though the server was emptied, or the thread deleted by another process, since", async () => {
    const namespace = randomUUID();
    const [one, other] = [await open({ namespace }), await open({ namespace })];
    const listed = async () => {
      const threads = [];
      for await (const { config } of one.list({})) threads.push(config.configurable?.thread_id);
      return threads;
    };
    await fill(one, "t");
    await other.deleteThread("t");
    expect(await listed()).toEqual([]);
    await fill(one, "t");
    expect(await listed()).toEqual(["t"]);
    await server.command("FLUSHALL");
    await fill(one, "t");
    expect(await listed()).toEqual(["t"]);
  });

  it("that are listed but not there are passed over, and forgotten by the list", async () => {
    const namespace = randomUUID();
    const saver = await open({ namespace });
    await fill(saver, "here");
    await fill(saver, "gone");
    const client = await createClient({ url: url() }).connect();
    const keysOf = async (thread: string) => {
      const keys = [];
      for await (const page of client.scanIterator({ MATCH: keyPattern(namespace) })) keys.push(...page);
      return keys.filter((key) => key.includes(`/${thread}}`));
    };
    const gone = await keysOf("gone");
    expect(gone).toHaveLength(2);
    await client.del(gone);
    for (let round = 0; round < 2; round++) {
      const threads = [];
      for await (const { config } of saver.list({})) threads.push(config.configurable?.thread_id);
      expect(threads).toEqual(["here"]);
    }
    const registry = `${keyPattern(namespace).slice(0, -1)}{${namespace}/}:threads`;
    expect(await client.zRange(registry, 0, -1)).toEqual(["here"]);
    client.destroy();
  });

  it("that the list of threads lost, as by a failover, are listed again when they were in use for a while", async () => {
    const namespace = randomUUID();
    const saver = await open({ namespace });
    const listed = async () => {
      const threads = [];
      for await (const { config } of saver.list({})) threads.push(config.configurable?.thread_id);
      return threads;
    };
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      await fill(saver, "t");
      await server.command("DEL", `${keyPattern(namespace).slice(0, -1)}{${namespace}/}:threads`);
      await fill(saver, "t");
      expect(await listed()).toEqual([]);
      vi.setSystemTime(Date.now() + 601_000);
      await fill(saver, "t");
      expect(new Set(await listed())).toEqual(new Set(["t"]));
    } finally {
      vi.useRealTimers();
    }
  });

  it("that another program broke are reported as such, and harm no other", async () => {
    const namespace = randomUUID();
    const saver = await open({ namespace });
    await fill(saver, "broken");
    await fill(saver, "whole");
    const client = await createClient({ url: url() }).connect();
    const key = `${keyPattern(namespace).slice(0, -1)}{${namespace}/broken}:data`;
    const names = (await client.hKeys(key)).filter((name) => name.startsWith("c/"));
    expect(names).toHaveLength(1);
    for (const rubbish of [
      "",
      "{",
      "[]\n",
      '{"checkpoint":["json",0,9],"metadata":["json",0,2],"channels":{}}\n{}',
    ]) {
      await client.hSet(key, names[0]!, rubbish);
      await expect(noteOf(saver, "broken")).rejects.toMatchObject({ code: "store-corrupt" });
    }
    await client.del(key);
    await client.set(key, "a string");
    await expect(fill(saver, "broken")).rejects.toMatchObject({
      code: "store-failed",
      details: { redisCode: "WRONGTYPE" },
    });
    expect(await client.get(key)).toBe("a string");
    expect(await noteOf(saver, "whole")).toEqual(["whole", "written whole"]);
    client.destroy();
  });

  it("of a newer version of the format are neither read nor written, but deleted", async () => {
    const namespace = randomUUID();
    const saver = await open({ namespace });
    await fill(saver, "newer");
    const client = await createClient({ url: url() }).connect();
    const key = `${keyPattern(namespace).slice(0, -1)}{${namespace}/newer}:data`;
    await client.hSet(key, "format", "1");
    const before = await client.hGetAll(key);
    const config = { configurable: { thread_id: "newer", checkpoint_ns: "" } };
    const refused = { code: "store-corrupt" };
    await expect(saver.getTuple(config)).rejects.toMatchObject(refused);
    await expect(fill(saver, "newer")).rejects.toMatchObject(refused);
    const at = { configurable: { ...config.configurable, checkpoint_id: "1" } };
    await expect(saver.putWrites(at, [["note", 1]], "task")).rejects.toMatchObject(refused);
    const history = saver.getDeltaChannelHistory({ config, channels: ["note"] });
    await expect(history).rejects.toMatchObject(refused);
    expect(await client.hGetAll(key)).toEqual(before);
    await saver.deleteThread("newer");
    expect(await client.exists(key)).toBe(0);
    client.destroy();
  });

  it("that were mutated in any way are read or refused as corrupt, and nothing else happens", async () => {
    const { corrupt, read } = await fuzzRecords(5_000, 1);
    expect(corrupt + read).toBe(5_000);
    expect(corrupt).toBeGreaterThan(2_000);
  });

  it("refuse what is not an id", async () => {
    const saver = await open();
    for (const thread_id of ["", 7, null, {}]) {
      const config = { configurable: { thread_id, checkpoint_ns: "" } };
      const put = saver.put(config, emptyCheckpoint(), metadata, {});
      await expect(put).rejects.toMatchObject({ code: "invalid-input" });
    }
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { JitRLError } from "@jitrl/core";
import { Command } from "@langchain/langgraph";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { createClient } from "redis";
import { expect, it } from "vitest";
import { RedisExperienceCheckpointer } from "../../src/index.js";
import { until } from "../experience/served.js";
import { TcpProxy } from "../experience/tcp-proxy.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { type ServerOptions, startServer, type TestServer } from "../servers/index.js";
import { approvalGraph } from "./approval-graph.js";

const config = { configurable: { thread_id: "t" } };
const DATA = "jitrl:n:{n/t}:data";
const ORDER = "jitrl:n:{n/t}:order";

/** A server, and a checkpointer on it that gives up soon. */
async function withCheckpointer(
  options: ServerOptions,
  work: (checkpointer: RedisExperienceCheckpointer, server: TestServer) => Promise<void>,
  route: (server: TestServer) => string = ({ url }) => url,
): Promise<void> {
  const server = await startServer(options);
  const client = createClient({
    url: route(server),
    socket: { reconnectStrategy: 30 },
    commandOptions: { timeout: 1_500 },
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const checkpointer = new RedisExperienceCheckpointer({ client, namespace: "n", patience: 1_500 });
    await checkpointer.memory.ready();
    await work(checkpointer, server);
    await checkpointer.close();
  } finally {
    client.destroy();
    await server.stop();
  }
}

/** Ids that sort as the numbers do. */
function idOf(n: number): string {
  return `00000000-0000-6000-8000-${String(n).padStart(12, "0")}`;
}

/** Puts the n-th checkpoint of the thread: the same one whenever it is called. */
function put(checkpointer: RedisExperienceCheckpointer, n: number) {
  const checkpoint = {
    ...emptyCheckpoint(),
    id: idOf(n),
    ts: "2026-01-01T00:00:00.000Z",
    channel_values: { n, large: `${n}`.padEnd(300, "-") },
    channel_versions: { n: n + 1, large: n + 1 },
  };
  const at = { configurable: { thread_id: "t", checkpoint_ns: "" } };
  const metadata = { source: "loop" as const, step: n, parents: {} };
  return checkpointer.put(at, checkpoint, metadata, checkpoint.channel_versions);
}

async function latest(checkpointer: RedisExperienceCheckpointer): Promise<unknown> {
  return (await checkpointer.getTuple(config))?.checkpoint.channel_values.n;
}

/** All that is stored of the thread. */
async function contentOf(server: TestServer): Promise<unknown> {
  const fields = (await server.command("HGETALL", DATA)) as string[];
  const pairs = fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1]].join(" ")] : []));
  return [pairs.sort(), await server.command("ZRANGE", ORDER, "0", "-1")];
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (!JitRLError.isInstance(error)) throw error;
    return error.details.redisCode ?? error.code;
  }
}

describeWithRedis("threads, when a server", () => {
  it("stalls: calls fail, nodes of a graph run again when it answers", async () => {
    await withCheckpointer({}, async (checkpointer, server) => {
      const graph = approvalGraph(checkpointer);
      await graph.invoke({ note: "tea" }, config);
      server.pause();
      const resumed = graph.invoke(new Command({ resume: "yes" }), config);
      const calls = [resumed, checkpointer.getTuple(config), checkpointer.deleteThread("other")];
      expect(await Promise.all(calls.map(codeOf))).toEqual(Array(3).fill("store-unavailable"));
      server.resume();
      const { log } = await graph.invoke(new Command({ resume: "yes" }), config);
      expect(log).toEqual(["proposed tea", "answer yes", "done"]);
    });
  });

  it("is killed and starts again with its append-only file: what was acknowledged is there", async () => {
    await withCheckpointer({ appendOnly: "always" }, async (checkpointer, server) => {
      for (let n = 0; n < 20; n++) await put(checkpointer, n);
      await server.kill();
      expect(await codeOf(put(checkpointer, 20))).toBe("store-unavailable");
      await server.restart();
      await until(async () => (await codeOf(latest(checkpointer))) === "none", "it is back");
      const found = [];
      for await (const { checkpoint } of checkpointer.list(config)) found.push(checkpoint.channel_values.n);
      // Of the one that was not acknowledged nobody knows.
      expect(found.filter((n) => n !== 20)).toEqual(Array.from({ length: 20 }, (_, n) => 19 - n));
    });
  });

  it("has no memory left, or is a replica: calls fail, and nothing is half written", async () => {
    await withCheckpointer({}, async (checkpointer, server) => {
      await put(checkpointer, 0);
      const before = await contentOf(server);
      for (const [code, begin, end] of [
        ["OOM", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
        ["READONLY", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
      ] as const) {
        await server.command(...begin);
        const refused = put(checkpointer, 1);
        await expect(refused).rejects.toMatchObject({ code: "store-unavailable" });
        expect(await codeOf(put(checkpointer, 1))).toBe(code);
        const writes = checkpointer.putWrites(
          { configurable: { thread_id: "t", checkpoint_ns: "", checkpoint_id: idOf(0) } },
          [["n", 1]],
          "task",
        );
        expect(await codeOf(writes)).toBe(code);
        expect(await latest(checkpointer)).toBe(0);
        expect(await contentOf(server)).toEqual(before);
        await server.command(...end);
      }
      await put(checkpointer, 1);
      expect(await latest(checkpointer)).toBe(1);
    });
  });

  it("loads its data: calls fail until it has", async () => {
    const slow = ["save 3600 1", "key-load-delay 1000", "loading-process-events-interval-bytes 1024"];
    await withCheckpointer({ config: slow }, async (checkpointer, server) => {
      await put(checkpointer, 0);
      const admin = createClient({ url: server.url });
      await admin.connect();
      await Promise.all(Array.from({ length: 1_000 }, (_, i) => admin.set(`filler ${i}`, "x".repeat(50))));
      admin.destroy();
      await server.command("SAVE");
      await server.kill();
      const restarted = server.restart();
      const codes = new Set<unknown>();
      await until(async () => {
        const code = await codeOf(latest(checkpointer));
        codes.add(code);
        return code === "none";
      }, "it has loaded");
      await restarted;
      expect(codes).toContain("LOADING");
      expect(await latest(checkpointer)).toBe(0);
    });
  });

  it("carries out a call whose answer is lost: the same call again changes nothing more", async () => {
    let proxy: TcpProxy | undefined;
    let port = 0;
    proxy = await TcpProxy.start(() => port);
    await withCheckpointer(
      {},
      async (checkpointer, server) => {
        await put(checkpointer, 0);
        const before = proxy.lost;
        proxy.deaf = true;
        expect(await codeOf(put(checkpointer, 1))).toBe("store-unavailable");
        expect(proxy.lost).toBeGreaterThan(before);
        const carriedOut = await contentOf(server);
        proxy.deaf = false;
        await until(async () => (await codeOf(put(checkpointer, 1))) === "none", "it answers again");
        expect(await latest(checkpointer)).toBe(1);
        expect(await contentOf(server)).toEqual(carriedOut);
      },
      (server) => {
        port = server.port;
        return proxy.url;
      },
    );
    await proxy.stop();
  });

  it("outlives a process that is killed: its thread goes on in another", async () => {
    await withCheckpointer({}, async (checkpointer, server) => {
      const script = fileURLToPath(new URL("./stop-in-this-process.ts", import.meta.url));
      const node = ["--conditions=@jitrl/source", "--import", "tsx", script];
      const child = spawn(process.execPath, [...node, server.url, "n", "t"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
      const { log } = await approvalGraph(checkpointer).invoke(new Command({ resume: "yes" }), config);
      expect(log).toEqual(["proposed tea", "answer yes", "done"]);
    });
  });
});

import { JitRLError } from "@jitrl/core";
import { Command } from "@langchain/langgraph";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { createCluster } from "redis";
import { expect, it } from "vitest";
import { RedisExperienceCheckpointer } from "../src/index.js";
import { experienceKeys, threadKeys, threadRegistryKey } from "../src/keys.js";
import { approvalGraph } from "./checkpointer/approval-graph.js";
import { episode } from "./experience/episodes.js";
import { until } from "./experience/served.js";
import { describeWithRedis } from "./servers/describe-with-redis.js";
import { startCluster, type TestCluster, type TestServer } from "./servers/index.js";

describeWithRedis("a master of a cluster that dies", () => {
  it("is replaced, threads and experience go on, and what was acknowledged is there", async () => {
    const cluster = await startCluster({ replicas: 1 });
    const clients: { destroy(): unknown }[] = [];
    const connect = async () => {
      // The node that dies is the only one by which the cluster is found.
      const client = createCluster({
        rootNodes: [{ url: cluster.nodes[0]!.url }],
        topologyRefreshOnReconnectionAttemptStrategy: 200,
      });
      client.on("error", () => {});
      clients.push(client);
      return client.connect();
    };
    try {
      const [dying, replica] = [cluster.nodes[0]!, cluster.nodes[3]!];
      const namespace = await namespaceOn(dying);
      const options = { namespace, patience: 1_000, experience: { patience: 1_000, bufferLimit: 1_000_000 } };
      const durability = { replicas: 1, timeoutMs: 2_000 };
      const writer = new RedisExperienceCheckpointer({ ...options, client: await connect(), durability });
      const reader = new RedisExperienceCheckpointer({ ...options, client: await connect() });
      await Promise.all([writer.memory.ready(), reader.memory.ready()]);
      const interrupted = { configurable: { thread_id: "interrupted" } };
      await approvalGraph(writer).invoke({ note: "tea" }, interrupted);

      const work = new Work(writer);
      const elsewhere = await threadOn(cluster.nodes[1]!, namespace);
      await until(() => work.put(elsewhere), "a thread on another master is listed");
      await until(() => work.episodes.size > 20 && work.threads.size > 20, "some writes are acknowledged");
      expect(await cachedScripts(replica)).toBe(0);
      await dying.kill();
      const alive = cluster.nodes.filter((node) => node !== dying);
      await until(async () => (await masterOf(alive, namespace)) === replica.port, "the replica is promoted");

      // The other masters have replicas still; the promoted one has none until the dead one is back.
      await until(() => work.put(elsewhere), "a write on another master is acknowledged");
      await dying.restart();
      const before = { episodes: work.episodes.size, threads: work.threads.size };
      await until(
        () => work.episodes.size > before.episodes + 20 && work.threads.size > before.threads + 20,
        "writes are acknowledged again",
      );
      await work.end();
      expect(await masterOf(cluster.nodes, namespace)).toBe(replica.port);
      expect(await cachedScripts(replica)).toBeGreaterThan(0);

      const { log } = await approvalGraph(reader).invoke(new Command({ resume: "yes" }), interrupted);
      expect(log).toEqual(["proposed tea", "answer yes", "done"]);
      const held = new Set<string>();
      for await (const { id } of reader.memory.episodes()) {
        expect(held.has(id)).toBe(false);
        held.add(id);
      }
      expect([...work.episodes].filter((id) => !held.has(id))).toEqual([]);
      const listed = new Set<unknown>();
      for await (const { config } of reader.list({})) listed.add(config.configurable?.thread_id);
      for (const thread of work.threads) {
        const tuple = await reader.getTuple({ configurable: { thread_id: thread } });
        expect([thread, tuple?.checkpoint.channel_values.note]).toEqual([thread, thread]);
        expect([thread, listed.has(thread)]).toEqual([thread, true]);
      }
      for (const { memory } of [writer, reader]) {
        await until(async () => (await memory.stats()).episodes === held.size, "a replica agrees");
      }
      await Promise.all([writer.close(), reader.close()]);
    } finally {
      for (const client of clients) client.destroy();
      await cluster.stop();
    }
  });
});

/** Learns and puts threads, over and over, and notes what was acknowledged. */
class Work {
  readonly episodes = new Set<string>();
  readonly threads = new Set<string>();
  readonly #checkpointer: RedisExperienceCheckpointer;
  readonly #loops: Promise<unknown>;
  #going = true;

  constructor(checkpointer: RedisExperienceCheckpointer) {
    this.#checkpointer = checkpointer;
    const loop = async (step: (n: number) => Promise<unknown>) => {
      for (let n = 0; this.#going; n++) {
        await step(n);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    this.#loops = Promise.all([loop((n) => this.#learn(`e${n}`)), loop((n) => this.put(`t${n}`))]);
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#loops;
  }

  async #learn(id: string): Promise<void> {
    const { status } = await this.#checkpointer.memory.learn(episode(id));
    // What is buffered will be stored, which nobody is told; it need not be there yet.
    if (status === "stored" || status === "duplicate") this.episodes.add(id);
    else expect(status).toBe("buffered");
  }

  /** @returns whether it was acknowledged */
  async put(thread: string): Promise<boolean> {
    const checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(0),
      channel_values: { note: thread },
      channel_versions: { note: 1 },
    };
    const config = { configurable: { thread_id: thread, checkpoint_ns: "" } };
    try {
      await this.#checkpointer.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { note: 1 });
      this.threads.add(thread);
      return true;
    } catch (error) {
      if (!JitRLError.isInstance(error) || error.code !== "store-unavailable") throw error;
      return false;
    }
  }
}

/** A namespace of which this master holds the experience and the list of threads. */
async function namespaceOn(master: TestServer): Promise<string> {
  for (let n = 0; ; n++) {
    const name = `over-${n}`;
    const keys = [experienceKeys(name).meta, threadRegistryKey(name)];
    const slots = await Promise.all(keys.map((key) => slotOf(master, key)));
    const ports = await Promise.all(slots.map((slot) => portOf([master], slot)));
    if (ports.every((port) => port === master.port)) return name;
  }
}

/** A thread that this master holds. */
async function threadOn(master: TestServer, namespace: string): Promise<string> {
  for (let n = 0; ; n++) {
    const slot = await slotOf(master, threadKeys(namespace, `there-${n}`).of("data"));
    if ((await portOf([master], slot)) === master.port) return `there-${n}`;
  }
}

/** Who holds the experience of a namespace, where all of these nodes agree about it. */
async function masterOf(nodes: TestCluster["nodes"], namespace: string): Promise<number | undefined> {
  return portOf(nodes, await slotOf(nodes[0]!, experienceKeys(namespace).meta));
}

async function slotOf(node: TestServer, key: string): Promise<number> {
  return Number(await node.command("CLUSTER", "KEYSLOT", key));
}

async function portOf(nodes: readonly TestServer[], slot: number): Promise<number | undefined> {
  const ports = await Promise.all(
    nodes.map(async (node) => {
      const ranges = (await node.command("CLUSTER", "SLOTS")) as [number, number, [string, number]][];
      return ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
    }),
  );
  return new Set(ports).size === 1 ? ports[0] : undefined;
}

async function cachedScripts(node: TestServer): Promise<number> {
  const memory = String(await node.command("INFO", "memory"));
  return Number(/number_of_cached_scripts:(\d+)/.exec(memory)?.[1]);
}

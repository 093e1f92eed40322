import { setTimeout as sleep } from "node:timers/promises";
import { startServer, type TestServer } from "./server.js";

export interface TestCluster {
  /** Of the first node; the others are found from there. */
  readonly url: string;
  readonly urls: readonly string[];
  /** Three masters, then their replicas in the same order. */
  readonly nodes: readonly TestServer[];
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Replicas of each of the three masters. @default 0 */
  readonly replicas?: number;
  /** More lines of each node's configuration file. */
  readonly config?: readonly string[];
}

const SLOTS = 16_384;
const MASTERS = 3;

/** Starts a cluster of three masters; resolves when all nodes say that it is whole. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { replicas = 0, config = [] } = options;
  const settings = [
    "cluster-enabled yes",
    "cluster-config-file nodes.conf",
    "cluster-node-timeout 1500",
    "repl-ping-replica-period 1",
  ];
  const started = await Promise.allSettled(
    Array.from({ length: MASTERS * (1 + replicas) }, () => startServer({ config: [...settings, ...config] })),
  );
  const nodes = started.flatMap((node) => (node.status === "fulfilled" ? [node.value] : []));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const node of started) if (node.status === "rejected") throw node.reason;
    await join(nodes, replicas);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes[0]!.url, urls: nodes.map(({ url }) => url), nodes, stop };
}

async function join(nodes: readonly TestServer[], replicas: number): Promise<void> {
  const first = nodes[0]!;
  await Promise.all(
    nodes.map(async (node, index) => {
      if (index < MASTERS) {
        const from = Math.floor((SLOTS * index) / MASTERS);
        const to = Math.floor((SLOTS * (index + 1)) / MASTERS);
        const slots = Array.from({ length: to - from }, (_, slot) => String(from + slot));
        await node.command("CLUSTER", "ADDSLOTS", ...slots);
      }
      // Without an epoch of its own for each, nodes quarrel about slots when they meet.
      await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    }),
  );
  for (const node of nodes.slice(1)) await node.command("CLUSTER", "MEET", "127.0.0.1", String(first.port));
  await all(nodes, async (node) => (await info(node)).includes(`cluster_known_nodes:${nodes.length}\r\n`));
  await all(nodes, async (node) => (await info(node)).includes("cluster_state:ok"));
  if (replicas === 0) return;
  const ids = await Promise.all(nodes.slice(0, MASTERS).map((node) => node.command("CLUSTER", "MYID")));
  await Promise.all(
    nodes
      .slice(MASTERS)
      .map((node, index) => node.command("CLUSTER", "REPLICATE", String(ids[index % MASTERS]))),
  );
  // A replica is listed once it is known to have replicated something, if only a ping.
  await all(nodes, async (node) => {
    const ranges = await node.command("CLUSTER", "SLOTS");
    return Array.isArray(ranges) && ranges.every((range) => range.length === 3 + replicas);
  });
}

async function info(node: TestServer): Promise<string> {
  return String(await node.command("CLUSTER", "INFO"));
}

async function all(
  nodes: readonly TestServer[],
  holds: (node: TestServer) => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const node of nodes) {
    while (!(await holds(node))) {
      if (Date.now() > deadline) throw new Error("The cluster did not become whole within 30 s.");
      await sleep(50);
    }
  }
}

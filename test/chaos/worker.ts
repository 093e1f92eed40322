// One replica: it learns, gives feedback, reads and forgets as fast as it may, and says so line by line. What was
// acknowledged is said at once, so that a kill takes nothing back.

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { ExperienceMemory, JitRLError, type LearnReceipt, type Selector, seededRandom } from "@jitrl/core";
import { createClient, createCluster, createSentinel } from "redis";
import { RedisExperienceStore } from "../../packages/redis/src/experience/redis-experience-store.js";
import type { RedisConnection } from "../../packages/redis/src/redis-connection.js";
import type { Operation, Order, Route, WorkerLine, WorkerTask } from "./messages.js";

const task = JSON.parse(process.argv[2] ?? "") as WorkerTask;
const random = seededRandom(task.seed);
const client = await connect(task.route);
const store = new RedisExperienceStore({
  client,
  namespace: task.namespace,
  patience: 300,
  bufferLimit: 100_000,
  closeTimeout: 20_000,
  ...(task.durable ? { durability: { replicas: 1, timeoutMs: 500 } } : {}),
  onError: ({ code, details }) => {
    if (code === "store-failed" && typeof details.episodeId === "string")
      say({ line: "gave-up", id: details.episodeId });
  },
});
/** The latest episodes of all replicas. */
const recent: string[] = [];
store.watch((change) => {
  if (change.type !== "put" || change.revision !== 1) return;
  recent.push(change.id);
  if (recent.length > 200) recent.shift();
});
const memory = new ExperienceMemory({ store });
let working = true;
let count = 0;

for await (const line of listen()) await obey(JSON.parse(line) as Order);

async function* listen(): AsyncIterable<string> {
  await memory.ready();
  say({ line: "ready" });
  const loops = Array.from({ length: 4 }, () => work());
  for await (const line of createInterface({ input: process.stdin })) {
    if ((JSON.parse(line) as Order).order === "finish") {
      working = false;
      await Promise.all(loops);
      while (store.buffered > 0) await pause(10);
    }
    yield line;
  }
}

async function obey(order: Order): Promise<void> {
  if (order.order === "finish") return say({ line: "finished" });
  if (order.order === "tell") {
    const rewards: Record<string, number | null> = {};
    for (const id of order.ids) rewards[id] = rewardsOf(id);
    return say({ line: "held", rewards });
  }
  await memory.close();
  await client.destroy();
  process.exit(0);
}

async function work(): Promise<void> {
  while (working) {
    const operation = nextOperation();
    const op = `${task.worker}:${count++}`;
    say({ line: "begin", op, operation, at: Date.now() });
    let outcome: string;
    try {
      outcome = await perform(operation);
    } catch (error) {
      outcome = JitRLError.isInstance(error) && error.code !== "store-failed" ? error.code : String(error);
    }
    say({ line: "end", op, outcome, at: Date.now() });
    memory.neighbors({ features: stateOf(`${random()}`) });
    await pause(5 + Math.floor(random() * 30));
  }
}

function nextOperation(): Operation {
  const known = recent[Math.floor(random() * recent.length)];
  const dice = random();
  if (dice < 0.4 && known) return { kind: "feedback", id: known, rewardId: `${task.worker}:${count}` };
  if (dice < 0.45) return { kind: "forget", selector: nextSelector(known) };
  return {
    kind: "learn",
    id: `${task.worker}:${count}`,
    threadId: `thread ${Math.floor(random() * 300)}`,
    user: `user ${Math.floor(random() * 300)}`,
    at: Date.now(),
  };
}

function nextSelector(known: string | undefined): Selector {
  const dice = random();
  if (dice < 0.4 && known) return { episodeId: known };
  if (dice < 0.7) return { threadId: `thread ${Math.floor(random() * 300)}` };
  return { metadata: { user: `user ${Math.floor(random() * 300)}` } };
}

async function perform(operation: Operation): Promise<string> {
  if (operation.kind === "forget") {
    await memory.forget(operation.selector);
    return "forgotten";
  }
  const receipt: LearnReceipt =
    operation.kind === "learn"
      ? await memory.learn({
          id: operation.id,
          threadId: operation.threadId,
          at: operation.at,
          metadata: { user: operation.user },
          steps: [{ state: { features: stateOf(operation.id) }, action: "act" }],
          rewards: [{ id: "first", value: 1, source: "human", at: operation.at }],
        })
      : await memory.feedback(operation.id, { reward: 1, id: operation.rewardId });
  return receipt.status;
}

/** Each reward is 1, so the return of the one step of an episode counts them. */
function rewardsOf(id: string): number | null {
  const found = memory.neighbors({ features: stateOf(id) }, { minSimilarity: 1, k: 1 });
  if (found.status !== "found") throw new Error(`Expected the memory to search, found ${found.status}.`);
  const [neighbor] = found.neighbors;
  return neighbor?.actions[0]?.mean ?? null;
}

function stateOf(id: string) {
  return { id: { tokens: [id], weight: 1 } };
}

async function connect(route: Route): Promise<RedisConnection> {
  if (route.kind === "server") {
    const direct = createClient({
      url: route.url,
      socket: { reconnectStrategy: () => 20 + Math.floor(Math.random() * 60), connectTimeout: 1_000 },
    });
    direct.on("error", () => {});
    await direct.connect();
    return direct;
  }
  if (route.kind === "cluster") {
    const cluster = createCluster({
      rootNodes: route.urls.map((url) => ({ url })),
      topologyRefreshOnReconnectionAttemptStrategy: 300,
    });
    cluster.on("error", () => {});
    await cluster.connect();
    return cluster;
  }
  const sentinel = createSentinel({
    name: route.name,
    sentinelRootNodes: [...route.roots],
    scanInterval: 500,
    maxCommandRediscovers: 1_000,
  });
  sentinel.on("error", () => {});
  await sentinel.connect();
  return sentinel;
}

function say(line: WorkerLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      // The pipe is full for a moment.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

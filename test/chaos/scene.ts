import { setTimeout as sleep } from "node:timers/promises";
import { createClient, ErrorReply } from "redis";
import { TcpProxy } from "../../packages/redis/test/experience/tcp-proxy.js";
import { startSentinels, startServer, type TestServer } from "../../packages/redis/test/servers/index.js";
import type { Route } from "./messages.js";

/** A fault, and how to undo it; `undefined` where it cannot happen here. */
export interface Fault {
  readonly name: string;
  /** Resolves when it is over. @param ms how long it is to last */
  readonly happen: (ms: number) => Promise<void>;
}

/** Servers, a way to them, and what can go wrong with them. */
export interface Scene {
  readonly route: Route;
  readonly durable: boolean;
  readonly faults: readonly Fault[];
  /** Shortest time between two faults, ms: enough to come to work again. */
  readonly calm: number;
  /** Where to read in the end, when all is well again. */
  readonly primary: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * One server with an append-only file, behind a proxy that cuts connections.
 *
 * @param calm see {@link Scene.calm}
 */
export async function appendOnlyScene(calm = 1_000): Promise<Scene> {
  const server = await startServer({ appendOnly: "always" });
  const proxy = await TcpProxy.start(() => server.port);
  return {
    route: { kind: "server", url: proxy.url },
    durable: false,
    calm,
    faults: [
      stall(() => server),
      {
        name: "server killed and restarted",
        happen: async (ms) => {
          await server.kill();
          await sleep(ms);
          await server.restart();
        },
      },
      {
        name: "connections cut",
        happen: async () => proxy.cut(),
      },
      {
        name: "answers lost",
        happen: async (ms) => {
          proxy.deaf = true;
          await sleep(Math.min(ms, 200));
          proxy.deaf = false;
        },
      },
      {
        name: "connections refused",
        happen: async (ms) => {
          proxy.refusing = true;
          proxy.cut();
          await sleep(ms);
          proxy.refusing = false;
        },
      },
    ],
    primary: async () => server.url,
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** A primary and a replica without files, and a sentinel that promotes the one when the other dies. */
export async function failoverScene(): Promise<Scene> {
  const { name, roots, servers, stop } = await startSentinels({ replicas: 1, downAfter: 500 });
  let [primary, other] = [servers[0]!, servers[1]!];
  return {
    route: { kind: "sentinel", name, roots },
    durable: true,
    calm: 1_500,
    faults: [
      stall(() => primary),
      stall(() => other, "replica stalled"),
      {
        name: "failed over",
        happen: async () => {
          // A replica that has not all of it yet must not be promoted: nobody was told that it has.
          [primary, other] = await settled(primary, other);
          await primary.kill();
          let patience = performance.now() + 15_000;
          await until(async () => {
            // On a busy machine a sentinel loses its bearings for half a minute at a time, and has to be told.
            if (performance.now() > patience) {
              patience += 15_000;
              await orderFailover(name, roots[0]?.port ?? 0);
            }
            return (await replication(other)).includes("role:master");
          });
          await primary.restart();
          await primary.command("REPLICAOF", "127.0.0.1", String(other.port));
          [primary, other] = await settled(other, primary);
        },
      },
    ],
    primary: async () => (await settled(primary, other))[0].url,
    stop,
  };
}

export function stall(server: () => TestServer, name = "server stalled"): Fault {
  return {
    name,
    happen: async (ms) => {
      const stalled = server();
      stalled.pause();
      // Shorter than what makes a sentinel promote another.
      await sleep(Math.min(ms, 350));
      stalled.resume();
    },
  };
}

/**
 * Waits until one is the primary and the other is in step with it. Which of the two it is need not be what this
 * program did: on a busy machine a stall may be long enough for the servers to fail over by themselves.
 */
export async function settled(
  one: TestServer,
  other: TestServer,
): Promise<[primary: TestServer, other: TestServer]> {
  for (const deadline = Date.now() + 240_000; ; await sleep(50)) {
    for (const [a, b] of [
      [one, other],
      [other, one],
    ] as const) {
      if ((await replication(a)).includes("role:master") && (await isInStep(b))) return [a, b];
    }
    if (Date.now() > deadline) throw new Error("The servers did not come to rest within four minutes.");
  }
}

async function orderFailover(name: string, sentinel: number): Promise<void> {
  const client = createClient({ url: `redis://127.0.0.1:${sentinel}` });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.sendCommand(["SENTINEL", "FAILOVER", name]);
  } catch (error) {
    // It is at it already, or does not know yet to whom.
    if (!(error instanceof ErrorReply)) throw error;
  } finally {
    client.destroy();
  }
}

async function isInStep(replica: TestServer): Promise<boolean> {
  return (await replication(replica)).includes("master_link_status:up");
}

export async function replication(server: TestServer): Promise<string> {
  return String(await server.command("INFO", "replication").catch(String));
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 240_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("The servers did not come to rest within four minutes.");
    await sleep(50);
  }
}

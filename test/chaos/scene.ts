import { setTimeout as sleep } from "node:timers/promises";
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

/** One server with an append-only file, behind a proxy that cuts connections. */
export async function appendOnlyScene(): Promise<Scene> {
  const server = await startServer({ appendOnly: "always" });
  const proxy = await TcpProxy.start(() => server.port);
  return {
    route: { kind: "server", url: proxy.url },
    durable: false,
    calm: 300,
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
          await until(() => isInStep(other));
          await primary.kill();
          await until(async () => (await replication(other)).includes("role:master"));
          await primary.restart();
          await primary.command("REPLICAOF", "127.0.0.1", String(other.port));
          [primary, other] = [other, primary];
          await until(() => isInStep(other));
        },
      },
    ],
    primary: async () => primary.url,
    stop,
  };
}

function stall(server: () => TestServer, name = "server stalled"): Fault {
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

async function isInStep(replica: TestServer): Promise<boolean> {
  return (await replication(replica)).includes("master_link_status:up");
}

async function replication(server: TestServer): Promise<string> {
  return String(await server.command("INFO", "replication").catch(String));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("The servers did not come to rest within a minute.");
    await sleep(50);
  }
}

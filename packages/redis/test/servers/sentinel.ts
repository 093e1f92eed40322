import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisProcess } from "./redis-process.js";
import { startServer, type TestServer } from "./server.js";

export interface TestSentinels {
  /** The name under which the sentinels know the primary. */
  readonly name: string;
  /** Addresses of the sentinels, as `createSentinel` takes them. */
  readonly roots: readonly { readonly host: string; readonly port: number }[];
  /** The first one began as the primary. */
  readonly servers: readonly TestServer[];
  stop(): Promise<void>;
}

export interface SentinelOptions {
  /** @default 1 */
  readonly replicas?: number;
  /** @default 1, which decides alone */
  readonly sentinels?: number;
  /** How long a server must be away before it is replaced, ms. @default 1000 */
  readonly downAfter?: number;
}

/** Starts a primary, its replicas and sentinels that watch them; resolves when the sentinels know all of them. */
export async function startSentinels(options: SentinelOptions = {}): Promise<TestSentinels> {
  const { replicas = 1, sentinels = 1, downAfter = 1_000 } = options;
  const name = "primary";
  const servers: TestServer[] = [await startServer()];
  const watchers: RedisProcess[] = [];
  const stop = async () => {
    await Promise.all([...watchers, ...servers].map((process) => process.stop()));
  };
  try {
    const primary = servers[0]!;
    for (let index = 0; index < replicas; index++) servers.push(await startServer({ replicaOf: primary }));
    const quorum = Math.floor(sentinels / 2) + 1;
    for (let index = 0; index < sentinels; index++) {
      watchers.push(
        await RedisProcess.start({
          folder: mkdtempSync(join(tmpdir(), "jitrl-sentinel-")),
          sentinel: true,
          config: [
            "port {port}",
            `sentinel monitor ${name} 127.0.0.1 ${primary.port} ${quorum}`,
            `sentinel down-after-milliseconds ${name} ${downAfter}`,
            `sentinel failover-timeout ${name} 5000`,
          ],
          connection: (port) => ({ url: `redis://127.0.0.1:${port}` }),
        }),
      );
    }
    for (const watcher of watchers) {
      await until(async () => {
        const known = await watcher.command("SENTINEL", "REPLICAS", name);
        const others = await watcher.command("SENTINEL", "SENTINELS", name);
        return (
          Array.isArray(known) &&
          known.length === replicas &&
          Array.isArray(others) &&
          others.length === sentinels - 1
        );
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, roots: watchers.map(({ port }) => ({ host: "127.0.0.1", port })), servers, stop };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("The sentinels did not find all servers within 30 s.");
    await sleep(100);
  }
}

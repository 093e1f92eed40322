import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@jitrl/core";
import { type HeldEpisode, Ledger, type Verdict } from "./ledger.js";
import { NAMESPACE } from "./messages.js";
import { readRedis } from "./read-redis.js";
import type { Fault, Scene } from "./scene.js";
import { WorkerProcess } from "./worker-process.js";

export interface ChaosOptions {
  /** How long faults are injected, s; longer if by then one of them has not happened. */
  readonly seconds: number;
  readonly seed: number;
  /** Replicas that are running at any time. @default 3 */
  readonly workers?: number;
}

export interface ChaosReport {
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
  readonly operations: Ledger["counts"];
  /** Unexpected outcomes, with how often they came. */
  readonly failures: Readonly<Record<string, number>>;
  readonly episodes: number;
  readonly verdict: Verdict;
  /** Where a replica's memory is not what Redis holds. */
  readonly divergent: readonly string[];
}

const KILLED = "replica killed";

/** Lets replicas work while faults happen, then compares the ledger with Redis and with every replica's memory. */
export async function runChaos(scene: Scene, options: ChaosOptions): Promise<ChaosReport> {
  const random = seededRandom(options.seed);
  const ledger = new Ledger();
  const faults: Record<string, number> = Object.fromEntries(
    [KILLED, ...scene.faults.map(({ name }) => name)].map((name) => [name, 0]),
  );
  let started = 0;
  const workers: WorkerProcess[] = [];
  const start = async () => {
    const worker = new WorkerProcess(
      {
        worker: `w${started}`,
        seed: options.seed * 1_000 + started++,
        namespace: NAMESPACE,
        route: scene.route,
        durable: scene.durable,
      },
      ledger,
    );
    workers.push(worker);
    await worker.next("ready");
  };
  try {
    await Promise.all(Array.from({ length: options.workers ?? 3 }, start));
    const replacements: Promise<void>[] = [];
    const kill: Fault = {
      name: KILLED,
      happen: async () => {
        const [worker] = workers.splice(Math.floor(random() * workers.length), 1);
        await worker?.kill();
        replacements.push(start());
      },
    };
    const end = performance.now() + options.seconds * 1_000;
    const isMissing = () => Object.values(faults).includes(0);
    for (let deck: Fault[] = []; performance.now() < end || isMissing(); ) {
      if (deck.length === 0) deck = [kill, ...scene.faults];
      const [fault] = deck.splice(Math.floor(random() * deck.length), 1);
      await sleep(scene.calm * (1 + 2 * random()));
      await fault?.happen(50 + random() * 800);
      if (fault) faults[fault.name] = (faults[fault.name] ?? 0) + 1;
    }
    await Promise.all(replacements);
    await Promise.all(
      workers.map((worker) => {
        const finished = worker.next("finished");
        worker.tell({ order: "finish" });
        return finished;
      }),
    );
    const held = await readRedis(await scene.primary(), NAMESPACE);
    const divergent = await compareMemories(workers, ledger.ids, held);
    await Promise.all(workers.splice(0).map((worker) => worker.end()));
    return {
      faults,
      operations: ledger.counts,
      failures: Object.fromEntries(ledger.failures),
      episodes: held.size,
      verdict: ledger.judge(held),
      divergent,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await scene.stop();
  }
}

/** Followers may be a little behind; what differs then is asked again for a while. */
async function compareMemories(
  workers: readonly WorkerProcess[],
  ids: readonly string[],
  held: ReadonlyMap<string, HeldEpisode>,
): Promise<string[]> {
  const differences = await Promise.all(
    workers.map(async (worker, which) => {
      let open = ids;
      const deadline = performance.now() + 30_000;
      while (open.length > 0 && performance.now() < deadline) {
        const answer = worker.next("held");
        worker.tell({ order: "tell", ids: open });
        const { rewards } = await answer;
        open = open.filter((id) => rewards[id] !== (held.get(id)?.rewards.length ?? null));
        if (open.length > 0) await sleep(200);
      }
      return open.map((id) => `replica ${which}: ${id}`);
    }),
  );
  return differences.flat();
}

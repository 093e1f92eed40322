import { needRedisServer, startServer } from "../../packages/redis/test/servers/index.js";
import { measureCheckpoints } from "./redis/checkpoints.js";
import { measureCommits } from "./redis/commits.js";
import { measureErasure } from "./redis/erasure.js";
import { measureLoad } from "./redis/load.js";
import { measureVisibility } from "./redis/visibility.js";

/** Steps of each episode. */
const STEPS = 10;

/** Experience and checkpoints in a Redis of its own, which keeps nothing on disk. */
export async function run({
  most,
  print,
}: {
  most: number;
  print: (line: string) => void;
}): Promise<unknown> {
  needRedisServer();
  const server = await startServer();
  try {
    print("\nCommits of episodes of 10 steps, against raw writes of the same bytes");
    const commits = await measureCommits(server.url, {
      episodes: Math.min(5_000, most / STEPS),
      steps: STEPS,
    });
    print(
      `  ${commits.commitsPerSecond} commits/s, raw ${commits.rawPerSecond} writes/s: ${commits.percentOfRaw} %`,
    );
    print(`  ${commits.bytesPerStep} bytes a step, ${commits.memoryPerStep} in the server's memory`);

    print("\nFrom commit in one process to visible in another");
    const visibility = await measureVisibility(server.url);
    print(`  at rest: p50 ${visibility.atRest.p50} ms, p99 ${visibility.atRest.p99} ms`);
    print(`  highest rate that both sustain: ${visibility.sustainedPerSecond} commits/s`);
    print(`  at half of that: p50 ${visibility.atHalf.p50} ms, p99 ${visibility.atHalf.p99} ms`);

    print("\nCheckpoints, against MemorySaver");
    const checkpoints = await measureCheckpoints(server);
    for (const { what, redis, memory, roundTrips, commands } of checkpoints) {
      print(
        `  ${what.padEnd(9)} p50 ${redis.p50} ms, p99 ${redis.p99} ms (MemorySaver ${memory.p50} and ${memory.p99}); ${roundTrips} round trips, ${commands} commands inside`,
      );
    }

    const episodes = Math.min(100_000, Math.floor(most / STEPS));
    print(`\nLoad of ${episodes} episodes of ${STEPS} steps, index included`);
    await server.command("FLUSHALL");
    const load = await measureLoad(server, { episodes, steps: STEPS });
    print(
      `  ${load.seconds} s, of which reading ${load.readSeconds} s; ${load.memoryPerStep} bytes a step in the server`,
    );

    print(`\nErasure among ${episodes} episodes of ${STEPS} steps`);
    await server.command("FLUSHALL");
    const erasure = await measureErasure(server, { episodes, steps: STEPS });
    for (const { what, removed, seconds, longestMs, medianMs, scripts } of erasure) {
      print(
        `  ${what.padEnd(16)} ${removed} removed in ${seconds} s; ${scripts} scripts, half of them under ${medianMs} ms, the longest ${longestMs} ms`,
      );
    }
    return { commits, visibility, checkpoints, load, erasure };
  } finally {
    await server.stop();
  }
}

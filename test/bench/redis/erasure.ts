import type { Selector } from "@jitrl/core";
import { RedisExperienceStore } from "@jitrl/redis";
import { connected } from "./connected.js";
import { inParallel, seededEpisodes } from "./episodes.js";

/** What an erasure cost. */
export interface ErasureCost {
  readonly what: string;
  readonly removed: number;
  /** From the call to the receipt, s. */
  readonly seconds: number;
  /** The longest time for which one script held the server up, ms, by the server's own log. */
  readonly longestMs: number;
  readonly medianMs: number;
  readonly scripts: number;
}

/** Erases one episode, one user of a hundred, and all, out of many. */
export async function measureErasure(
  server: { readonly url: string; command(...args: string[]): Promise<unknown> },
  { episodes, steps }: { readonly episodes: number; readonly steps: number },
): Promise<ErasureCost[]> {
  const client = await connected(server.url);
  const store = await RedisExperienceStore.open({ client, namespace: "erasure", capacity: episodes });
  await inParallel(seededEpisodes(episodes, steps, 4), 200, (episode) =>
    store.put(episode, { expectedRevision: 0 }),
  );
  await server.command("CONFIG", "SET", "slowlog-max-len", "100000");
  await server.command("CONFIG", "SET", "slowlog-log-slower-than", "0");
  const costs: ErasureCost[] = [];
  const selectors: [string, Selector][] = [
    ["one episode", { episodeId: "episode-7" }],
    ["one user of 100", { metadata: { user: "user-8" } }],
    ["all", { all: true }],
  ];
  for (const [what, selector] of selectors) {
    await server.command("SLOWLOG", "RESET");
    const began = performance.now();
    const { ids } = await store.delete(selector);
    const seconds = (performance.now() - began) / 1000;
    const took = (await scriptTimes(server)).sort((a, b) => a - b);
    costs.push({
      what,
      removed: ids.length,
      seconds: Number(seconds.toPrecision(3)),
      longestMs: milliseconds(took.at(-1)),
      medianMs: milliseconds(took[took.length >> 1]),
      scripts: took.length,
    });
  }
  await store.close();
  client.destroy();
  return costs;
}

function milliseconds(micro = 0): number {
  return Number((micro / 1000).toPrecision(3));
}

/** How long each script took since the log was emptied, µs. */
async function scriptTimes(server: { command(...args: string[]): Promise<unknown> }): Promise<number[]> {
  const log = (await server.command("SLOWLOG", "GET", "-1")) as [number, number, number, string[]][];
  return log.flatMap(([, , took, [command]]) => (/^eval/i.test(command ?? "") ? [took] : []));
}

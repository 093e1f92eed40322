import { createClient } from "redis";
import type { HeldEpisode } from "./ledger.js";

/** Reads what a namespace holds by the documented format, without the code under test. */
export async function readRedis(url: string, namespace: string): Promise<Map<string, HeldEpisode>> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  try {
    const key = (part: string) => `jitrl:${namespace}:{${namespace}}:${part}`;
    const [order, heads, episodes] = await Promise.all([
      client.zRangeWithScores(key("order"), 0, -1),
      client.hGetAll(key("heads")),
      client.hGetAll(key("episodes")),
    ]);
    if (Object.keys(heads).length !== order.length || Object.keys(episodes).length !== order.length) {
      throw new Error(
        `Expected as many heads and episodes as there are in the order, ${order.length}, found ${Object.keys(heads).length} and ${Object.keys(episodes).length}.`,
      );
    }
    return new Map(
      order.map(({ value: id, score }) => {
        const head = JSON.parse(heads[id] ?? "") as { r: number };
        // The tokens come after the line of JSON.
        const [content = ""] = (episodes[id] ?? "").split("\n", 1);
        const episode = JSON.parse(content) as { rewards: { id: string }[] };
        return [
          id,
          { revision: head.r, sequence: score, rewards: episode.rewards.map((reward) => reward.id) },
        ];
      }),
    );
  } finally {
    client.destroy();
  }
}

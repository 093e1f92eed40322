import { openMemory } from "@jitrl/core";
import { RedisExperienceStore } from "@jitrl/redis";
import { connected } from "./connected.js";
import { inParallel, seededEpisodes } from "./episodes.js";

/** How long a new process takes until it can retrieve all that a namespace holds. */
export async function measureLoad(
  server: { readonly url: string; command(...args: string[]): Promise<unknown> },
  { episodes, steps }: { episodes: number; steps: number },
) {
  const client = await connected(server.url);
  const writer = await RedisExperienceStore.open({ client, namespace: "load" });
  await inParallel(seededEpisodes(episodes, steps, 3), 200, (episode) =>
    writer.put(episode, { expectedRevision: 0 }),
  );
  await writer.close();
  const memory = Number(/used_memory:(\d+)/.exec(String(await server.command("INFO", "memory")))?.[1]);

  const readBegan = performance.now();
  const reader = await RedisExperienceStore.open({ client, namespace: "load" });
  let read = 0;
  for await (const episode of reader.scan()) read += episode.steps.length;
  const readSeconds = (performance.now() - readBegan) / 1000;
  await reader.close();

  const began = performance.now();
  const store = await RedisExperienceStore.open({ client, namespace: "load" });
  const loaded = await openMemory({ store });
  const seconds = (performance.now() - began) / 1000;
  const stats = await loaded.stats();
  if (stats.steps !== episodes * steps || read !== stats.steps) {
    throw new Error(`Expected ${episodes * steps} steps to be loaded, found ${stats.steps}.`);
  }
  await loaded.close();
  client.destroy();
  return {
    episodes,
    steps: stats.steps,
    states: stats.states,
    seconds: Number(seconds.toPrecision(3)),
    readSeconds: Number(readSeconds.toPrecision(3)),
    memoryPerStep: Math.round(memory / stats.steps),
  };
}

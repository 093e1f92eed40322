import { RedisExperienceStore } from "@jitrl/redis";
import { connected } from "./connected.js";
import { inParallel, seededEpisodes } from "./episodes.js";

const IN_FLIGHT = 200;

/** Commits a second, against pipelined writes of exactly the bytes that they store. */
export async function measureCommits(url: string, { episodes, steps }: { episodes: number; steps: number }) {
  const client = await connected(url);
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  const all = [...seededEpisodes(episodes, steps, 1)];
  const store = await RedisExperienceStore.open({ client, namespace: "commits" });
  const put = async (episode: (typeof all)[number]) => {
    const { status } = await store.put(episode, { expectedRevision: 0 });
    if (status !== "stored") throw new Error(`Expected the episode to be stored, found ${status}.`);
  };
  const warmUp = Math.floor(episodes / 5);
  await inParallel(all.slice(0, warmUp), IN_FLIGHT, put);
  const before = await usedMemory();
  const began = performance.now();
  await inParallel(all.slice(warmUp), IN_FLIGHT, put);
  const seconds = (performance.now() - began) / 1000;
  const counted = episodes - warmUp;
  const memory = (await usedMemory()) - before;
  await store.close();

  const stored = await storedBytes(client, "commits");
  const raw = stored.slice(-counted);
  const rawBegan = performance.now();
  await inParallel(raw, IN_FLIGHT, ({ id, bytes }) => client.hSet("raw", id, bytes));
  const rawSeconds = (performance.now() - rawBegan) / 1000;
  await client.del("raw");
  client.destroy();
  const bytes = raw.reduce((sum, one) => sum + Buffer.byteLength(one.bytes), 0);
  return {
    episodes: counted,
    commitsPerSecond: Math.round(counted / seconds),
    rawPerSecond: Math.round(counted / rawSeconds),
    percentOfRaw: Math.round((100 * rawSeconds) / seconds),
    bytesPerStep: Math.round(bytes / (counted * steps)),
    memoryPerStep: Math.round(memory / (counted * steps)),
  };
}

async function storedBytes(
  client: { hGetAll(key: string): Promise<Record<string, string>> },
  namespace: string,
) {
  const prefix = `jitrl:${namespace}:{${namespace}}:`;
  const [heads, rests] = [await client.hGetAll(`${prefix}heads`), await client.hGetAll(`${prefix}episodes`)];
  return Object.entries(rests).map(([id, rest]) => ({ id, bytes: `${heads[id] ?? ""}${rest}` }));
}

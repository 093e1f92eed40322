import type { Episode } from "@jitrl/core";
import { RedisExperienceStore } from "@jitrl/redis";
import { connected } from "./connected.js";
import { inParallel, seededEpisodes } from "./episodes.js";

const IN_FLIGHT = 200;
/** Commits and raw writes take turns, so that what else the machine does meets both; medians are told. */
const ROUNDS = 9;

/** Commits a second, against pipelined writes of exactly the bytes that they store. */
export async function measureCommits(url: string, { episodes, steps }: { episodes: number; steps: number }) {
  const client = await connected(url);
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  const all = [...seededEpisodes(episodes, steps, 1)];
  const store = await RedisExperienceStore.open({ client, namespace: "commits" });
  const put = async (episode: Episode) => {
    const { status } = await store.put(episode, { expectedRevision: 0 });
    if (status !== "stored") throw new Error(`Expected the episode to be stored, found ${status}.`);
  };
  const write = ({ id, bytes }: { id: string; bytes: string }) => client.hSet("raw", id, bytes);

  const each = Math.floor(episodes / (ROUNDS + 1));
  const rounds: { commits: number; raw: number }[] = [];
  let bytes = 0;
  let memory = 0;
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const some = all.slice(round * each, (round + 1) * each);
    const before = await usedMemory();
    const commits = await perSecond(some, put);
    const used = (await usedMemory()) - before;
    const stored = await storedBytes(
      client,
      "commits",
      some.map(({ id }) => id),
    );
    const raw = await perSecond(stored, write);
    await client.del("raw");
    if (round === 0) continue;
    rounds.push({ commits, raw });
    memory += used;
    bytes += stored.reduce((sum, one) => sum + Buffer.byteLength(one.bytes), 0);
  }
  await store.close();
  client.destroy();
  const counted = ROUNDS * each;
  return {
    episodes: counted,
    commitsPerSecond: Math.round(median(rounds.map(({ commits }) => commits))),
    rawPerSecond: Math.round(median(rounds.map(({ raw }) => raw))),
    percentOfRaw: Math.round(median(rounds.map(({ commits, raw }) => (100 * commits) / raw))),
    bytesPerStep: Math.round(bytes / (counted * steps)),
    memoryPerStep: Math.round(memory / (counted * steps)),
  };
}

async function perSecond<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await inParallel(items, IN_FLIGHT, work);
  return (items.length * 1000) / (performance.now() - began);
}

async function storedBytes(
  client: { hmGet(key: string, fields: string[]): Promise<(string | null)[]> },
  namespace: string,
  ids: string[],
) {
  const prefix = `jitrl:${namespace}:{${namespace}}:`;
  const [heads, rests] = [
    await client.hmGet(`${prefix}heads`, ids),
    await client.hmGet(`${prefix}episodes`, ids),
  ];
  return ids.map((id, i) => ({ id, bytes: `${heads[i] ?? ""}${rests[i] ?? ""}` }));
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Episode } from "@jitrl/core";
import { RedisExperienceStore } from "@jitrl/redis";
import { quantiles, type Times } from "../timing.js";
import { connected } from "./connected.js";
import { inParallel, seededEpisodes } from "./episodes.js";
import { marked } from "./marked-episode.js";

const AT_REST = 300;
const BURST = 3_000;
const SECONDS_AT_HALF = 4;

/** From the acknowledgement of a commit here to the moment at which another process can retrieve it. */
export async function measureVisibility(
  url: string,
): Promise<{ atRest: Times; sustainedPerSecond: number; atHalf: Times }> {
  const namespace = "visibility";
  const client = await connected(url);
  const store = await RedisExperienceStore.open({ client, namespace });
  const child = fork(fileURLToPath(new URL("./watching-replica.ts", import.meta.url)), [url, namespace], {
    execArgv: ["--conditions=@jitrl/source", "--import", "tsx"],
  });
  await once(child, "message");
  const arrived = new Map<number, number>();
  child.on("message", (seen: [number, number][]) => {
    for (const [mark, at] of seen) arrived.set(mark, at);
  });
  const episodes = [...seededEpisodes(200, 10, 2)];
  let marks = 0;
  const committed = new Map<number, number>();
  const commit = async () => {
    const mark = marks++;
    const episode: Episode = marked(episodes[mark % episodes.length]!, mark);
    await store.put(episode, { expectedRevision: 0 });
    committed.set(mark, performance.timeOrigin + performance.now());
  };
  const delays = async (from: number): Promise<number[]> => {
    for (let wait = 0; arrived.size < marks; wait++) {
      if (wait > 3_000)
        throw new Error(`${marks - arrived.size} of ${marks} episodes did not arrive within 30 s.`);
      await sleep(10);
    }
    // It may be visible there before the answer is here.
    return Array.from({ length: marks - from }, (_, n) =>
      Math.max(0, arrived.get(from + n)! - committed.get(from + n)!),
    );
  };

  for (let n = 0; n < 100; n++) await commit();
  await delays(0);
  let from = marks;
  for (let n = 0; n < AT_REST; n++) {
    await commit();
    await sleep(5);
  }
  const atRest = quantiles(await delays(from));

  from = marks;
  const began = performance.timeOrigin + performance.now();
  await inParallel(Array(BURST).keys(), 100, commit);
  await delays(from);
  const ended = Math.max(...Array.from({ length: BURST }, (_, n) => arrived.get(from + n)!));
  const sustainedPerSecond = Math.round((BURST * 1000) / (ended - began));

  from = marks;
  const rate = sustainedPerSecond / 2;
  const start = performance.now();
  const running: Promise<void>[] = [];
  while (performance.now() - start < SECONDS_AT_HALF * 1000) {
    const due = ((performance.now() - start) / 1000) * rate;
    while (marks - from < due) running.push(commit());
    await sleep(1);
  }
  await Promise.all(running);
  const atHalf = quantiles(await delays(from));
  child.disconnect();
  await store.close();
  client.destroy();
  return { atRest, sustainedPerSecond, atHalf };
}

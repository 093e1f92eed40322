import { RedisExperienceCheckpointer } from "@jitrl/redis";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type BaseCheckpointSaver,
  emptyCheckpoint,
  MemorySaver,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { quantiles, type Times } from "../timing.js";

const THREADS = 20;
/** Checkpoints of each thread: its messages grow by one each time. */
const TURNS = 30;

export interface CheckpointTimes {
  readonly what: "put" | "putWrites" | "getTuple";
  readonly redis: Times;
  readonly memory: Times;
  /** Of the checkpointer with Redis, each call. */
  readonly roundTrips: number;
  /** Commands that its scripts carry out inside of Redis, each call. */
  readonly commands: number;
}

export async function measureCheckpoints(server: {
  readonly url: string;
  command(...args: string[]): Promise<unknown>;
}): Promise<CheckpointTimes[]> {
  const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url, { namespace: "checkpoints" });
  await checkpointer.memory.ready();
  const memory = new MemorySaver();
  const times: CheckpointTimes[] = [];
  for (const what of ["put", "putWrites", "getTuple"] as const) {
    // Once to warm up, and to have threads that are known; what is counted comes on top.
    await calls(checkpointer, what, "warm");
    const before = await counts(server);
    const redis = await calls(checkpointer, what, "warm");
    const after = await counts(server);
    await calls(memory, what, "warm");
    // Every call of the others has a put before it.
    const [put] = times;
    const each = (total: number) => total / redis.length;
    times.push({
      what,
      redis: quantiles(redis),
      memory: quantiles(await calls(memory, what, "warm")),
      roundTrips: round(each(after.scripts - before.scripts) - (put?.roundTrips ?? 0)),
      commands: round(each(after.inside - before.inside) - (put?.commands ?? 0)),
    });
  }
  await checkpointer.close();
  return times;
}

async function calls(
  saver: BaseCheckpointSaver,
  what: CheckpointTimes["what"],
  prefix: string,
): Promise<number[]> {
  const times: number[] = [];
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    times.push(performance.now() - start);
    return result;
  };
  for (let thread = 0; thread < THREADS; thread++) {
    let config: RunnableConfig = { configurable: { thread_id: `${prefix}-${thread}`, checkpoint_ns: "" } };
    const messages: BaseMessage[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const text = `message ${turn}: ${"some words ".repeat(15)}`;
      messages.push(turn % 2 === 0 ? new HumanMessage(text) : new AIMessage(text));
      const checkpoint = {
        ...emptyCheckpoint(),
        id: uuid6(turn),
        channel_values: { messages: [...messages], user: "user-1", "branch:to:agent": null },
        channel_versions: { messages: turn + 1, user: 1, "branch:to:agent": turn + 1 },
      };
      const versions =
        turn === 0 ? checkpoint.channel_versions : { messages: turn + 1, "branch:to:agent": turn + 1 };
      const put = () => saver.put(config, checkpoint, { source: "loop", step: turn, parents: {} }, versions);
      const stored = what === "put" ? await timed(put) : await put();
      config = stored;
      if (what === "putWrites")
        await timed(() => saver.putWrites(stored, [["messages", messages.at(-1)]], "task"));
      if (what === "getTuple")
        await timed(() => saver.getTuple({ configurable: { ...stored.configurable } }));
    }
  }
  return times;
}

/** Scripts that were called, which are the round trips, and commands that they carried out. */
async function counts(server: { command(...args: string[]): Promise<unknown> }) {
  const lines = String(await server.command("INFO", "commandstats")).split("\r\n");
  let scripts = 0;
  let inside = 0;
  for (const line of lines) {
    const [, name = "", calls = "0"] = /^cmdstat_(\S+?):calls=(\d+)/.exec(line) ?? [];
    if (name === "evalsha" || name === "eval") scripts += Number(calls);
    else if (/^(?:h|z)|expire|unlink|persist|pttl|time/.test(name)) inside += Number(calls);
  }
  return { scripts, inside };
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

import {
  type BaseCheckpointSaver,
  emptyCheckpoint,
  MemorySaver,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { beforeAll, expect, it } from "vitest";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { withCheckpointers } from "./with-checkpointers.js";

const COUNT = 45;
const SOURCES = ["input", "loop", "update"] as const;

describeWithRedis("list", () => {
  const { open } = withCheckpointers();
  const ids = Array.from({ length: COUNT }, (_, n) => uuid6(n));
  let configs: { thread_id?: string; checkpoint_ns?: string; checkpoint_id?: string }[];
  beforeAll(() => {
    configs = [
      { thread_id: "a", checkpoint_ns: "" },
      { thread_id: "a", checkpoint_ns: "child:1|b/c%2F" },
      { thread_id: "b", checkpoint_ns: "" },
      { thread_id: "nobody", checkpoint_ns: "" },
      { thread_id: "a", checkpoint_ns: "child:1|b" },
      { thread_id: "a", checkpoint_ns: "", checkpoint_id: ids[7]! },
    ];
  });

  async function fill(saver: BaseCheckpointSaver): Promise<BaseCheckpointSaver> {
    for (const [thread_id, checkpoint_ns] of [
      ["a", ""],
      ["a", "child:1|b/c%2F"],
      ["b", ""],
    ]) {
      for (const [step, id] of ids.entries()) {
        const config = { configurable: { thread_id, checkpoint_ns, checkpoint_id: ids[step - 1] } };
        const metadata = { source: SOURCES[step % 3]!, step, parents: {}, deep: { of: step % 2 } };
        const checkpoint = {
          ...emptyCheckpoint(),
          id,
          channel_values: { n: step },
          channel_versions: { n: step + 1 },
        };
        const stored = await saver.put(config, checkpoint, metadata, { n: step + 1 });
        await saver.putWrites(stored, [["n", step + 1]], "task");
      }
    }
    return saver;
  }

  it("gives what MemorySaver gives, over pages of any size, with limits, filters and before", async () => {
    const [ours, theirs] = [await fill(await open()), await fill(new MemorySaver())];
    const found = async (saver: BaseCheckpointSaver, ...args: Parameters<BaseCheckpointSaver["list"]>) => {
      const tuples = [];
      for await (const { checkpoint, metadata, pendingWrites, config, parentConfig } of saver.list(...args)) {
        const { id, channel_values } = checkpoint;
        tuples.push({ id, channel_values, metadata, pendingWrites, config, parentConfig });
      }
      return tuples;
    };
    let seen = 0;
    for (const configurable of configs) {
      for (const limit of [undefined, 0, 1, 21]) {
        for (const before of [undefined, ids[30], "ffff"]) {
          for (const filter of [
            undefined,
            {},
            { source: "loop" },
            { source: "loop", step: 4 },
            { nothing: 1 },
          ]) {
            const options = {
              ...(limit === undefined ? {} : { limit }),
              ...(before === undefined ? {} : { before: { configurable: { checkpoint_id: before } } }),
              ...(filter === undefined ? {} : { filter }),
            };
            const expected = await found(theirs, { configurable }, options);
            expect(await found(ours, { configurable }, options)).toEqual(expected);
            seen += expected.length;
          }
        }
      }
    }
    expect(seen).toBeGreaterThan(1000);
  });

  it("compares filters by content", async () => {
    const saver = await fill(await open());
    let count = 0;
    const config = { configurable: { thread_id: "a", checkpoint_ns: "" } };
    for await (const _ of saver.list(config, { filter: { deep: { of: 1 } } })) count++;
    expect(count).toBe(22);
  });

  it("without a thread lists all, without a namespace the latest of all namespaces first", async () => {
    const saver = await fill(await open());
    const threads = new Map<string, string[]>();
    for await (const { config, checkpoint } of saver.list({})) {
      const thread = String(config.configurable?.thread_id);
      threads.set(thread, [...(threads.get(thread) ?? []), checkpoint.id]);
    }
    expect([...threads.keys()].sort()).toEqual(["a", "b"]);
    expect(threads.get("b")).toEqual(ids.toReversed());
    expect(threads.get("a")).toEqual(ids.toReversed().flatMap((id) => [id, id]));
  });
});

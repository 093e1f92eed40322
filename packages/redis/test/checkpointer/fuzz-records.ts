import { JitRLError, type Random, seededRandom } from "@jitrl/core";
import { HumanMessage } from "@langchain/core/messages";
import { emptyCheckpoint, MemorySaver } from "@langchain/langgraph-checkpoint";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpointer/checkpoint-record.js";
import { decodeWrites, encodeWrites } from "../../src/checkpointer/write-record.js";
import { mutate } from "../experience/fuzz-bytes.js";

export interface RecordReport {
  readonly mutations: number;
  /** Refused with `store-corrupt`. */
  readonly corrupt: number;
  /** Read, perhaps as something else: the parts of a thread have no digest. */
  readonly read: number;
}

/** Mutates stored checkpoints and pending writes at random, and reads them. @throws what is not `store-corrupt` */
export async function fuzzRecords(count: number, seed: number): Promise<RecordReport> {
  const random: Random = seededRandom(seed);
  const { serde } = new MemorySaver();
  const checkpoint = {
    ...emptyCheckpoint(),
    id: "1f0",
    channel_values: { small: 1, large: "x".repeat(300), messages: [new HumanMessage("late")] },
    channel_versions: { small: 1, large: 2, messages: 3 },
  };
  const metadata = { source: "loop" as const, step: 1, parents: {} };
  const { record, values } = await encodeCheckpoint(serde, checkpoint, metadata, "1ef", new Set());
  const [write] = await encodeWrites(serde, [["messages", new HumanMessage("late")]], "task", "path");
  if (!write) throw new Error("Expected a write.");
  const contents = new Map(values);
  const [[name, content] = ["", Buffer.alloc(0)]] = values;
  let corrupt = 0;
  for (let i = 0; i < count; i++) {
    try {
      const dice = random();
      if (dice < 0.5) await decodeCheckpoint(serde, mutate(record, random), contents);
      else if (dice < 0.7) await decodeCheckpoint(serde, record, new Map([[name, mutate(content, random)]]));
      else await decodeWrites(serde, [mutate(write.record, random)]);
    } catch (error) {
      if (!JitRLError.isInstance(error) || error.code !== "store-corrupt") throw error;
      corrupt++;
    }
  }
  return { mutations: count, corrupt, read: count - corrupt };
}

import {
  type CheckpointPendingWrite,
  compareWritesSortKeys,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import { corrupt, decodeRecord, deserialize, encodeRecord } from "./stored-record.js";

/** A write as it is stored. */
export interface EncodedWrite {
  /** Its place among the task's writes; below 0 for interrupts, errors and their like, of which the last counts. */
  readonly index: number;
  readonly record: Buffer;
}

export function encodeWrites(
  serde: SerializerProtocol,
  writes: readonly PendingWrite[],
  task: string,
  path: string,
): Promise<EncodedWrite[]> {
  return Promise.all(
    writes.map(async ([channel, value], position) => {
      const [type, bytes] = await serde.dumpsTyped(value);
      const index = (Object.hasOwn(WRITES_IDX_MAP, channel) && WRITES_IDX_MAP[channel]) || position;
      return { index, record: encodeRecord({ task, path, index, channel, type }, [bytes]) };
    }),
  );
}

/**
 * Writes in the order in which a graph applies them.
 *
 * @throws JitRLError `store-corrupt`
 */
export async function decodeWrites(
  serde: SerializerProtocol,
  records: readonly Buffer[],
): Promise<CheckpointPendingWrite[]> {
  const writes = records.map(read).sort((a, b) => compareWritesSortKeys(a.key, b.key));
  return Promise.all(
    writes.map(
      async ({ task, channel, type, body }): Promise<CheckpointPendingWrite> => [
        task,
        channel,
        await deserialize(serde, type, body),
      ],
    ),
  );
}

function read(record: Buffer) {
  const { header, body } = decodeRecord(record);
  if (typeof header === "object" && header !== null && "task" in header && "channel" in header) {
    const { task, channel } = header;
    const path = "path" in header ? header.path : "";
    const index = "index" in header ? header.index : 0;
    const type = "type" in header ? header.type : undefined;
    if (
      typeof task === "string" &&
      typeof channel === "string" &&
      typeof path === "string" &&
      typeof index === "number" &&
      typeof type === "string"
    ) {
      return { key: writesSortKey(path, task, index), task, channel, type, body };
    }
  }
  throw corrupt("task, channel and type of a write");
}

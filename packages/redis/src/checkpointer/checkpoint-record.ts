import type { Checkpoint, CheckpointMetadata, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { valueName } from "./stored-names.js";
import {
  corrupt,
  decodeRecord,
  deserialize,
  encodeRecord,
  isPlace,
  type Place,
  partAt,
} from "./stored-record.js";

/** Channel values of more bytes than this are stored apart, so that checkpoints can share them. */
const LARGE = 256;

/** A checkpoint as it is stored. */
export interface EncodedCheckpoint {
  readonly record: Buffer;
  /** Name and content of each large channel value. */
  readonly values: readonly (readonly [name: string, content: Buffer])[];
}

/** @param omitted channels whose value is left out */
export async function encodeCheckpoint(
  serde: SerializerProtocol,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  parent: string | undefined,
  omitted: ReadonlySet<string>,
): Promise<EncodedCheckpoint> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const place = ([type, bytes]: [string, Uint8Array]): Place => {
    const at = [type, length, bytes.length] as const;
    parts.push(bytes);
    length += bytes.length;
    return at;
  };
  const [head, meta, ...dumped] = await Promise.all([
    serde.dumpsTyped({ ...checkpoint, channel_values: {} }),
    serde.dumpsTyped(metadata),
    ...Object.entries(checkpoint.channel_values ?? {})
      .filter(([channel]) => !omitted.has(channel))
      .map(async ([channel, value]) => [channel, await serde.dumpsTyped(value)] as const),
  ]);
  const values: [string, Buffer][] = [];
  const channels: [string, string | Place][] = [];
  const places = { checkpoint: place(head), metadata: place(meta) };
  for (const [channel, [type, bytes]] of dumped) {
    // JSON has nothing for a function: no saver keeps it.
    if (type === "json" && bytes.length === 0) continue;
    if (bytes.length > LARGE) {
      const content = Buffer.concat([Buffer.from(`${type}\n`), bytes]);
      const name = valueName(content);
      values.push([name, content]);
      channels.push([channel, name]);
    } else channels.push([channel, place([type, bytes])]);
  }
  return {
    record: encodeRecord({ parent, ...places, channels: Object.fromEntries(channels) }, parts),
    values,
  };
}

export interface DecodedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
  readonly parent: string | undefined;
}

/** @throws JitRLError `store-corrupt` */
export async function decodeCheckpoint(
  serde: SerializerProtocol,
  record: Buffer,
  values: ReadonlyMap<string, Buffer>,
): Promise<DecodedCheckpoint> {
  const { parent, checkpoint, metadata, channels, body } = read(record);
  // Async: a place that is wrong must not throw beside parts that are being read and may fail later.
  const load = async <T>(place: Place) => deserialize<T>(serde, place[0], partAt(body, place));
  const [head, meta, ...loaded] = await Promise.all([
    load<Checkpoint>(checkpoint),
    load<CheckpointMetadata>(metadata),
    ...Object.entries(channels).map(async ([channel, place]) => {
      if (isPlace(place)) return [channel, await load<unknown>(place)] as const;
      const content = values.get(String(place));
      if (!content) throw corrupt(`the value "${String(place)}" of the channel "${channel}"`);
      return [channel, await loadValue(serde, content)] as const;
    }),
  ]);
  // `fromEntries` makes own properties of all names, `__proto__` too.
  return { checkpoint: { ...head, channel_values: Object.fromEntries(loaded) }, metadata: meta, parent };
}

/** Only the metadata, which need no channel values. */
export async function decodeMetadata(serde: SerializerProtocol, record: Buffer): Promise<CheckpointMetadata> {
  const { metadata, body } = read(record);
  return deserialize(serde, metadata[0], partAt(body, metadata));
}

/** A large channel value: the line with its type, then the bytes. */
export function loadValue(serde: SerializerProtocol, content: Buffer): Promise<unknown> {
  const end = content.indexOf(0x0a);
  return deserialize(serde, content.toString("utf8", 0, Math.max(end, 0)), content.subarray(end + 1));
}

function read(record: Buffer) {
  const { header, body } = decodeRecord(record);
  if (typeof header === "object" && header !== null && "checkpoint" in header && "metadata" in header) {
    const { checkpoint, metadata } = header;
    const parent = "parent" in header && typeof header.parent === "string" ? header.parent : undefined;
    const channels = "channels" in header ? header.channels : undefined;
    if (isPlace(checkpoint) && isPlace(metadata) && typeof channels === "object" && channels !== null) {
      return { parent, checkpoint, metadata, channels, body };
    }
  }
  throw corrupt("a checkpoint, its metadata and its channels");
}

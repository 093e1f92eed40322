import { JitRLError } from "@jitrl/core";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

// A record is one line of JSON, the header, and then bytes that the header tells apart: what a serializer made stays
// as it is, and both can be read without this code.

/** Type (as the serializer named it), offset and length of a part of the bytes after the header. */
export type Place = readonly [type: string, offset: number, length: number];

const NEWLINE = 0x0a;

export function encodeRecord(header: object, parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]);
}

/** @throws JitRLError `store-corrupt` */
export function decodeRecord(bytes: Buffer): { readonly header: unknown; readonly body: Buffer } {
  const end = bytes.indexOf(NEWLINE);
  try {
    const header: unknown = JSON.parse(bytes.toString("utf8", 0, Math.max(end, 0)));
    return { header, body: bytes.subarray(end + 1) };
  } catch (cause) {
    throw corrupt("a line of JSON", cause);
  }
}

/** The part of the bytes that a place names. */
export function partAt(body: Buffer, place: Place): Buffer {
  const [, offset, length] = place;
  if (offset + length > body.length) throw corrupt(`${offset + length} bytes, found ${body.length}`);
  return body.subarray(offset, offset + length);
}

/** What the serializer makes of a part. @throws JitRLError `store-corrupt` */
export async function deserialize<T>(serde: SerializerProtocol, type: string, bytes: Buffer): Promise<T> {
  try {
    return await serde.loadsTyped(type, view(bytes));
  } catch (cause) {
    throw corrupt("parts that the serializer can read", cause);
  }
}

/** A plain `Uint8Array` of the same bytes: what a `Buffer` adds must not appear in a state. */
function view(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function isPlace(value: unknown): value is Place {
  return (
    Array.isArray(value) &&
    typeof value[0] === "string" &&
    [value[1], value[2]].every((number) => Number.isInteger(number) && number >= 0)
  );
}

export function corrupt(expected: string, cause?: unknown): JitRLError {
  return new JitRLError(
    "store-corrupt",
    `Expected a stored checkpoint to hold ${expected}. It was changed by another program, or written by a newer version of @jitrl/redis.`,
    cause === undefined ? {} : { cause },
  );
}

import type { StoreChange } from "@jitrl/core";
import { idOf } from "./episode-codec.js";

/** An entry of the feed. */
export interface FeedEntry {
  /** Its number: the entries of a feed count the changes without a gap. */
  readonly number: number;
  readonly token: string | undefined;
  /** The token of the entry before it. */
  readonly after: string | undefined;
  /** Undefined for what is not about episodes, and for what cannot be read. */
  readonly change: StoreChange | undefined;
}

/** The entries that an XREAD of one stream gave, none if it gave nothing. */
export function parseFeed(reply: unknown): FeedEntry[] {
  if (!Array.isArray(reply)) return [];
  const [stream] = reply;
  if (!isObject(stream) || !Array.isArray(stream.messages)) return [];
  return stream.messages.flatMap((entry: unknown) => {
    if (!isObject(entry) || typeof entry.id !== "string" || !isObject(entry.message)) return [];
    const { a, k } = entry.message;
    return [
      {
        number: Number.parseInt(entry.id, 10),
        token: typeof k === "string" ? k : undefined,
        after: typeof a === "string" ? a : undefined,
        change: changeOf(entry.message),
      },
    ];
  });
}

function changeOf({ p, r, d }: Record<string, unknown>): StoreChange | undefined {
  try {
    if (typeof p === "string") return { type: "put", id: idOf(p), revision: Number(r) };
    if (typeof d !== "string") return undefined;
    const members: unknown = JSON.parse(d);
    return Array.isArray(members)
      ? { type: "deleted", ids: members.map((member) => idOf(String(member))) }
      : undefined;
  } catch {
    // What it was about is not known, so all is read again.
    return { type: "reset" };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

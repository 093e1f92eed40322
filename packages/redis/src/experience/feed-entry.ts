import type { StoreChange } from "@jitrl/core";
import { idOf } from "./episode-codec.js";

/** An entry of the feed. */
export interface FeedEntry {
  /** Its number: the entries of a feed count the changes without a gap. */
  readonly number: number;
  readonly token: string | undefined;
  /** The token of the entry before it. */
  readonly after: string | undefined;
  /** None for what is not about episodes; a reset for what cannot be read. */
  readonly changes: readonly StoreChange[];
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
        changes: changesOf(entry.message),
      },
    ];
  });
}

function changesOf({ p, d }: Record<string, unknown>): StoreChange[] {
  try {
    if (typeof p === "string") return putsOf(JSON.parse(p));
    if (typeof d !== "string") return [];
    const members: unknown = JSON.parse(d);
    return Array.isArray(members)
      ? [{ type: "deleted", ids: members.map((member) => idOf(String(member))) }]
      : [];
  } catch {
    // What it was about is not known, so all is read again.
    return [{ type: "reset" }];
  }
}

/** @param members each followed by its revision */
function putsOf(members: unknown): StoreChange[] {
  const changes: StoreChange[] = [];
  for (let i = 0; Array.isArray(members) && i < members.length; i += 2)
    changes.push({ type: "put", id: idOf(String(members[i])), revision: Number(members[i + 1]) });
  return changes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

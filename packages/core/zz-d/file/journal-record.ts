import { integer, list, record, string } from "../check.js";
import { parseEpisode } from "../episode.js";
import type { StoredEpisode } from "../store.js";
import { parseTombstone, type Tombstone } from "../tombstones.js";

/** What a line after the header says. The format is described at `FileExperienceStore`. */
export type JournalRecord =
  | { readonly put: StoredEpisode }
  | { readonly evicted: readonly string[] }
  | { readonly forgotten: Tombstone };

/** The version of the format that this code writes, and the only one that it reads. */
export const FORMAT_VERSION = 0;

const FORMAT = "jitrl-experience";

/** @param sequence the latest that was given, left out where it is 0 */
export function encodeHeader(sequence: number): string {
  return `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, ...(sequence > 0 ? { sequence } : {}) })}\n`;
}

export function encodeRecord(entry: JournalRecord): string {
  return `${JSON.stringify(entry)}\n`;
}

/** The header's version and latest sequence, or undefined for a line that is no header of this format. */
export function decodeHeader(line: Uint8Array): { version: number; sequence: number } | undefined {
  try {
    const { format, version, sequence } = record(parse(line), "header");
    if (format !== FORMAT) return undefined;
    return {
      version: integer(version, "header.version", 0),
      sequence: sequence === undefined ? 0 : integer(sequence, "header.sequence", 0),
    };
  } catch {
    return undefined; // Whatever it is, it is not a header; the caller refuses the file.
  }
}

/** @throws an error that says why for a line that cannot be read */
export function decodeRecord(line: Uint8Array): JournalRecord {
  const entry = record(parse(line), "record");
  if (entry.put !== undefined) {
    const { sequence } = record(entry.put, "put");
    return { put: { ...parseEpisode(entry.put), sequence: integer(sequence, "put.sequence", 1) } };
  }
  if (entry.evicted !== undefined)
    return { evicted: list(entry.evicted, "evicted").map((id) => string(id, "evicted")) };
  return { forgotten: parseTombstone(entry.forgotten) };
}

function parse(line: Uint8Array): unknown {
  // Fatal: a damaged character must not pass for another text.
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
}

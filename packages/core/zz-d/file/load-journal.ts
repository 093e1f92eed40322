import type { EpisodeTable } from "../episode-table.js";
import { JitRLError } from "../errors.js";
import type { StoredEpisode } from "../store.js";
import type { Journal, Line, Range } from "./journal.js";
import {
  decodeHeader,
  decodeRecord,
  encodeHeader,
  FORMAT_VERSION,
  type JournalRecord,
} from "./journal-record.js";

/** What the bytes of a journal are good for. */
export interface JournalUse {
  /** Bytes of the line of each episode that is there. */
  readonly live: Map<string, number>;
  /** Bytes of lines that no longer say anything. */
  readonly dead: number;
  /** Lines that could not be read. */
  readonly setAside: readonly Range[];
}

/**
 * Fills a table from a journal, and makes the journal ready for writing: a new one gets its header, a torn end is
 * cut off.
 *
 * @throws JitRLError `store-corrupt` for a foreign file and for a newer version; then nothing was changed
 */
export async function loadJournal(journal: Journal, table: EpisodeTable): Promise<JournalUse> {
  const contents = new Contents(table);
  let header: Line | undefined;
  let last: Line | undefined;
  for await (const line of journal.read()) {
    if (!header) {
      header = line;
      if (isTornHeader(line)) break;
      table.passSequence(sequenceOf(line, journal.path));
    } else if (line.complete || isWhole(line)) {
      contents.take(line);
    }
    last = line;
  }
  if (!last) {
    await journal.cut(0);
    await journal.append(encodeHeader(0));
    if (journal.sync) await journal.syncFolder();
  } else if (!last.complete) {
    // What has no end of line was never acknowledged. It is nevertheless kept where only that is missing, as after
    // an editor that leaves it out.
    if (last === header || isWhole(last)) await journal.append("\n");
    else await journal.cut(last.offset);
  }
  return contents.settle();
}

/** The state that the lines add up to. */
class Contents {
  readonly #table: EpisodeTable;
  readonly #episodes = new Map<string, StoredEpisode>();
  readonly #live = new Map<string, number>();
  readonly #sequences = new Set<number>();
  readonly #setAside: Range[] = [];
  #dead = 0;

  constructor(table: EpisodeTable) {
    this.#table = table;
  }

  take(line: Line): void {
    const bytes = line.length + 1;
    if (line.bytes.every(isBlank)) {
      this.#dead += bytes;
      return;
    }
    const entry = decoded(line);
    if (!entry) this.#setAside.push({ offset: line.offset, length: line.length });
    else if ("put" in entry) this.#put(entry.put, line);
    else if ("evicted" in entry) {
      this.#dead += bytes;
      for (const id of entry.evicted) this.#remove(id);
    } else {
      const before = this.#table.tombstones.size;
      this.#table.tombstones.add(entry.forgotten);
      if (this.#table.tombstones.size === before) this.#dead += bytes;
    }
  }

  settle(): JournalUse {
    // Where the first line of an episode was set aside, a later revision of it is not in its place.
    const episodes = [...this.#episodes.values()].sort((a, b) => a.sequence - b.sequence);
    for (const episode of episodes) this.#table.set(episode);
    for (const sequence of this.#sequences) this.#table.passSequence(sequence);
    return { live: this.#live, dead: this.#dead, setAside: this.#setAside };
  }

  #put(episode: StoredEpisode, line: Line): void {
    const held = this.#episodes.get(episode.id);
    const revises = held !== undefined && held.sequence === episode.sequence;
    const follows = revises
      ? episode.revision > held.revision
      : !this.#sequences.has(episode.sequence) && episode.sequence > (held?.sequence ?? 0);
    if (!follows) {
      // Not written by this code in this place, e.g. two files put together: no two episodes may share a place.
      this.#setAside.push({ offset: line.offset, length: line.length });
      return;
    }
    this.#remove(episode.id);
    this.#episodes.set(episode.id, episode);
    this.#live.set(episode.id, line.length + 1);
    this.#sequences.add(episode.sequence);
  }

  #remove(id: string): void {
    this.#dead += this.#live.get(id) ?? 0;
    this.#live.delete(id);
    this.#episodes.delete(id);
  }
}

/** A file whose creation was cut off, before anything could be stored in it. */
function isTornHeader(line: Line): boolean {
  return !line.complete && encodeHeader(0).startsWith(Buffer.from(line.bytes).toString("latin1"));
}

function sequenceOf(line: Line, path: string): number {
  const header = decodeHeader(line.bytes);
  if (header?.version === FORMAT_VERSION) return header.sequence;
  const found = header
    ? `version ${header.version}, which another version of @jitrl/core has written. Update this package`
    : "another first line. Restore that line if it is one";
  throw new JitRLError(
    "store-corrupt",
    `Expected "${path}" to be an experience file of version ${FORMAT_VERSION}, found ${found}, or choose another path. The file was not changed.`,
    { details: { path, ...(header ? { version: header.version } : {}) } },
  );
}

function isWhole(line: Line): boolean {
  return decoded(line) !== undefined;
}

function decoded(line: Line): JournalRecord | undefined {
  try {
    return decodeRecord(line.bytes);
  } catch {
    return undefined; // Damaged in whatever way: the caller sets it aside or cuts it off.
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

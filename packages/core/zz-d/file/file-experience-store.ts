import { mkdir, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ChangeListeners } from "../change-listeners.js";
import { type Episode, parseEpisode } from "../episode.js";
import { EpisodeTable } from "../episode-table.js";
import { JitRLError } from "../errors.js";
import { SerialQueue } from "../serial-queue.js";
import type {
  ExperienceStore,
  PutResult,
  RetentionOptions,
  Selector,
  StoreChange,
  StoredEpisode,
  StoreStats,
} from "../store.js";
import { type Tombstone, Tombstones } from "../tombstones.js";
import { storeFailed, systemCode } from "./file-fault.js";
import { FileLock } from "./file-lock.js";
import { Journal, type Range } from "./journal.js";
import { encodeHeader, encodeRecord } from "./journal-record.js";
import { type JournalUse, loadJournal } from "./load-journal.js";

export interface FileStoreOptions extends RetentionOptions {
  /**
   * Flush to the disk before a write counts, so that it survives a power cut and not only a killed process.
   * Without it a put is some times faster. @default true
   */
  sync?: boolean;
  /** Told of a compaction that failed: nothing is lost by that, and it is tried again later. */
  onError?: (error: JitRLError) => void;
}

/** Fewer dead bytes than these are not worth a compaction. */
const LEAST_DEAD = 2 ** 20;

/**
 * An {@link ExperienceStore} in one file of a local disk, for one process at a time: `PATH.lock` keeps others out.
 * The episodes are held in memory as well; the file is their journal.
 *
 * The file is UTF-8 text, one JSON object a line. The first line is the header, with the latest sequence that was
 * given when the file was last written anew; every other line is one of three records:
 *
 * ```jsonl
 * {"format":"jitrl-experience","version":0,"sequence":2}
 * {"put":{"id":"e1","revision":1,"sequence":1,"at":1767225600000,"end":"done","steps":[…],"rewards":[…],…}}
 * {"evicted":["e1"]}
 * {"forgotten":{"kind":"thread","digest":"9f86d0…","at":1767225600000}}
 * ```
 *
 * - `put`: an episode as it was stored. A later line with the same id takes its place.
 * - `evicted`: ids of episodes that the limits of age or capacity removed.
 * - `forgotten`: that something was deleted, as a SHA-256 digest of what named it, so that it is refused when it
 *   comes again; for metadata with the names of the keys. `kind`: `episode`, `thread`, `metadata` or `all`.
 *
 * Lines are only ever added. When those that no longer count outweigh the others, the file is written anew beside the
 * old one (`PATH.compacting`) and replaces it at once. A deletion does the same before it resolves, so that the file
 * no longer holds what was deleted; copies that the file system or a backup made are not in its reach.
 *
 * A process that is killed while it writes loses nothing that was acknowledged: an incomplete last line is cut off
 * when the file is opened. Any other line that cannot be read is set aside: counted in `stats().setAside` and kept as
 * it is, until a deletion drops it, because nobody can tell whether it holds what must be forgotten.
 */
export class FileExperienceStore implements ExperienceStore {
  readonly #journal: Journal;
  readonly #lock: FileLock;
  readonly #table: EpisodeTable;
  readonly #listeners = new ChangeListeners();
  readonly #queue = new SerialQueue();
  readonly #now: () => number;
  readonly #onError: (error: JitRLError) => void;
  /** Bytes of the line of each episode. */
  #live: Map<string, number>;
  #dead: number;
  #setAside: readonly Range[];
  /** Dead bytes below which no compaction is tried again after one that failed. */
  #patience = 0;
  #closing: Promise<void> | undefined;

  private constructor(
    parts: { journal: Journal; lock: FileLock; table: EpisodeTable; use: JournalUse },
    { now = Date.now, onError = () => {} }: FileStoreOptions,
  ) {
    this.#journal = parts.journal;
    this.#lock = parts.lock;
    this.#table = parts.table;
    this.#live = parts.use.live;
    this.#dead = parts.use.dead;
    this.#setAside = parts.use.setAside;
    this.#now = now;
    this.#onError = onError;
  }

  /**
   * Opens a file, or creates it with the folders above it; a new file is readable by its owner only.
   *
   * @throws JitRLError `store-locked` while another process or another store of this one writes to it;
   * `store-corrupt` for a file of something else, and for one of a newer version; `store-failed` when it cannot be
   * read or written; `invalid-input`
   */
  static async open(path: string, options: FileStoreOptions = {}): Promise<FileExperienceStore> {
    const table = new EpisodeTable(options);
    const file = await realFile(path);
    const sync = options.sync ?? true;
    const lock = await FileLock.acquire(file, sync);
    const journal = new Journal(file, sync);
    try {
      await journal.removeLeftovers();
      const use = await loadJournal(journal, table);
      const store = new FileExperienceStore({ journal, lock, table, use }, options);
      await store.#evict();
      store.#compactWhenDue();
      return store;
    } catch (cause) {
      await journal.close();
      await lock.release();
      throw JitRLError.isInstance(cause) ? cause : storeFailed("open", file, cause);
    }
  }

  async put(episode: Episode, { expectedRevision }: { expectedRevision: number }): Promise<PutResult> {
    this.#open();
    const parsed = parseEpisode(episode);
    return this.#queue.run(async () => {
      const isForgotten = await this.#table.tombstones.tester(parsed);
      const result = this.#table.check(parsed, expectedRevision, isForgotten);
      if (result.status !== "stored") return result;
      const { revision, sequence } = result;
      const stored = { ...parsed, revision, sequence };
      const put = encodeRecord({ put: stored });
      const ids = this.#table.expired(stored);
      const evicted = ids.length > 0 ? encodeRecord({ evicted: ids }) : "";
      await this.#journal.append(put + evicted);
      this.#dead += (this.#live.get(parsed.id) ?? 0) + Buffer.byteLength(evicted);
      this.#live.set(parsed.id, Buffer.byteLength(put));
      this.#table.set(stored);
      this.#listeners.announce({ type: "put", id: parsed.id, revision });
      this.#drop(ids);
      this.#compactWhenDue();
      return result;
    });
  }

  async get(id: string): Promise<StoredEpisode | undefined> {
    this.#open();
    return this.#table.get(id);
  }

  /** As in {@link ExperienceStore}; when it resolves, the file no longer holds what was deleted. */
  async delete(selector: Selector): Promise<{ ids: readonly string[] }> {
    this.#open();
    return this.#queue.run(async () => {
      const tombstone = await Tombstones.of(selector, this.#now());
      const ids = this.#table.selected(selector);
      const clean = ids.length === 0 && this.#dead === 0 && this.#setAside.length === 0;
      if (clean) await this.#journal.append(encodeRecord({ forgotten: tombstone }));
      else await this.#rewrite({ without: new Set(ids), tombstone });
      this.#table.tombstones.add(tombstone);
      this.#drop(ids);
      if (!clean) await this.#journal.syncFolder();
      return { ids };
    });
  }

  async *scan(): AsyncIterable<StoredEpisode> {
    this.#open();
    for (const episode of this.#table.scan()) {
      yield episode;
      this.#open();
    }
  }

  watch(listener: (change: StoreChange) => void): () => void {
    this.#open();
    return this.#listeners.add(listener);
  }

  async stats(): Promise<StoreStats> {
    this.#open();
    return { episodes: this.#table.size, setAside: this.#setAside.length };
  }

  /** Resolves when all that was begun is done and others may open the file. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.run(async () => {
      this.#listeners.clear();
      this.#table.clear();
      try {
        await this.#journal.close();
      } finally {
        await this.#lock.release();
      }
    });
    return this.#closing;
  }

  async #evict(): Promise<void> {
    const ids = this.#table.expired();
    if (ids.length === 0) return;
    const evicted = encodeRecord({ evicted: ids });
    await this.#journal.append(evicted);
    this.#dead += Buffer.byteLength(evicted);
    this.#drop(ids);
  }

  #drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#dead += this.#live.get(id) ?? 0;
      this.#live.delete(id);
    }
    this.#table.remove(ids);
    this.#listeners.announce({ type: "deleted", ids });
  }

  /** What waits behind it in the queue waits for it, but nobody's promise depends on it. */
  #compactWhenDue(): void {
    if (!this.#isDue()) return;
    void this.#queue.run(async () => {
      if (this.#closing || !this.#isDue()) return;
      try {
        await this.#rewrite({ without: new Set() });
        await this.#journal.syncFolder();
        this.#patience = 0;
      } catch (error) {
        this.#patience = 2 * this.#dead;
        this.#onError(
          JitRLError.isInstance(error) ? error : storeFailed("compact", this.#journal.path, error),
        );
      }
    });
  }

  #isDue(): boolean {
    const live = this.#journal.length - this.#dead;
    return this.#dead >= LEAST_DEAD && this.#dead > live && this.#dead >= this.#patience;
  }

  /** Writes the file anew, without its dead lines. A deletion drops the lines that were set aside as well. */
  async #rewrite(change: { without: ReadonlySet<string>; tombstone?: Tombstone }): Promise<void> {
    const { without, tombstone } = change;
    const table = this.#table;
    const live = new Map<string, number>();
    function* lines(): Iterable<string> {
      yield encodeHeader(table.sequence);
      for (const forgotten of table.tombstones.values()) yield encodeRecord({ forgotten });
      if (tombstone) yield encodeRecord({ forgotten: tombstone });
      for (const episode of table.values()) {
        if (without.has(episode.id)) continue;
        const line = encodeRecord({ put: episode });
        live.set(episode.id, Buffer.byteLength(line));
        yield line;
      }
    }
    this.#setAside = await this.#journal.rewrite(lines(), tombstone ? [] : this.#setAside);
    this.#live = live;
    this.#dead = 0;
  }

  #open(): void {
    if (this.#closing)
      throw new JitRLError("memory-closed", "This experience store is closed. Open a new one.");
  }
}

/** Creates what is missing. @returns the one path that all names of the file come to */
async function realFile(path: string): Promise<string> {
  try {
    if (await isOther(path)) throw new Error("it is a folder or a device, not a file");
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "a", 0o600);
    await file.close();
    return await realpath(path);
  } catch (cause) {
    throw storeFailed("open", path, cause);
  }
}

/** True for what is there and is no regular file: opening it could wait forever. */
async function isOther(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isFile();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

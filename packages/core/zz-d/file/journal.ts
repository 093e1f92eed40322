import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { storeFailed, systemCode } from "./file-fault.js";

/** Bytes of a journal, from an offset. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** One line without its end of line. */
export interface Line extends Range {
  readonly bytes: Uint8Array;
  /** False for what follows the last end of line. */
  readonly complete: boolean;
}

const CHUNK = 256 * 1024;
const END_OF_LINE = 0x0a;

/**
 * A file of lines that grows at its end and is now and then written anew. What a promise that resolved has written
 * is there as a whole, and what failed leaves nothing behind. One operation at a time.
 */
export class Journal {
  readonly path: string;
  /** Whether a write counts only when it is on the disk. */
  readonly sync: boolean;
  #file: FileHandle | undefined;
  #length = 0;
  /** There may be something beyond the length: part of a write that failed. */
  #overhang = false;

  constructor(path: string, sync: boolean) {
    this.path = path;
    this.sync = sync;
  }

  /** Bytes that count. */
  get length(): number {
    return this.#length;
  }

  /** All lines, in order; read to the end before anything is written. */
  async *read(): AsyncGenerator<Line> {
    const file = await this.#opened();
    const chunk = Buffer.allocUnsafe(CHUNK);
    let parts: Uint8Array[] = [];
    let start = 0;
    for (let position = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK, position);
      if (bytesRead === 0) break;
      let from = 0;
      for (let end = find(chunk, from, bytesRead); end >= 0; end = find(chunk, from, bytesRead)) {
        const bytes = Buffer.concat([...parts, chunk.subarray(from, end)]);
        yield { offset: start, length: bytes.length, bytes, complete: true };
        start += bytes.length + 1;
        parts = [];
        from = end + 1;
      }
      if (from < bytesRead) parts.push(Buffer.from(chunk.subarray(from, bytesRead)));
      position += bytesRead;
    }
    const bytes = Buffer.concat(parts);
    this.#length = start + bytes.length;
    if (bytes.length > 0) yield { offset: start, length: bytes.length, bytes, complete: false };
  }

  /** Makes what is beyond `length` not count, and be gone. */
  async cut(length: number): Promise<void> {
    this.#length = length;
    this.#overhang = true;
    await this.#settle(await this.#opened());
  }

  /**
   * Adds lines at the end.
   *
   * @throws JitRLError `store-failed`; then nothing was added
   */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      const file = await this.#opened();
      const { nlink } = await file.stat();
      if (nlink === 0) throw new Error("it was removed or replaced while it was open");
      await this.#settle(file);
      this.#overhang = true;
      await writeAll(file, bytes, this.#length);
      if (this.sync) await file.datasync();
      this.#overhang = false;
      this.#length += bytes.length;
    } catch (cause) {
      await this.#settleLater();
      throw storeFailed("write to", this.path, cause);
    }
  }

  /**
   * Puts a file of the given lines, and of the given ranges of the old file as they are, in its place: after a crash
   * at any moment it is the old one or the new one.
   *
   * @returns where the ranges are now
   * @throws JitRLError `store-failed`; then it is still the old one
   */
  async rewrite(lines: Iterable<string>, keep: readonly Range[]): Promise<Range[]> {
    const temporary = temporaryOf(this.path);
    try {
      await rm(temporary, { force: true });
      const { kept, length } = await this.#write(temporary, lines, keep);
      // Some platforms do not replace a file that is open.
      await this.#closeFile();
      await rename(temporary, this.path);
      this.#length = length;
      this.#overhang = false;
      return kept;
    } catch (cause) {
      await discard(temporary);
      throw storeFailed("compact", this.path, cause);
    }
  }

  /** Makes creation and replacement of the file last, where the platform can. @throws JitRLError `store-failed` */
  async syncFolder(): Promise<void> {
    try {
      const folder = await open(dirname(this.path), "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (cause) {
      if (unsyncable.includes(systemCode(cause))) return;
      throw storeFailed("flush the folder of", this.path, cause);
    }
  }

  /** Removes what a compaction that was killed left behind. */
  async removeLeftovers(): Promise<void> {
    await rm(temporaryOf(this.path), { force: true });
  }

  async close(): Promise<void> {
    await this.#closeFile();
  }

  async #write(
    path: string,
    lines: Iterable<string>,
    keep: readonly Range[],
  ): Promise<{ kept: Range[]; length: number }> {
    const { mode } = await stat(this.path);
    const file = await open(path, "wx", 0o600);
    try {
      let length = 0;
      let pending: string[] = [];
      let size = 0;
      const flush = async () => {
        const bytes = Buffer.from(pending.join(""));
        await writeAll(file, bytes, length);
        length += bytes.length;
        pending = [];
        size = 0;
      };
      for (const line of lines) {
        pending.push(line);
        size += line.length;
        if (size >= CHUNK) await flush();
      }
      await flush();
      const kept: Range[] = [];
      for (const range of keep) {
        kept.push({ offset: length, length: range.length });
        await this.#copy(range, file, length);
        length += range.length + 1;
      }
      await file.chmod(mode & 0o777);
      // Whatever `sync` says: a file that replaces another has to be whole.
      await file.sync();
      return { kept, length };
    } finally {
      await file.close();
    }
  }

  async #copy({ offset, length }: Range, target: FileHandle, position: number): Promise<void> {
    const source = await this.#opened();
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, length));
    for (let done = 0; done < length; ) {
      const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, length - done), offset + done);
      if (bytesRead === 0) throw new Error(`The file ends before byte ${offset + length}`);
      await writeAll(target, chunk.subarray(0, bytesRead), position + done);
      done += bytesRead;
    }
    await writeAll(target, Uint8Array.of(END_OF_LINE), position + length);
  }

  async #opened(): Promise<FileHandle> {
    this.#file ??= await open(this.path, "r+");
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #settle(file: FileHandle): Promise<void> {
    if (!this.#overhang) return;
    await file.truncate(this.#length);
    this.#overhang = false;
  }

  async #settleLater(): Promise<void> {
    try {
      await this.#settle(await this.#opened());
    } catch (error) {
      // The overhang is still noted: the next write cuts it off, or fails as well.
      if (systemCode(error) === undefined) throw error;
    }
  }
}

const unsyncable: readonly unknown[] = ["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "EBADF"];

function temporaryOf(path: string): string {
  return `${path}.compacting`;
}

/** What cannot be removed now is removed before the next compaction, or at the next opening. */
async function discard(temporary: string): Promise<void> {
  try {
    await rm(temporary, { force: true });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

function find(chunk: Buffer, from: number, to: number): number {
  const end = chunk.indexOf(END_OF_LINE, from);
  return end < to ? end : -1;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

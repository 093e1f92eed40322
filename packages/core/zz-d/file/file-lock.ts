import { randomUUID } from "node:crypto";
import { link, open, readFile, rm, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { record } from "../check.js";
import { JitRLError } from "../errors.js";
import { storeFailed, systemCode } from "./file-fault.js";
import { isRunning, processState } from "./process-state.js";

/** What a lock file says of the process that holds it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells the process from a later one with the same pid; absent where the platform does not say. */
  readonly started?: string;
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
}

/** More than enough to see a lock that comes and goes; ends what would be endless, e.g. a link to nowhere. */
const ATTEMPTS = 100;

/** Makes a process the only one that writes to a file, by a file `PATH.lock` that exists as long as it does. */
export class FileLock {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /**
   * @param file its real path: two names of one file must come to one lock
   * @param sync flush the lock to the disk: else a power cut may leave an empty one, which counts as held
   * @throws JitRLError `store-locked` when another holds it, `store-failed` when the folder cannot be written
   */
  static async acquire(file: string, sync: boolean): Promise<FileLock> {
    const { start } = await processState(process.pid);
    const holder: Holder = {
      pid: process.pid,
      host: hostname(),
      ...(start === undefined ? {} : { started: start }),
      since: new Date().toISOString(),
    };
    try {
      return await FileLock.#take(file, `${file}.lock`, holder, sync);
    } catch (cause) {
      throw JitRLError.isInstance(cause) ? cause : storeFailed("lock", file, cause);
    }
  }

  /** Lets others in. */
  async release(): Promise<void> {
    if ((await read(this.#path)) === this.#text) await unlink(this.#path);
  }

  static async #take(file: string, path: string, holder: Holder, sync: boolean): Promise<FileLock> {
    // No two locks are ever the same text, so a text tells whether a lock is still the one that was looked at.
    const text = `${JSON.stringify({ ...holder, token: randomUUID() })}\n`;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await createWhole(path, text, sync)) return new FileLock(path, text);
      const found = await read(path);
      if (found === undefined) continue;
      const other = parseHolder(found);
      if (!other || !(await isStale(other))) throw locked(file, path, other);
      // Of those who found it stale one at a time may remove it, and only after a second look: else the slower of
      // two would remove the new lock of the faster. This guard is a lock as well, so it may be stale as well.
      const guard = await FileLock.#take(file, `${path}.takeover`, holder, sync);
      try {
        if ((await read(path)) === found) await unlink(path);
      } finally {
        await guard.release();
      }
    }
    throw locked(file, path, undefined);
  }
}

/** @returns false when it exists; nobody ever sees it in part */
async function createWhole(path: string, text: string, sync: boolean): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await write(draft, text, sync);
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!withoutLinks.includes(systemCode(error))) throw error;
    return await createInPlace(path, text, sync);
  } finally {
    await rm(draft, { force: true });
  }
}

const withoutLinks: readonly unknown[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"];

/** For file systems without hard links. A lock that is seen in part counts as one that is held. */
async function createInPlace(path: string, text: string, sync: boolean): Promise<boolean> {
  try {
    await write(path, text, sync);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function write(path: string, text: string, sync: boolean): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    if (sync) await file.sync();
  } finally {
    await file.close();
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** On another host nobody can tell from here. */
async function isStale({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return false;
  if (!isRunning(pid)) return true;
  const { ended, start } = await processState(pid);
  return ended || (started !== undefined && start !== undefined && start !== started);
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, host, started, since } = record(JSON.parse(text), "lock");
    if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1 || typeof host !== "string")
      return undefined;
    return { pid, host, since: String(since), ...(typeof started === "string" ? { started } : {}) };
  } catch {
    return undefined; // Not a lock of ours, or one seen in part: the caller counts it as held.
  }
}

function locked(file: string, path: string, holder: Holder | undefined): JitRLError {
  const ours = holder?.pid === process.pid && holder.host === hostname() ? ", this process," : "";
  const who = holder
    ? `process ${holder.pid} on host "${holder.host}"${ours} has held it since ${holder.since}`
    : `"${path}" says that it is held, not by whom`;
  return new JitRLError(
    "store-locked",
    `Expected to be the only writer of "${file}", but ${who}. Close that store first, share one store within the process, or choose another file. If its writer is gone for good, e.g. with its container, delete "${path}".`,
    { details: { path: file, lock: path, ...(holder ? { pid: holder.pid, host: holder.host } : {}) } },
  );
}

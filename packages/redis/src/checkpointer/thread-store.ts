import { RESP_TYPES } from "redis";
import { unlessSilent } from "../experience/reach.js";
import { threadKeys, threadRegistryKey } from "../keys.js";
import { redisFault } from "../redis-fault.js";
import { Script, type ScriptRunner } from "../script.js";
import type { EncodedCheckpoint } from "./checkpoint-record.js";
import { AFTER_SLASH, checkpointName, escapePart, parseCheckpointName, versionName } from "./stored-names.js";
import { ThreadRegistry } from "./thread-registry.js";
import type { ThreadWriter } from "./thread-writer.js";

const scripts = {
  put: new Script("checkpoint-put"),
  putWrites: new Script("checkpoint-put-writes"),
  get: new Script("checkpoint-get"),
  names: new Script("checkpoint-names"),
  history: new Script("checkpoint-history"),
  delete: new Script("checkpoint-delete"),
  timeToLive: new Script("checkpoint-time-to-live"),
};

/** What threads need of a client, a pool, a cluster or a sentinel of node-redis 6. */
export interface ThreadClient extends ScriptRunner {
  withTypeMapping(mapping: { readonly [RESP_TYPES.BLOB_STRING]: typeof Buffer }): ScriptRunner;
}

export interface CheckpointPlace {
  readonly thread: string;
  readonly namespace: string;
  /** Undefined for the latest. */
  readonly id?: string | undefined;
}

/** The version of a channel in a checkpoint, and whether it is another than in the checkpoint before. */
export interface ChannelVersion {
  readonly channel: string;
  readonly version: number;
  readonly changed: boolean;
}

export interface StoredCheckpoint {
  readonly namespace: string;
  readonly id: string;
  readonly record: Buffer;
  /** Large channel values by name. */
  readonly values: ReadonlyMap<string, Buffer>;
  readonly writes: readonly Buffer[];
}

/** What an ancestor of a checkpoint has of some channels. */
export interface StoredAncestor {
  readonly writes: readonly Buffer[];
  readonly values: readonly { readonly channel: string; readonly type: string; readonly content: Buffer }[];
}

export interface ThreadStoreOptions {
  readonly client: ThreadClient;
  readonly namespace: string;
  /** Carries out what changes something. */
  readonly writer: ThreadWriter;
  /** After so long a silence of the server a call fails, ms. */
  readonly patience: number;
  /** How long threads are kept, ms; undefined for ever. */
  readonly ttl: number | undefined;
  /** Reading is a use too. */
  readonly refreshOnRead: boolean;
  /** Told why a thread that was stored could not be given its time to live. */
  readonly onTtlFailure: (reason: string) => void;
}

/** Ancestors that one call visits at most: a server does nothing else meanwhile. */
const ANCESTORS = 100;

/** Threads as they lie in Redis: two keys each, in one slot, changed by one script at a time. */
export class ThreadStore {
  readonly #client: ScriptRunner;
  readonly #options: ThreadStoreOptions;
  readonly #registry: ThreadRegistry;
  /** When the server answered last. */
  #answered = 0;

  constructor(options: ThreadStoreOptions) {
    this.#options = options;
    this.#client = options.client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    const { client, writer, ttl } = options;
    this.#registry = new ThreadRegistry({ client, writer, key: threadRegistryKey(options.namespace), ttl });
  }

  /**
   * @param versions of channels with a value
   * @returns the channels among these that did not change and of which the thread was never given this version: then
   * nothing was stored
   */
  async put(
    at: CheckpointPlace & { readonly id: string },
    encoded: EncodedCheckpoint,
    versions: readonly ChannelVersion[],
  ): Promise<readonly string[]> {
    const names = new Map(versions.map(({ channel }) => [versionName(at.namespace, channel), channel]));
    const unknown = await this.#write(scripts.put, at.thread, [
      checkpointName(at.namespace, at.id),
      encoded.record,
      String(versions.length),
      ...versions.flatMap(({ channel, version, changed }) => [
        versionName(at.namespace, channel),
        String(version),
        changed ? "1" : "0",
      ]),
      ...encoded.values.flat(),
    ]);
    return unknown.flatMap((name) => names.get(name) ?? []);
  }

  /** @param writes name and record of each, and whether it replaces an earlier one */
  async putWrites(
    thread: string,
    writes: readonly { readonly name: string; readonly record: Buffer; readonly replaces: boolean }[],
  ): Promise<void> {
    if (writes.length === 0) return;
    const values = writes.flatMap(({ name, record, replaces }) => [replaces ? "1" : "0", name, record]);
    await this.#write(scripts.putWrites, thread, values);
  }

  async get(at: CheckpointPlace): Promise<StoredCheckpoint | undefined> {
    const { ttl, refreshOnRead, onTtlFailure } = this.#options;
    const refreshed = refreshOnRead && ttl !== undefined ? String(ttl) : "";
    const id = at.id === undefined ? "" : escapePart(at.id);
    const reply = await this.#run(scripts.get, at.thread, [refreshed, escapePart(at.namespace), id]);
    if (!Array.isArray(reply)) return undefined;
    const [name, record, values, writes, failure] = reply as [
      Buffer,
      Buffer,
      (Buffer | null)[],
      Buffer[],
      Buffer,
    ];
    if (refreshed !== "") {
      await this.#attempt("list a thread", () => this.#registry.announce(at.thread));
      if (failure.length > 0) onTtlFailure(failure.toString());
    }
    const byName = new Map<string, Buffer>();
    for (let index = 0; index < values.length; index += 2) {
      const content = values[index + 1];
      if (content) byName.set(String(values[index]), content);
    }
    return { ...parseCheckpointName(name.toString()), record, values: byName, writes };
  }

  /**
   * Pages through the checkpoints of one namespace of a thread, the latest first.
   *
   * @param options.before only those with an id before this one
   * @param options.records whether their records are wanted too
   */
  async *pages(
    thread: string,
    namespace: string,
    options: { readonly before?: string | undefined; readonly page: number; readonly records: boolean },
  ): AsyncGenerator<{ readonly id: string; readonly record: Buffer | undefined }[]> {
    const prefix = `c/${escapePart(namespace)}`;
    let upper = `(${options.before === undefined ? prefix + AFTER_SLASH : checkpointName(namespace, options.before)}`;
    for (;;) {
      const page = await this.#names(thread, upper, `[${prefix}/`, options.page, options.records);
      if (page.length > 0) yield page.map(({ name, record }) => ({ ...parseCheckpointName(name), record }));
      if (page.length < options.page) return;
      upper = `(${page.at(-1)?.name}`;
    }
  }

  /** Namespace and id of every checkpoint of a thread. */
  async all(thread: string): Promise<{ readonly namespace: string; readonly id: string }[]> {
    const names = await this.#names(thread, `(c${AFTER_SLASH}`, "[c/", -1, false);
    return names.map(({ name }) => parseCheckpointName(name));
  }

  /** Ancestors of a checkpoint, the nearest first, until every channel's stored value was found. */
  async *ancestors(at: CheckpointPlace, channels: readonly string[]): AsyncGenerator<StoredAncestor> {
    const missing = new Set(channels);
    let id = at.id === undefined ? "" : escapePart(at.id);
    let skip = "1";
    do {
      const input = [escapePart(at.namespace), id, skip, String(ANCESTORS), ...missing];
      const reply = (await this.#run(scripts.history, at.thread, input)) as [
        Buffer,
        ...[Buffer[], Buffer[]][],
      ];
      const [next, ...ancestors] = reply;
      for (const [writes, flat] of ancestors) {
        const values = [];
        for (let index = 0; index < flat.length; index += 3) {
          const [channel, type, content] = flat.slice(index, index + 3) as [Buffer, Buffer, Buffer];
          values.push({ channel: channel.toString(), type: type.toString(), content });
          missing.delete(channel.toString());
        }
        yield { writes, values };
      }
      id = next.toString();
      skip = "0";
    } while (id !== "" && missing.size > 0);
  }

  async delete(thread: string): Promise<void> {
    await this.#change(scripts.delete, thread, []);
    await this.#attempt("list a thread", () => this.#registry.unregister(thread));
    // Somebody may have written to the thread between the two and found it listed.
    const left = Number(await this.#run(scripts.timeToLive, thread, []));
    if (left !== -2) {
      const ttl = left === -1 ? undefined : left;
      await this.#attempt("list a thread", () => this.#registry.keepAtLeast(thread, ttl));
    }
  }

  /** Ids of all threads, and perhaps of some that are no longer there. */
  threads(): AsyncGenerator<string> {
    return this.#registry.threads();
  }

  /** Tells that a listed thread is not there. If it comes to be meanwhile, it is listed again by who writes it. */
  async unlist(thread: string): Promise<void> {
    await this.#attempt("list a thread", () => this.#registry.unregister(thread));
  }

  async #names(thread: string, upper: string, lower: string, most: number, records: boolean) {
    const input = [upper, lower, String(most), records ? "1" : "0"];
    const reply = (await this.#run(scripts.names, thread, input)) as (Buffer | null)[];
    const names: { name: string; record: Buffer | undefined }[] = [];
    for (let index = 0; index < reply.length; index += 2) {
      names.push({ name: String(reply[index]), record: reply[index + 1] ?? undefined });
    }
    return names;
  }

  /**
   * The thread is listed before it is there, so that nothing is ever there unlisted.
   *
   * @returns what the script did not know, and stored nothing for
   */
  async #write(
    script: Script,
    thread: string,
    values: readonly (string | Buffer)[],
  ): Promise<readonly string[]> {
    const { ttl, onTtlFailure } = this.#options;
    await this.#attempt("list a thread", () => this.#registry.announce(thread));
    const input = [ttl === undefined ? "" : String(ttl), escapePart(thread), ...values];
    const reply = (await this.#change(script, thread, input)) as
      | [string, string[]]
      | [string, number, string];
    if (reply.length === 2) return reply[1];
    const [, created, failure] = reply;
    // It was deleted, or the server emptied, after it was listed.
    if (created === 1) await this.#attempt("list a thread", () => this.#registry.register(thread));
    if (failure !== "") onTtlFailure(failure);
    return [];
  }

  /** Replies have text as `Buffer`. */
  #run(script: Script, thread: string, values: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#attempt("read a thread", () => script.run(this.#client, this.#keys(thread), values));
  }

  /** Replies have text as strings. */
  #change(script: Script, thread: string, values: readonly (string | Buffer)[]): Promise<unknown> {
    const keys = this.#keys(thread);
    return this.#attempt("write a thread", () =>
      this.#options.writer.write(keys[0], (client) => script.run(client, keys, values)),
    );
  }

  #keys(thread: string): [data: string, order: string] {
    const keys = threadKeys(this.#options.namespace, thread);
    return [keys.of("data"), keys.of("order")];
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      const doing = work();
      const answered = () => {
        this.#answered = performance.now();
      };
      doing.then(answered, answered);
      // What was sent to a server that stalls, node-redis would wait for without end.
      return await unlessSilent(doing, this.#options.patience, () => this.#answered);
    } catch (cause) {
      throw redisFault(what, cause);
    }
  }
}

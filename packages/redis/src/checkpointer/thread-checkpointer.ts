import { isDeepStrictEqual } from "node:util";
import { JitRLError } from "@jitrl/core";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { checkpointOf, configOf, namespaceOf, threadOf } from "./checkpoint-config.js";
import { decodeCheckpoint, decodeMetadata, encodeCheckpoint } from "./checkpoint-record.js";
import { withPendingSends } from "./pending-sends.js";
import { writeName } from "./stored-names.js";
import { deserialize } from "./stored-record.js";
import type { ChannelVersion, StoredCheckpoint, ThreadStore } from "./thread-store.js";
import { decodeWrites, encodeWrites } from "./write-record.js";

/** Checkpoints that `list` asks for at a time. */
const PAGE = 20;

/** LangGraph's checkpoints, writes and threads over a {@link ThreadStore}. */
export class ThreadCheckpointer extends BaseCheckpointSaver {
  readonly #threads: ThreadStore;

  constructor(threads: ThreadStore, serde?: SerializerProtocol) {
    super(serde);
    this.#threads = threads;
  }

  /** @throws JitRLError `store-failed`, `store-corrupt` */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (config.configurable?.thread_id === undefined) return undefined;
    const thread = threadOf(config, "read a checkpoint");
    const namespace = namespaceOf(config) ?? "";
    const stored = await this.#threads.get({ thread, namespace, id: checkpointOf(config) });
    return stored && this.#tuple(thread, stored);
  }

  /**
   * Checkpoints, the latest first; of all threads if the configuration names none.
   *
   * @throws JitRLError `store-failed`, `store-corrupt`
   */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    const named =
      config.configurable?.thread_id === undefined ? undefined : threadOf(config, "list checkpoints");
    const threads = named === undefined ? this.#threads.threads() : [named];
    for await (const thread of threads) {
      for await (const tuple of this.#listThread(thread, config, options, left)) {
        yield tuple;
        if (--left <= 0) return;
      }
    }
  }

  /** @throws JitRLError `invalid-input`, `store-failed` */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const thread = threadOf(config, "store a checkpoint");
    const namespace = namespaceOf(config) ?? "";
    const { id } = checkpoint;
    const encode = (omitted: readonly string[]) =>
      encodeCheckpoint(this.serde, checkpoint, metadata, checkpointOf(config), new Set(omitted));
    const versions = channelVersions(checkpoint, newVersions);
    const unknown = await this.#threads.put({ thread, namespace, id }, await encode([]), versions);
    if (unknown.length > 0) {
      const left = versions.filter(({ channel }) => !unknown.includes(channel));
      await this.#threads.put({ thread, namespace, id }, await encode(unknown), left);
    }
    return configOf(thread, namespace, id);
  }

  /** @throws JitRLError `invalid-input`, `store-failed` */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const thread = threadOf(config, "store writes");
    const namespace = namespaceOf(config) ?? "";
    const checkpoint = checkpointOf(config);
    if (checkpoint === undefined) {
      throw new JitRLError(
        "invalid-input",
        "Expected configurable.checkpoint_id, to store writes; found none.",
        {
          details: { field: "configurable.checkpoint_id" },
        },
      );
    }
    const encoded = await encodeWrites(this.serde, writes, taskId, taskPath);
    await this.#threads.putWrites(
      thread,
      encoded.map(({ index, record }) => ({
        name: writeName(namespace, checkpoint, taskId, index),
        record,
        replaces: index < 0,
      })),
    );
  }

  /**
   * Deletes all checkpoints and writes of exactly this thread. Experience stays: `memory.forget({ threadId })`
   * erases that.
   *
   * @throws JitRLError `store-failed`
   */
  override async deleteThread(threadId: string): Promise<void> {
    await this.#threads.delete(threadOf({ configurable: { thread_id: threadId } }, "delete it"));
  }

  /** @internal One call to Redis for some hundred ancestors, where the inherited walk takes one for each. */
  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const { config, channels } = options;
    const history = new Map(channels.map((name) => [name, { writes: [] as CheckpointPendingWrite[][] }]));
    const seeds = new Map<string, unknown>();
    if (channels.length > 0) {
      const at = {
        thread: threadOf(config, "read a checkpoint"),
        namespace: namespaceOf(config) ?? "",
        id: checkpointOf(config),
      };
      for await (const { writes, values } of this.#threads.ancestors(at, channels)) {
        const decoded = await decodeWrites(this.serde, writes);
        for (const [channel, collected] of history) {
          if (!seeds.has(channel)) collected.writes.push(decoded.filter((write) => write[1] === channel));
        }
        for (const { channel, type, content } of values) {
          seeds.set(channel, await deserialize(this.serde, type, content));
        }
      }
    }
    return Object.fromEntries(
      [...history].map(([channel, { writes }]) => [
        channel,
        { writes: writes.reverse().flat(), ...(seeds.has(channel) ? { seed: seeds.get(channel) } : {}) },
      ]),
    );
  }

  async *#listThread(
    thread: string,
    config: RunnableConfig,
    options: CheckpointListOptions,
    left: number,
  ): AsyncGenerator<CheckpointTuple> {
    const before = options.before && checkpointOf(options.before);
    const filter = options.filter && Object.entries(options.filter).length > 0 ? options.filter : undefined;
    const id = checkpointOf(config);
    const namespace = namespaceOf(config);
    let found = false;
    for await (const page of this.#pages(
      thread,
      namespace,
      before,
      id,
      Math.min(PAGE, left),
      filter !== undefined,
    )) {
      found = true;
      const wanted = [];
      for (const { record, ...at } of page) {
        if (!filter || !record || matches(await decodeMetadata(this.serde, record), filter)) wanted.push(at);
      }
      const stored = await Promise.all(wanted.map((at) => this.#threads.get({ thread, ...at })));
      for (const one of stored) {
        // What was deleted since the page was made is left out.
        if (one) yield await this.#tuple(thread, one);
      }
    }
    if (!found && config.configurable?.thread_id === undefined) {
      if ((await this.#threads.all(thread)).length === 0) await this.#threads.unlist(thread);
    }
  }

  /** Checkpoints by name, the latest first; with their records if a filter has to look at them. */
  async *#pages(
    thread: string,
    namespace: string | undefined,
    before: string | undefined,
    id: string | undefined,
    size: number,
    records: boolean,
  ): AsyncGenerator<{ namespace: string; id: string; record?: Buffer | undefined }[]> {
    const wanted = (other: string) =>
      (id === undefined || other === id) && (before === undefined || other < before);
    if (namespace === undefined) {
      const all = (await this.#threads.all(thread)).filter((one) => wanted(one.id));
      all.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
      for (let start = 0; start < all.length; start += size) {
        const page = all.slice(start, start + size);
        const loaded = records
          ? await Promise.all(page.map((one) => this.#threads.get({ thread, ...one })))
          : page.map(() => undefined);
        yield page.map((one, index) => ({ ...one, record: loaded[index]?.record }));
      }
    } else if (id !== undefined) {
      if (wanted(id))
        yield [{ namespace, id, record: (await this.#threads.get({ thread, namespace, id }))?.record }];
    } else {
      for await (const page of this.#threads.pages(thread, namespace, { before, page: size, records })) {
        yield page.map((one) => ({ namespace, ...one }));
      }
    }
  }

  async #tuple(thread: string, stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const { namespace, id, record, values, writes } = stored;
    const [decoded, pendingWrites] = await Promise.all([
      decodeCheckpoint(this.serde, record, values),
      decodeWrites(this.serde, writes),
    ]);
    const { metadata, parent } = decoded;
    let { checkpoint } = decoded;
    if (checkpoint.v < 4 && parent !== undefined) {
      const before = await this.#threads.get({ thread, namespace, id: parent });
      const parentWrites = await decodeWrites(this.serde, before?.writes ?? []);
      checkpoint = withPendingSends(checkpoint, parentWrites, this.getNextVersion(undefined));
    }
    return {
      config: configOf(thread, namespace, id),
      checkpoint,
      metadata,
      pendingWrites,
      ...(parent === undefined ? {} : { parentConfig: configOf(thread, namespace, parent) }),
    };
  }
}

/** Versions of the channels that have a value. */
function channelVersions(checkpoint: Checkpoint, newVersions: ChannelVersions): ChannelVersion[] {
  const versions = new Map(Object.entries(checkpoint.channel_versions ?? {}));
  return Object.keys(checkpoint.channel_values ?? {}).flatMap((channel) => {
    const version = versions.get(channel);
    const changed = Object.hasOwn(newVersions, channel);
    return typeof version === "number" ? [{ channel, version, changed }] : [];
  });
}

function matches(metadata: CheckpointMetadata, filter: Record<string, unknown>): boolean {
  const found = new Map<string, unknown>(Object.entries(metadata));
  return Object.entries(filter).every(([key, value]) => isDeepStrictEqual(found.get(key), value));
}

import { ExperienceMemory, JitRLError, type MemoryOptions } from "@jitrl/core";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { RedisExperienceStore } from "../experience/redis-experience-store.js";
import type { RedisStoreOptions } from "../experience/redis-store-options.js";
import { Writer } from "../experience/writer.js";
import type { RedisConnection } from "../redis-connection.js";
import { type ConnectOptions, connect } from "./connect.js";
import { ThreadCheckpointer } from "./thread-checkpointer.js";
import { type ThreadClient, ThreadStore } from "./thread-store.js";
import { type ThreadTtl, ttlMilliseconds } from "./thread-ttl.js";

/** Options of the checkpointer that do not depend on how it is connected. */
export interface CheckpointerOptions extends Pick<MemoryOptions, "gamma" | "createIndex" | "newId"> {
  /** Threads and experience of different namespaces cannot see each other. Any text but the empty one. @default "default" */
  namespace?: string;
  /** How long threads are kept. @default for ever */
  ttl?: ThreadTtl;
  /** Settings of the experience: capacity, age, what happens while the server is away. */
  experience?: Omit<RedisStoreOptions, "client" | "namespace" | "durability" | "onError">;
  /**
   * Count checkpoints, writes and episodes as stored only when so many replicas have them (`WAIT`). Without it a
   * failover can lose the newest. @default none
   */
  durability?: NonNullable<RedisStoreOptions["durability"]>;
  /**
   * How long a call about threads waits for a server that is silent, ms, above 0; then it fails with
   * `store-unavailable`. What node-redis cannot send it gives up after its own `timeout`, 5 s. @default 5_000
   */
  patience?: number;
  /** Turns states into bytes and back. @default LangGraph's JSON serializer */
  serde?: SerializerProtocol;
  /** Told of what goes wrong in the background, and of threads that could not be given their time to live. */
  onError?: (error: JitRLError) => void;
}

/** A connected client, cluster or sentinel of node-redis 6. */
export type RedisCheckpointerClient = RedisConnection & ThreadClient;

/**
 * LangGraph's checkpoints, and experience that all processes with the same namespace share, in any Redis of version
 * 6.2 or newer, without modules.
 *
 * @example
 * const checkpointer = await RedisExperienceCheckpointer.fromUrl("redis://localhost:6379", { namespace: "support" });
 * const policy = createPolicy({ memory: checkpointer.memory });
 * const graph = builder.compile({ checkpointer });
 */
export class RedisExperienceCheckpointer extends ThreadCheckpointer {
  /** What was learned. It loads in the background; `memory.ready()` resolves when all is there. */
  readonly memory: ExperienceMemory;
  readonly #writer: Writer;
  #closing: Promise<void> | undefined;
  #ownClient: { readonly isReady: boolean; close(): Promise<unknown>; destroy(): unknown } | undefined;

  /**
   * @param options.client connected, and closed by whom it belongs to
   * @throws JitRLError `invalid-input`
   */
  constructor(options: CheckpointerOptions & { client: RedisCheckpointerClient }) {
    const { client, namespace = "default", ttl, durability, experience, ...rest } = options;
    const { serde, patience = 5_000, onError = () => {}, ...memory } = rest;
    if (!(patience > 0)) {
      throw new JitRLError("invalid-input", `Expected patience to be above 0 ms, found ${patience}.`, {
        details: { field: "patience" },
      });
    }
    const writer = new Writer(client, durability, patience);
    const threads = new ThreadStore({
      client,
      namespace,
      writer,
      // A WAIT has time of its own.
      patience: patience + (durability?.timeoutMs ?? 0),
      ttl: ttlMilliseconds(ttl),
      refreshOnRead: ttl?.refreshOnRead ?? false,
      onTtlFailure: (reason) =>
        onError(
          new JitRLError(
            "store-failed",
            `A thread was stored, but could not be given its time to live: ${reason}`,
          ),
        ),
    });
    super(threads, serde);
    const store = new RedisExperienceStore({
      ...experience,
      client,
      namespace,
      onError,
      ...(durability ? { durability } : {}),
    });
    this.#writer = writer;
    this.memory = new ExperienceMemory({ ...memory, store, onError });
  }

  /**
   * Connects to a server, or to the cluster that it belongs to. Returns once connected; the experience loads in the
   * background.
   *
   * @param url redis://user:password@host:6379/0, or rediss: with TLS
   * @throws JitRLError `invalid-input`, `store-unavailable`, `store-failed`; no error holds the URL
   */
  static async fromUrl(
    url: string,
    options: CheckpointerOptions & ConnectOptions = {},
  ): Promise<RedisExperienceCheckpointer> {
    const { cluster, connectTimeout, clientOptions, ...rest } = options;
    const client = await connect(url, { cluster, connectTimeout, clientOptions }, (cause) =>
      rest.onError?.(
        new JitRLError("store-unavailable", `The connection to Redis failed: ${cause.message}`, { cause }),
      ),
    );
    try {
      const checkpointer = new RedisExperienceCheckpointer({ ...rest, client });
      checkpointer.#ownClient = client;
      return checkpointer;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  /** Ends when all that was begun is stored. Closes the connection if `fromUrl` made it. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link close}, by the name that other checkpointers have for it. */
  end(): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.memory.close();
    await this.#writer.close();
    const client = this.#ownClient;
    if (!client) return;
    if (!client.isReady) {
      client.destroy();
      return;
    }
    // A graceful end needs the server, which may not answer.
    const patience = setTimeout(() => client.destroy(), 2_000);
    try {
      await client.close();
    } catch {
      // Already closed, or cut off: there is nothing left to end.
    } finally {
      clearTimeout(patience);
    }
  }
}

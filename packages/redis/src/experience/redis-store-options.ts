import type { JitRLError } from "@jitrl/core";
import type { RedisConnection } from "../redis-connection.js";

/** Settings of a namespace, kept in Redis: those that are given here are applied for all, the others left as they are. */
export interface NamespaceSettings {
  /** Most episodes kept, an integer ≥ 1, or Infinity. The first arrivals go first. @default 100_000 in a new namespace */
  capacity?: number;
  /** Age in ms beyond which an episode goes, counted from its `at`; Infinity for none. @default Infinity */
  maxAge?: number;
  /**
   * Time in ms after which an episode goes, counted from its latest revision, or with `refreshOnUse` its latest use;
   * Infinity for none. With it every key of the namespace has a TTL. @default Infinity
   */
  ttl?: number;
  /**
   * How long it is remembered that something was forgotten, ms: longer than any process may hold an episode back.
   * @default 30 days in a new namespace
   */
  rememberForgotten?: number;
  /** Changes that the feed keeps, about; who falls further behind reads all again. @default 10_000 in a new namespace */
  feedLength?: number;
}

export interface RedisStoreOptions extends NamespaceSettings {
  /**
   * A connected client, cluster or sentinel of node-redis 6. It stays open when the store closes. Followers of the
   * changes use a duplicate of it.
   */
  client: RedisConnection;
  /** Tenants with different namespaces cannot see each other. Any text but the empty one. @default "default" */
  namespace?: string;
  /**
   * Whether an episode's time (`ttl`) begins anew when it is read, and when a policy's decision goes by it. Of
   * decisions the server is told in the background, about once a second, for at most 10,000 episodes at a time.
   * @default false
   */
  refreshOnUse?: boolean;
  /** How long one operation tries to reach the server, ms. @default 2_000 */
  patience?: number;
  /**
   * Throw `store-unavailable` while the server is out of reach, instead of buffering what is put. @default false
   */
  failClosed?: boolean;
  /** Most episodes that wait in this process while the server is out of reach. @default 1_000 */
  bufferLimit?: number;
  /**
   * What happens to an episode that comes when the buffer is full: it is refused with `store-unavailable` (`throw`),
   * or it (`drop-newest`) or the one that waited longest (`drop-oldest`) is given up, of which `onError` is told.
   * @default "throw"
   */
  onOverflow?: "throw" | "drop-oldest" | "drop-newest";
  /**
   * Count a write as done only when so many replicas have it (`WAIT`); else it counts as out of reach and is tried
   * again. Without it a failover can lose the newest writes. @default none
   */
  durability?: { readonly replicas: number; readonly timeoutMs: number };
  /** How long closing waits for what is in the buffer, ms. @default 5_000 */
  closeTimeout?: number;
  /** Told of what happens in the background: changes that cannot be followed, episodes that were given up. */
  onError?: (error: JitRLError) => void;
  /** Clock, ms since 1970. @default the server's own */
  now?: () => number;
}

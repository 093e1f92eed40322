import { setTimeout as sleep } from "node:timers/promises";
import type { StoreChange } from "@jitrl/core";
import type { RedisConnection } from "../redis-connection.js";
import { disconnect } from "./connect-twin.js";
import type { FeedPosition } from "./experience-scripts.js";
import { type FeedEntry, parseFeed } from "./feed-entry.js";
import { within } from "./reach.js";

export interface FollowerOptions {
  /** Gives a connection of the follower's own, or gives up at the signal; it is destroyed after use. */
  readonly connect: (signal: AbortSignal) => Promise<RedisConnection>;
  /** Where the feed is now; makes the namespace if it is not there. */
  readonly position: (client: RedisConnection) => Promise<FeedPosition>;
  readonly feed: string;
  /** The last change that is known already. */
  readonly from: FeedPosition;
  readonly onChange: (change: StoreChange, number: number) => void;
  /** Told of each new reason for which the feed cannot be followed. */
  readonly onError: (error: unknown) => void;
}

/** How long a read waits for changes, ms; after each the follower looks whether the server went back. */
const BLOCK = 2_000;
/** How long an answer may be late before the connection counts as dead, ms. */
const LATE = 5_000;
const COUNT = 1_000;

/**
 * Follows the feed of a namespace, and misses and doubles nothing: the entries count without a gap, and each names the
 * token of the one before it. Where that does not fit, the server went back (a failover, a backup, a flush) or the
 * feed was trimmed beyond this place: then it says `reset` and goes on from the feed's end.
 */
export class FeedFollower {
  readonly #options: FollowerOptions;
  #position: FeedPosition;
  #client: RedisConnection | undefined;
  #stopped = false;
  #reported = "";
  readonly #wake = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#position = options.from;
    this.#running = this.#run();
  }

  /** Resolves when the connection is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.abort();
    this.#disconnect();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let pause = 25; !this.#stopped; pause = Math.min(2 * pause, 1_000)) {
      try {
        const client = await this.#options.connect(this.#wake.signal);
        if (this.#stopped) {
          disconnect(client);
          return;
        }
        this.#client = client;
        await this.#follow(client, () => {
          pause = 25;
        });
      } catch (error) {
        this.#report(error);
      }
      this.#disconnect();
      await this.#pause(pause);
    }
  }

  /** Reads until the connection fails. */
  async #follow(client: RedisConnection, healthy: () => void): Promise<void> {
    let announced = await this.#check(client);
    while (!this.#stopped) {
      const id = `${this.#position.changes}-0`;
      const read = client.xRead({ key: this.#options.feed, id }, { BLOCK, COUNT });
      const entries = parseFeed(await within(read, BLOCK + LATE));
      healthy();
      this.#reported = "";
      if (entries.length > 0) {
        if (!this.#take(entries)) await this.#reset(client);
        announced = this.#position.changes;
        continue;
      }
      // Entries that the server counts but does not give were taken from the feed.
      if (announced > this.#position.changes) await this.#reset(client);
      announced = await this.#check(client);
    }
  }

  /** @returns how far the feed is by the server's count */
  async #check(client: RedisConnection): Promise<number> {
    const { changes, token } = await within(this.#options.position(client), LATE);
    const known = this.#position;
    if (changes < known.changes || (changes === known.changes && token !== known.token))
      await this.#reset(client);
    return changes;
  }

  /** @returns false if the entries do not go on from what is known */
  #take(entries: readonly FeedEntry[]): boolean {
    for (const { number, token, after, changes: told } of entries) {
      const { changes, token: last } = this.#position;
      if (number !== changes + 1 || after !== last || token === undefined) return false;
      this.#position = { changes: number, token };
      for (const change of told) this.#options.onChange(change, number);
    }
    return true;
  }

  async #reset(client: RedisConnection): Promise<void> {
    // First the place to go on from, so that nothing between it and the reading of all is missed.
    this.#position = await within(this.#options.position(client), LATE);
    this.#options.onChange({ type: "reset" }, Number.POSITIVE_INFINITY);
  }

  #disconnect(): void {
    if (this.#client) disconnect(this.#client);
    this.#client = undefined;
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#stopped || reason === this.#reported) return;
    this.#reported = reason;
    this.#options.onError(error);
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#wake.signal, ref: false });
    } catch (error) {
      // Stopped: there is nothing to wait for.
      if (!this.#stopped) throw error;
    }
  }
}

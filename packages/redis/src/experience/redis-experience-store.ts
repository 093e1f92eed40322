import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  checkSelector,
  type Episode,
  type ExperienceStore,
  JitRLError,
  type PutResult,
  parseEpisode,
  type Selector,
  type StoreChange,
  type StoredEpisode,
  type StoreStats,
} from "@jitrl/core";
import { experienceKeys } from "../keys.js";
import type { RedisConnection } from "../redis-connection.js";
import { redisFault } from "../redis-fault.js";
import { Batches } from "./batches.js";
import { ChangeWatchers } from "./change-watchers.js";
import { type CheckedOptions, checkedOptions, settingPairs } from "./checked-options.js";
import { connectTwin } from "./connect-twin.js";
import { decodeEpisode, encodeEpisode, memberOf, Unreadable } from "./episode-codec.js";
import { type Attempt, erase } from "./erasure.js";
import { ExperienceScripts, type PutEntry, type RawEpisode, unreadableEntry } from "./experience-scripts.js";
import { FeedFollower } from "./feed-follower.js";
import { sendLate } from "./late-episode.js";
import { NamespaceAccess } from "./namespace-access.js";
import { Outbox } from "./outbox.js";
import type { RedisStoreOptions } from "./redis-store-options.js";
import { UseNotes } from "./use-notes.js";

/** How often each store applies the limits, so that they hold where nobody puts, ms. */
const SWEEP_INTERVAL = 60_000;
const PAGE = 200;

/** Announced changes that could not be read, above which all is read again instead. */
const MOST_UNREAD = 1_000;

/**
 * Experience in Redis, shared by all processes that name the same namespace. Needs Redis 6.2 or newer (or a server that
 * speaks as it does), no modules; a single server, a cluster or a sentinel.
 *
 * What a `put` has acknowledged was stored by one script in one hash slot, and with `durability` has reached replicas.
 * While the server is out of reach, a put answers `buffered` and is sent when the server is back, unless `failClosed`.
 */
export class RedisExperienceStore implements ExperienceStore {
  readonly #client: RedisConnection;
  readonly #options: CheckedOptions;
  readonly #feed: string;
  readonly #scripts: ExperienceScripts;
  readonly #access: NamespaceAccess;
  readonly #outbox: Outbox;
  readonly #puts = new Batches<PutEntry, PutResult | JitRLError>({
    carryOut: (entries) => this.#putAll(entries),
    sizeOf: ({ encoded }) => encoded.head.length + encoded.rest.length,
    nameOf: ({ encoded }) => encoded.member,
  });
  readonly #gets = new Batches<string, RawEpisode | undefined>({
    carryOut: (members) =>
      this.#access.read("read an episode", (client) =>
        this.#scripts.get(client, members, this.#options.refreshOnUse),
      ),
  });
  readonly #watchers = new ChangeWatchers();
  readonly #sweeping: NodeJS.Timeout;
  readonly #setAside = new Set<string>();
  /** Announced episodes that could not be read when somebody wanted to. */
  readonly #unread = new Set<string>();
  readonly #begun = new Set<Promise<unknown>>();
  readonly #uses = new UseNotes((ids) => this.#noteUses(ids));
  #follower: FeedFollower | undefined;
  #closing: Promise<void> | undefined;

  /** Begins to use the namespace at the first operation. @throws JitRLError `invalid-input` */
  constructor(options: RedisStoreOptions) {
    this.#options = checkedOptions(options);
    const { client, namespace, durability, patience, now } = this.#options;
    this.#client = client;
    const keys = experienceKeys(namespace);
    this.#feed = keys.feed;
    const process = randomBytes(6).toString("base64url");
    let tokens = 0;
    this.#scripts = new ExperienceScripts(keys, {
      settings: settingPairs(this.#options),
      now,
      token: () => `${process}${(tokens++).toString(36)}`,
    });
    this.#access = new NamespaceAccess({
      client,
      scripts: this.#scripts,
      patience,
      durability,
      onBack: () => this.#settle(),
    });
    this.#outbox = new Outbox({
      limit: this.#options.bufferLimit,
      onOverflow: this.#options.onOverflow,
      send: (entry) => sendLate(entry, { put: (late) => this.#put(late), get: (id) => this.#get(id) }),
      onError: (error) => this.#report(error),
    });
    this.#sweeping = setInterval(() => void this.#sweep(), SWEEP_INTERVAL).unref();
  }

  /** Opens the namespace and applies its settings. @throws JitRLError `store-unavailable`, `store-failed`, `store-corrupt`, `invalid-input` */
  static async open(options: RedisStoreOptions): Promise<RedisExperienceStore> {
    const store = new RedisExperienceStore(options);
    try {
      await store.#access.read("open the namespace", async () => {});
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** @throws JitRLError `invalid-input`, `store-unavailable`, `store-failed`, `store-corrupt`, `memory-closed` */
  async put(episode: Episode, { expectedRevision }: { expectedRevision: number }): Promise<PutResult> {
    this.#notClosed();
    const entry: PutEntry = { encoded: encodeEpisode(parseEpisode(episode, "taken")), expectedRevision };
    return this.#begin(async () => {
      if (this.#options.failClosed) return this.#put(entry);
      // Behind those that wait, so that the order stays.
      if (this.#outbox.size > 0) return this.#buffer(entry);
      try {
        return await this.#put(entry);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        return this.#buffer(entry);
      }
    });
  }

  /** @throws JitRLError `store-unavailable`, `store-failed`, `store-corrupt` for an entry that is set aside, `memory-closed` */
  async get(id: string): Promise<StoredEpisode | undefined> {
    this.#notClosed();
    return this.#begin(async () => {
      try {
        return await this.#get(id);
      } catch (error) {
        if (isUnavailable(error)) this.#unread.add(id);
        throw error;
      }
    });
  }

  /** As in {@link ExperienceStore}; its work grows with what is there, in batches that do not hold the server up. */
  async delete(selector: Selector): Promise<{ ids: readonly string[] }> {
    this.#notClosed();
    checkSelector(selector);
    const named: Selector = structuredClone(selector);
    return this.#begin(async () => {
      const read: Attempt = (work) => this.#access.read("erase episodes", work);
      const write: Attempt = (work) => this.#access.write("erase episodes", work);
      const ids = await erase(this.#scripts, named, { read, write });
      for (const id of ids) this.#setAside.delete(memberOf(id));
      return { ids };
    });
  }

  /** As in {@link ExperienceStore}; while the server is out of reach it waits. */
  async *scan(): AsyncIterable<StoredEpisode> {
    this.#notClosed();
    const read = (after: string) => {
      const page = this.#access.insist("read episodes", (client) => this.#scripts.scan(client, after, PAGE));
      // It is waited for when its turn comes, which may be never.
      page.catch(() => {});
      return page;
    };
    for (let coming = read("0"); ; ) {
      const page = await coming;
      this.#notClosed();
      const last = page.at(-1);
      if (!last) return;
      coming = read(last.sequence);
      for (const raw of page) {
        const episode = this.#decode(raw);
        if (!(episode instanceof Unreadable)) yield episode;
        this.#notClosed();
      }
    }
  }

  watch(listener: (change: StoreChange) => void): () => void {
    this.#notClosed();
    const end = this.#watchers.add(listener, this.#access.latest?.changes ?? -1);
    void this.#follow();
    return end;
  }

  /** With `refreshOnUse` the server is told in the background, about once a second. */
  used(episodeIds: Iterable<string>): void {
    if (this.#options.refreshOnUse && !this.#closing) this.#uses.add(episodeIds);
  }

  /** `setAside` counts what this store found to be unreadable. */
  async stats(): Promise<StoreStats> {
    this.#notClosed();
    const status = await this.#begin(() =>
      this.#access.read("count episodes", (client) => this.#scripts.status(client)),
    );
    const setAside = this.#setAside.size;
    return { episodes: Math.max(0, (status?.episodes ?? 0) - setAside), setAside };
  }

  /** Episodes that wait in this process for the server. */
  get buffered(): number {
    return this.#outbox.size;
  }

  /** Ends when what was begun is done, and what waits is sent or given up, of which `onError` is told. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.allSettled(this.#begun);
    const deadline = performance.now() + this.#options.closeTimeout;
    while (this.#outbox.size > 0 && performance.now() < deadline) {
      await Promise.race([
        this.#outbox.flush(),
        sleep(deadline - performance.now(), undefined, { ref: false }),
      ]);
      if (this.#outbox.size > 0) await sleep(20);
    }
    if (!this.#access.away) await this.#uses.flush();
    this.#access.stop();
    this.#outbox.abandon(new Error("the store was closed while Redis was out of reach"));
    this.#watchers.clear();
    await this.#follower?.stop();
    await this.#access.close();
  }

  async #put(entry: PutEntry): Promise<PutResult> {
    const outcome = await this.#puts.add(entry);
    if (outcome instanceof JitRLError) throw outcome;
    if (outcome.status === "stored") this.#setAside.delete(entry.encoded.member);
    return outcome;
  }

  async #putAll(entries: readonly PutEntry[]): Promise<readonly (PutResult | JitRLError)[]> {
    const { outcomes, position } = await this.#access.write("store an episode", (client) =>
      this.#scripts.put(client, entries),
    );
    if (position && position.changes > (this.#access.latest?.changes ?? 0)) this.#access.latest = position;
    return outcomes;
  }

  #buffer(entry: PutEntry): PutResult {
    this.#outbox.add(entry);
    if (!this.#access.away) void this.#outbox.flush();
    return { status: "buffered" };
  }

  async #get(id: string): Promise<StoredEpisode | undefined> {
    const raw = await this.#gets.add(memberOf(id));
    if (!raw) return undefined;
    const episode = this.#decode(raw);
    if (episode instanceof Unreadable) throw unreadableEntry(id, episode);
    return episode;
  }

  #decode(raw: RawEpisode): StoredEpisode | Unreadable {
    try {
      const episode = decodeEpisode(raw.member, raw.sequence, raw.head, raw.rest);
      this.#setAside.delete(raw.member);
      return episode;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#setAside.add(raw.member);
      return error;
    }
  }

  /** Begins to follow the feed, once, from the latest change that is known. */
  async #follow(): Promise<void> {
    try {
      await this.#access.insist("open the namespace", async () => {});
    } catch (error) {
      if (!this.#closing) this.#report(error);
      return;
    }
    const from = this.#access.latest;
    if (this.#follower || this.#closing || !from) return;
    this.#follower = new FeedFollower({
      feed: this.#feed,
      from,
      connect: (signal) => connectTwin(this.#client, signal),
      position: async (client) => (await this.#scripts.status(client)) ?? this.#scripts.open(client),
      onChange: (change, number) => this.#announce(change, number),
      onError: (error) => this.#report(redisFault("follow the changes", error)),
    });
  }

  #announce(change: StoreChange, number: number): void {
    if (change.type === "reset") {
      this.#access.reset();
      this.#unread.clear();
      this.#setAside.clear();
    }
    if (change.type === "deleted") for (const id of change.ids) this.#setAside.delete(memberOf(id));
    this.#watchers.announce(change, number);
  }

  /** The server is back: what waits is sent, and what could not be read is announced again. */
  #settle(): void {
    void this.#outbox.flush();
    void this.#announceUnread();
  }

  async #announceUnread(): Promise<void> {
    const unread = [...this.#unread];
    if (unread.length > MOST_UNREAD) {
      this.#announce({ type: "reset" }, Number.POSITIVE_INFINITY);
      return;
    }
    for (const id of unread) {
      this.#unread.delete(id);
      try {
        const episode = await this.#get(id);
        // Not as deleted, for it may be stored right now: whoever is told looks again.
        const revision = episode?.revision ?? Number.MAX_SAFE_INTEGER;
        const change: StoreChange = { type: "put", id, revision };
        this.#announce(change, Number.POSITIVE_INFINITY);
      } catch (error) {
        if (isUnavailable(error)) this.#unread.add(id);
        else this.#report(error);
      }
    }
  }

  async #sweep(): Promise<void> {
    try {
      while (
        !this.#closing &&
        (await this.#access.write("apply the limits", (client) => this.#scripts.sweep(client)))
      );
    } catch (error) {
      // Another store, or this one a minute later, will do it.
      if (!isUnavailable(error)) this.#report(error);
    }
  }

  async #noteUses(ids: readonly string[]): Promise<void> {
    try {
      await this.#access.read("note what was used", (client) => this.#scripts.use(client, ids.map(memberOf)));
    } catch (error) {
      // A server that is away is told later.
      if (!isUnavailable(error)) this.#report(error);
      throw error;
    }
  }

  /** Runs what `close` has to wait for. */
  async #begin<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    this.#begun.add(done);
    try {
      return await done;
    } finally {
      this.#begun.delete(done);
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.onError(redisFault("serve the store", error));
    } catch (thrown) {
      // A handler that fails has nobody left to tell, and must not stop the store.
      void thrown;
    }
  }

  #notClosed(): void {
    if (this.#closing)
      throw new JitRLError("memory-closed", "This experience store is closed. Open a new one.");
  }
}

function isUnavailable(error: unknown): boolean {
  return JitRLError.isInstance(error) && error.code === "store-unavailable";
}

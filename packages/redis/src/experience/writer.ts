import type { RedisConnection } from "../redis-connection.js";
import { NoAnswer } from "../redis-fault.js";
import type { ScriptRunner } from "../script.js";
import { connectTwin, disconnect } from "./connect-twin.js";
import { within } from "./reach.js";

/** What happens when a connection, or the place that it leads to, may have become another. */
const MOVES = [
  "ready",
  "reconnecting",
  "end",
  "node-ready",
  "node-reconnecting",
  "node-disconnect",
  "topology-change",
];

interface Durability {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** A write that was carried out, but of which too few replicas know; to be tried again. */
export class NotReplicated extends Error {}

/**
 * Carries out writes, and with `durability` waits until replicas have them. That takes a connection of its own,
 * because `WAIT` holds up what comes behind it, and speaks of the connection on which it is sent: where that changed
 * between a write and its WAIT, the WAIT says nothing, and the write has to be tried again.
 */
export class Writer {
  readonly #client: RedisConnection;
  readonly #durability: Durability | undefined;
  readonly #patience: number;
  #link: Promise<Link> | undefined;
  #closed = false;

  /** @param patience how long an answer may take, ms; for a WAIT beside its own time */
  constructor(client: RedisConnection, durability: Durability | undefined, patience = 2_000) {
    this.#client = client;
    this.#durability = durability;
    this.#patience = patience;
  }

  async write<T>(work: (client: ScriptRunner) => Promise<T>): Promise<T> {
    if (!this.#durability) return work(this.#client);
    const link = await this.#connected();
    try {
      const before = link.moves;
      const result = await within(work(link.twin), this.#patience);
      await link.replicated(this.#durability, this.#patience);
      if (link.moves !== before)
        throw new NotReplicated("the connection changed before replicas had the write");
      return result;
    } catch (error) {
      // One that does not answer may never do so again.
      if (error instanceof NoAnswer || !link.twin.isOpen) this.#discard(link);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const link = await this.#link?.catch(() => undefined);
    if (link) disconnect(link.twin);
  }

  #connected(): Promise<Link> {
    if (this.#closed) throw new Error("the store is closed");
    this.#link ??= this.#connect();
    return this.#link;
  }

  async #connect(): Promise<Link> {
    try {
      return new Link(await connectTwin(this.#client));
    } catch (error) {
      this.#link = undefined;
      throw error;
    }
  }

  #discard(link: Link): void {
    disconnect(link.twin);
    const current = this.#link;
    const forget = (now?: Link) => {
      if (now === link && this.#link === current) this.#link = undefined;
    };
    // One that failed is none of this: whoever waits for it is told.
    current?.then(forget, () => forget());
  }
}

/** A connection for writes, with what happened to it. */
class Link {
  readonly twin: RedisConnection;
  /** How often it may have become another. */
  moves = 0;
  /** The WAIT that has not begun: all writes that are done before it begins share it. */
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(twin: RedisConnection) {
    this.twin = twin;
    for (const move of MOVES) {
      twin.on(move, () => {
        this.moves++;
      });
    }
  }

  /** @throws NotReplicated, NoAnswer */
  replicated(durability: Durability, patience: number): Promise<void> {
    this.#next ??= this.#current.then(async () => {
      this.#next = undefined;
      const waiting = this.#wait(durability, patience);
      this.#current = waiting.catch(() => {});
      await waiting;
    });
    return this.#next;
  }

  async #wait({ replicas, timeoutMs }: Durability, patience: number): Promise<void> {
    const reached = Number(await within(this.twin.wait(replicas, timeoutMs), timeoutMs + patience));
    if (reached < replicas)
      throw new NotReplicated(`${reached} of ${replicas} replicas had the write within ${timeoutMs} ms`);
  }
}

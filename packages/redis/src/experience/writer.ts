import type { Connected, RedisConnection } from "../redis-connection.js";
import { NoAnswer, redisCode } from "../redis-fault.js";
import type { ScriptRunner } from "../script.js";
import { connectTwin, disconnect } from "./connect-twin.js";
import { within } from "./reach.js";

/** What happens when a connection, or the place that it leads to, may have become another. */
const MOVES = ["ready", "reconnecting", "end", "topology-change"];

/** How often a cluster may say that the slot is elsewhere. */
const REDIRECTIONS = 3;

interface Durability {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** A write that was carried out, but of which too few replicas know; to be tried again. */
export class NotReplicated extends Error {}

/**
 * Carries out writes, and with `durability` waits until replicas have them. That takes a connection of its own,
 * because `WAIT` holds up what comes behind it, and speaks of the connection on which it is sent: where that changed
 * between a write and its WAIT, the WAIT says nothing, and the write has to be tried again. In a cluster each node
 * waits for its own replicas only, so that a master without one holds up no other's writes.
 */
export class Writer {
  readonly #client: RedisConnection;
  readonly #durability: Durability | undefined;
  readonly #patience: number;
  readonly #closing = new AbortController();
  #link: Promise<Link> | undefined;

  /** @param patience how long an answer may take, ms; for a WAIT beside its own time */
  constructor(client: RedisConnection, durability: Durability | undefined, patience = 2_000) {
    this.#client = client;
    this.#durability = durability;
    this.#patience = patience;
  }

  /**
   * @param key one of those that are written
   * @param work may be carried out twice
   */
  async write<T>(key: string, work: (client: ScriptRunner) => Promise<T>): Promise<T> {
    if (!this.#durability) return work(this.#client);
    const link = await this.#connected();
    link.users++;
    try {
      return await this.#writeOn(link, key, work, this.#durability);
    } catch (error) {
      // One that does not answer may never do so again.
      if (error instanceof NoAnswer || !link.twin.isOpen) this.#retire(link);
      throw error;
    } finally {
      link.users--;
      link.endIfUnused();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const link = await this.#link?.catch(() => undefined);
    if (link) disconnect(link.twin);
  }

  #connected(): Promise<Link> {
    if (this.#closing.signal.aborted) throw new Error("the store is closed");
    this.#link ??= this.#connect();
    return this.#link;
  }

  async #connect(): Promise<Link> {
    try {
      return new Link(await connectTwin(this.#client, this.#closing.signal));
    } catch (error) {
      this.#link = undefined;
      throw error;
    }
  }

  async #writeOn<T>(
    link: Link,
    key: string,
    work: (client: ScriptRunner) => Promise<T>,
    durability: Durability,
  ): Promise<T> {
    let redirected: { readonly result: T } | undefined;
    for (let redirection = 0; ; redirection++) {
      const node = await within(link.node(key), this.#patience);
      try {
        const before = node.moves;
        const result = await within(work(node.client), this.#patience);
        await node.replicated(durability, this.#patience);
        if (node.moves !== before)
          throw new NotReplicated("the connection changed before replicas had the write");
        return redirected ? redirected.result : result;
      } catch (error) {
        const code = redisCode(error);
        if ((code !== "MOVED" && code !== "ASK") || redirection === REDIRECTIONS) throw error;
        // The cluster client goes where it is told to, and knows the way from then on. Nobody can say on which
        // connection that was, so the same is done once more on one that is known.
        redirected ??= { result: await within(work(link.twin), this.#patience) };
      }
    }
  }

  /** No write begins on it any more; those that have, of other nodes of a cluster perhaps, come to their end. */
  #retire(link: Link): void {
    link.retired = true;
    const current = this.#link;
    const forget = (now?: Link) => {
      if (now === link && this.#link === current) this.#link = undefined;
    };
    // One that failed is none of this: whoever waits for it is told.
    current?.then(forget, () => forget());
  }
}

/** A connection for writes; of a cluster, one to each of its nodes. */
class Link {
  readonly twin: RedisConnection;
  /** Writes that are under way. */
  users = 0;
  retired = false;
  readonly #nodes = new WeakMap<Connected, Node>();

  constructor(twin: RedisConnection) {
    this.twin = twin;
  }

  async node(key: string): Promise<Node> {
    const client = this.twin.getNodeClientForKey ? await this.twin.getNodeClientForKey(key) : this.twin;
    const known = this.#nodes.get(client);
    if (known) return known;
    const node = new Node(client);
    this.#nodes.set(client, node);
    return node;
  }

  endIfUnused(): void {
    if (this.retired && this.users === 0) disconnect(this.twin);
  }
}

/** A connection to one server, with what happened to it. */
class Node {
  readonly client: Connected;
  /** How often it may have become another. */
  moves = 0;
  /** The WAIT that has not begun: all writes that are done before it begins share it. */
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(client: Connected) {
    this.client = client;
    for (const move of MOVES) {
      client.on(move, () => {
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
    const reached = Number(await within(this.client.wait(replicas, timeoutMs), timeoutMs + patience));
    if (reached < replicas)
      throw new NotReplicated(`${reached} of ${replicas} replicas had the write within ${timeoutMs} ms`);
  }
}

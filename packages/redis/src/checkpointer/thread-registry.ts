import { Script, type ScriptRunner } from "../script.js";
import { escapePart, unescapePart } from "./stored-names.js";
import type { ThreadWriter } from "./thread-writer.js";

const register = new Script("checkpoint-register");
const unregister = new Script("checkpoint-unregister");
const page = new Script("checkpoint-threads");

/** Threads that this process remembers to have registered. */
const REMEMBERED = 10_000;
/**
 * For how long it relies on that, ms. A failover without `durability` may lose the newest entries of the list, and in a
 * cluster keep the threads, which other servers have: who is in use then is listed again.
 */
const RELIABLE = 600_000;

export interface ThreadRegistryOptions {
  readonly client: ScriptRunner;
  readonly writer: ThreadWriter;
  readonly key: string;
  /** How long threads are kept, ms; undefined for ever. */
  readonly ttl: number | undefined;
}

/**
 * The list of a namespace's threads. It lives in another slot than they do, so it cannot change together with them:
 * it names every thread that is there, and perhaps some that are not.
 */
export class ThreadRegistry {
  readonly #options: ThreadRegistryOptions;
  /** For how long a registration is relied on, ms. */
  readonly #reliable: number;
  /** When this process last registered a thread, ms since 1970; the longest ago first. */
  readonly #registered = new Map<string, number>();

  constructor(options: ThreadRegistryOptions) {
    this.#options = options;
    this.#reliable = Math.min(RELIABLE, (options.ttl ?? Number.POSITIVE_INFINITY) / 4);
  }

  /** Registers a thread unless this process did so lately. */
  async announce(threadId: string): Promise<void> {
    const before = this.#registered.get(threadId);
    if (before !== undefined && Date.now() - before < this.#reliable) return;
    await this.register(threadId);
  }

  async register(threadId: string): Promise<void> {
    await this.keepAtLeast(threadId, this.#options.ttl);
    this.#registered.delete(threadId);
    this.#registered.set(threadId, Date.now());
    if (this.#registered.size > REMEMBERED) {
      for (const oldest of this.#registered.keys()) {
        this.#registered.delete(oldest);
        break;
      }
    }
  }

  /** @param ttl for how long the thread is known to be kept, ms; undefined for ever */
  async keepAtLeast(threadId: string, ttl: number | undefined): Promise<void> {
    // Half as long again: a thread that is in use is registered anew only every quarter of its time.
    const kept = ttl === undefined ? "" : String(Math.ceil(ttl * 1.5));
    const { writer, key } = this.#options;
    await writer.write(key, (client) => register.run(client, [key], [kept, escapePart(threadId)]));
  }

  async unregister(threadId: string): Promise<void> {
    this.#registered.delete(threadId);
    const { client, key } = this.#options;
    await unregister.run(client, [key], [escapePart(threadId)]);
  }

  async *threads(): AsyncGenerator<string> {
    const { client, key } = this.#options;
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const reply = await page.run(client, [key], [cursor]);
      if (!Array.isArray(reply) || !Array.isArray(reply[1]))
        throw new TypeError("Unexpected reply of a script.");
      for (const id of reply[1].map((part) => unescapePart(String(part)))) {
        if (seen.has(id)) continue;
        seen.add(id);
        yield id;
      }
      cursor = String(reply[0]);
    } while (cursor !== "0");
  }
}

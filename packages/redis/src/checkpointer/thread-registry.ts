import { Script, type ScriptRunner } from "../script.js";
import { escapePart, unescapePart } from "./stored-names.js";

const register = new Script("checkpoint-register");
const unregister = new Script("checkpoint-unregister");
const page = new Script("checkpoint-threads");

/** Threads that this process remembers to have registered. */
const REMEMBERED = 10_000;

/**
 * The list of a namespace's threads. It lives in another slot than they do, so it cannot change together with them:
 * it names every thread that is there, and perhaps some that are not.
 */
export class ThreadRegistry {
  readonly #client: ScriptRunner;
  readonly #key: string;
  readonly #ttl: number | undefined;
  /** When this process last registered a thread, ms since 1970; the longest ago first. */
  readonly #registered = new Map<string, number>();

  /** @param ttl how long threads are kept, ms */
  constructor(client: ScriptRunner, key: string, ttl: number | undefined) {
    this.#client = client;
    this.#key = key;
    this.#ttl = ttl;
  }

  /** Registers a thread unless this process did so lately. */
  async announce(threadId: string): Promise<void> {
    const before = this.#registered.get(threadId);
    if (before !== undefined && (this.#ttl === undefined || Date.now() - before < this.#ttl / 4)) return;
    await this.register(threadId);
  }

  async register(threadId: string): Promise<void> {
    await this.keepAtLeast(threadId, this.#ttl);
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
    await register.run(this.#client, [this.#key], [kept, escapePart(threadId)]);
  }

  async unregister(threadId: string): Promise<void> {
    this.#registered.delete(threadId);
    await unregister.run(this.#client, [this.#key], [escapePart(threadId)]);
  }

  async *threads(): AsyncGenerator<string> {
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const reply = await page.run(this.#client, [this.#key], [cursor]);
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

import type { RedisConnection } from "../redis-connection.js";
import type { ScriptRunner } from "../script.js";
import type { ExperienceScripts, FeedPosition } from "./experience-scripts.js";
import { Reach } from "./reach.js";
import { Writer } from "./writer.js";

export interface AccessOptions {
  readonly client: RedisConnection;
  readonly scripts: ExperienceScripts;
  readonly patience: number;
  readonly durability: { readonly replicas: number; readonly timeoutMs: number } | undefined;
  /** Called when the server is back after it was given up. */
  readonly onBack: () => void;
}

/** Carries out work in a namespace: opens it first, tries again for a while, and lets replicas confirm writes. */
export class NamespaceAccess {
  /** The latest change that is known here. */
  latest: FeedPosition | undefined;
  readonly #options: AccessOptions;
  readonly #reach: Reach;
  readonly #writer: Writer;
  #opening: Promise<FeedPosition> | undefined;

  constructor(options: AccessOptions) {
    this.#options = options;
    const { client, scripts, patience, durability, onBack } = options;
    this.#writer = new Writer(client, durability, patience);
    this.#reach = new Reach({
      patience: patience + (durability?.timeoutMs ?? 0),
      ready: () => client.isReady,
      probe: () => scripts.status(client),
      onBack,
    });
  }

  get away(): boolean {
    return this.#reach.away;
  }

  /** @throws JitRLError `store-unavailable`, `store-failed`, `store-corrupt` */
  read<T>(attempt: string, work: (client: RedisConnection) => Promise<T>): Promise<T> {
    return this.#reach.run(attempt, () => this.#inNamespace(work));
  }

  /** As {@link read}, but waits until the server is back. */
  insist<T>(attempt: string, work: (client: RedisConnection) => Promise<T>): Promise<T> {
    return this.#reach.insist(attempt, () => this.#inNamespace(work));
  }

  /** @throws JitRLError `store-unavailable`, `store-failed`, `store-corrupt` */
  write<T>(attempt: string, work: (client: ScriptRunner) => Promise<T>): Promise<T> {
    return this.#reach.run(attempt, () =>
      this.#inNamespace(() => this.#writer.write(this.#options.scripts.key, work)),
    );
  }

  /** The namespace may be another one now: it is opened again, and nothing is known of its changes. */
  reset(): void {
    this.latest = undefined;
    this.#opening = undefined;
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.#reach.close();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async #inNamespace<T>(work: (client: RedisConnection) => Promise<T>): Promise<T> {
    const { client, scripts } = this.#options;
    this.#opening ??= scripts.open(client);
    const opening = this.#opening;
    try {
      const position = await opening;
      this.latest ??= position;
    } catch (error) {
      // The next operation tries again.
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
    return work(client);
  }
}

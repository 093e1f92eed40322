import { JitRLError } from "./errors.js";
import type { EvidenceIndex } from "./evidence-index.js";
import type { MemoryStats } from "./memory-options.js";
import type { ExperienceStore, StoreChange } from "./store.js";

/** Keeps an index of evidence as the store is: reads all of it once, then follows its changes. */
export class StoreFollower {
  readonly loaded: Promise<void>;
  readonly #store: ExperienceStore;
  readonly #newEvidence: () => EvidenceIndex;
  readonly #onError: (error: JitRLError) => void;
  readonly #unwatch: () => void;
  #evidence: EvidenceIndex;
  #status: MemoryStats["status"] = "loading";
  /** Changes are taken over one after the other, so that the last one in the store is the last one here. */
  #changes: Promise<void>;

  constructor(
    store: ExperienceStore,
    newEvidence: () => EvidenceIndex,
    onError: (error: JitRLError) => void,
  ) {
    this.#store = store;
    this.#newEvidence = newEvidence;
    this.#evidence = newEvidence();
    this.#onError = onError;
    // Watching before scanning: a change during the scan waits in line and is seen after it.
    this.#unwatch = store.watch((change) => this.#enqueue(() => this.#take(change)));
    this.loaded = this.#load();
    this.#changes = this.loaded.catch(() => {});
  }

  get status(): MemoryStats["status"] {
    return this.#status;
  }

  get evidence(): EvidenceIndex {
    return this.#evidence;
  }

  /** Resolves when all changes announced so far are taken over. */
  caughtUp(): Promise<void> {
    return this.#changes;
  }

  /** Resolves when the index holds what the store holds of these episodes, at least in this revision. */
  refresh(ids: readonly string[], revision = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#enqueue(async () => {
      for (const id of ids) await this.#refresh(id, revision);
    });
  }

  /** @throws JitRLError `memory-failed` */
  notFailed(): void {
    if (this.#status === "failed") {
      throw new JitRLError(
        "memory-failed",
        "This memory could not read its store; `ready()` says why. Open a new one.",
      );
    }
  }

  async close(): Promise<void> {
    this.#unwatch();
    this.#status = "closed";
    await this.#changes;
    this.#evidence = this.#newEvidence();
  }

  async #load(): Promise<void> {
    try {
      for await (const episode of this.#store.scan()) this.#evidence.set(episode);
      if (this.#status === "loading") this.#status = "ready";
    } catch (cause) {
      if (this.#status === "loading") this.#status = "failed";
      const error = new JitRLError(
        "memory-failed",
        `The experience store could not be read: ${messageOf(cause)}`,
        { cause },
      );
      this.#onError(error);
      throw error;
    }
  }

  async #take(change: StoreChange): Promise<void> {
    if (change.type === "put") return this.#refresh(change.id, change.revision);
    if (change.type === "deleted") {
      for (const id of change.ids) this.#evidence.delete(id);
      return;
    }
    // Searches go by the old index until the new one is whole.
    const evidence = this.#newEvidence();
    for await (const episode of this.#store.scan()) evidence.set(episode);
    this.#evidence = evidence;
  }

  /** Takes over what the store holds now, which may be newer than what was announced. */
  async #refresh(id: string, revision: number): Promise<void> {
    if (this.#evidence.revision(id) >= revision) return;
    const episode = await this.#store.get(id);
    if (episode) this.#evidence.set(episode);
    else this.#evidence.delete(id);
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(async () => {
      if (this.#status !== "closed") await work();
    });
    this.#changes = done.catch((cause) => {
      this.#onError(
        new JitRLError(
          "memory-failed",
          `A change in the store could not be taken over: ${messageOf(cause)}`,
          { cause },
        ),
      );
    });
    return this.#changes;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

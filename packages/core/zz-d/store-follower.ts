import { JitRLError } from "./errors.js";
import type { EvidenceIndex } from "./evidence-index.js";
import type { MemoryStats } from "./memory-options.js";
import type { ExperienceStore, StoreChange } from "./store.js";
import { Turns } from "./turns.js";

/** Episodes that are read from the store at once. */
const AT_ONCE = 32;

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
  /** Episodes and their least revisions that the last piece of work in line will read, while it has not begun. */
  #lastInLine: Map<string, number> | undefined;

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
    this.#unwatch = store.watch((change) => void this.#follow(change));
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
    // Many that wait are read together.
    let wanted = this.#lastInLine;
    if (!wanted) {
      const begun = new Map<string, number>();
      void this.#enqueue(() => {
        if (this.#lastInLine === begun) this.#lastInLine = undefined;
        return this.#refresh(begun);
      });
      wanted = begun;
      this.#lastInLine = begun;
    }
    for (const id of ids) wanted.set(id, Math.max(revision, wanted.get(id) ?? 0));
    return this.#changes;
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
      await this.#readAll(this.#evidence);
      if (this.#status === "loading") this.#status = "ready";
    } catch (cause) {
      if (this.#status === "loading") this.#status = "failed";
      const error = new JitRLError(
        "memory-failed",
        `The experience store could not be read: ${messageOf(cause)}`,
        { cause },
      );
      if (this.#status !== "closed") this.#onError(error);
      throw error;
    }
  }

  #follow(change: StoreChange): Promise<void> {
    if (change.type === "put") return this.refresh([change.id], change.revision);
    return this.#enqueue(async () => {
      if (change.type === "deleted") {
        for (const id of change.ids) this.#evidence.delete(id);
        return;
      }
      // Searches go by the old index until the new one is whole.
      const evidence = this.#newEvidence();
      await this.#readAll(evidence);
      this.#evidence = evidence;
    });
  }

  async #readAll(evidence: EvidenceIndex): Promise<void> {
    const turns = new Turns();
    for await (const episode of this.#store.scan()) {
      evidence.set(episode);
      if (turns.over) await turns.pass();
    }
  }

  /** Takes over what the store holds now, which may be newer than what was announced. */
  async #refresh(wanted: ReadonlyMap<string, number>): Promise<void> {
    const ids = [...wanted.keys()].filter((id) => this.#evidence.revision(id) < (wanted.get(id) ?? 0));
    const turns = new Turns();
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const some = ids.slice(i, i + AT_ONCE);
      const reads = await Promise.allSettled(some.map(async (id) => this.#store.get(id)));
      for (const [j, read] of reads.entries()) {
        if (read.status === "rejected") this.#report(read.reason);
        else if (read.value) this.#evidence.set(read.value);
        else this.#evidence.delete(some[j] ?? "");
        if (turns.over) await turns.pass();
      }
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#lastInLine = undefined;
    const done = this.#changes.then(async () => {
      if (this.#status !== "closed") await work();
    });
    this.#changes = done.catch((cause) => this.#report(cause));
    return this.#changes;
  }

  #report(cause: unknown): void {
    if (this.#status === "closed") return;
    this.#onError(
      new JitRLError("memory-failed", `A change in the store could not be taken over: ${messageOf(cause)}`, {
        cause,
      }),
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

import type { StoreChange } from "@jitrl/core";

interface Watcher {
  readonly listener: (change: StoreChange) => void;
  /** The number of the last change that was known when it began to watch. */
  from: number;
}

/** Those who watch a store, each told of what changed after it began. */
export class ChangeWatchers {
  readonly #watchers = new Set<Watcher>();

  /** @returns a function that ends it */
  add(listener: (change: StoreChange) => void, from: number): () => void {
    const watcher = { listener, from };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  announce(change: StoreChange, number: number): void {
    for (const watcher of [...this.#watchers]) {
      if (!this.#watchers.has(watcher) || number <= watcher.from) continue;
      // The numbers of what comes after a reset may be lower than those before it.
      if (change.type === "reset") watcher.from = -1;
      try {
        watcher.listener(change);
      } catch (error) {
        // As with an event target: the fault is the listener's.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#watchers.clear();
  }
}

import type { StoreChange } from "./store.js";

/** Those who watch a store. */
export class ChangeListeners {
  readonly #listeners = new Set<{ readonly listener: (change: StoreChange) => void }>();

  /** @returns a function that ends it */
  add(listener: (change: StoreChange) => void): () => void {
    // In an object of its own, so that one function that listens twice can end each on its own.
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  announce(change: StoreChange): void {
    for (const entry of [...this.#listeners]) {
      if (!this.#listeners.has(entry)) continue;
      try {
        entry.listener(change);
      } catch (error) {
        // As with an event target: the fault is the listener's, not of the put that it was told of.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}

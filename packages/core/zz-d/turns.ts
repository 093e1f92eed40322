/** How long work in the background may hold the event loop at a time, ms. */
const LONGEST = 5;

/** Divides long work into turns, between which everything else has its own: decisions, timers, what arrives. */
export class Turns {
  #began = performance.now();

  /** Whether it is time to {@link pass}. */
  get over(): boolean {
    return performance.now() - this.#began > LONGEST;
  }

  /** Resolves when the others had their turn. */
  async pass(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Not everywhere, but where it is a timer would wait a millisecond for nothing.
      if (typeof setImmediate === "function") setImmediate(resolve);
      else setTimeout(resolve);
    });
    this.#began = performance.now();
  }
}

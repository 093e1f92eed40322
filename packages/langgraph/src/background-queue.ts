import { JitRLError } from "@jitrl/core";

export interface BackgroundQueueOptions {
  /** Most pieces of work at the same time, an integer ≥ 1. @default 2 */
  concurrency?: number;
  /** Most pieces of work that wait for their turn, an integer ≥ 0. @default 1_000 */
  limit?: number;
}

/** Work that nobody waits for, so much at a time. One queue may serve several agents. */
export class BackgroundQueue {
  readonly limit: number;
  readonly #concurrency: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  /** @throws JitRLError `invalid-input` */
  constructor({ concurrency = 2, limit = 1_000 }: BackgroundQueueOptions = {}) {
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new JitRLError(
        "invalid-input",
        `Expected concurrency to be an integer ≥ 1, found ${concurrency}.`,
      );
    if (!Number.isInteger(limit) || limit < 0)
      throw new JitRLError("invalid-input", `Expected limit to be an integer ≥ 0, found ${limit}.`);
    this.#concurrency = concurrency;
    this.limit = limit;
  }

  /** Pieces of work that run or wait. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /**
   * @param work must not fail: there is nobody to tell
   * @returns false if too much waits already; then it is not taken
   */
  add(work: () => Promise<void>): boolean {
    if (this.#running >= this.#concurrency && this.#waiting.length >= this.limit) return false;
    this.#waiting.push(work);
    this.#next();
    return true;
  }

  /** Resolves when nothing runs or waits any more: before a process ends, and in tests. */
  async settled(): Promise<void> {
    while (this.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
  }

  #next(): void {
    if (this.#running >= this.#concurrency) return;
    const work = this.#waiting.shift();
    if (!work) return;
    this.#running++;
    const done = () => {
      this.#running--;
      this.#next();
      if (this.size > 0) return;
      for (const resolve of this.#idle.splice(0)) resolve();
    };
    // Not at once: whoever adds work goes on first.
    void Promise.resolve().then(work).then(done, done);
  }
}

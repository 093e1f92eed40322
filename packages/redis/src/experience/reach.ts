import { setTimeout as sleep } from "node:timers/promises";
import { JitRLError } from "@jitrl/core";
import { isPassing, NoAnswer, redisFault } from "../redis-fault.js";

export interface ReachOptions {
  /** How long one operation tries, ms. */
  readonly patience: number;
  /** Whether the connection can take commands. */
  readonly ready: () => boolean;
  /** Something that the server answers when it is back. */
  readonly probe: () => Promise<unknown>;
  /** Called when the server is back after it was given up. */
  readonly onBack: () => void;
}

/** Longest pause between two looks for a server that is away, ms. */
const LONGEST_PAUSE = 250;

/**
 * Whether the server is within reach. An operation tries again for a while; once one gave up, all others give up at
 * once, until a probe finds the server back.
 */
export class Reach {
  readonly #options: ReachOptions;
  #away = false;
  #closed = false;
  /** When the server answered last. */
  #answered = 0;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  get away(): boolean {
    return this.#away;
  }

  /**
   * @param attempt what is tried, after "Could not"
   * @throws JitRLError `store-unavailable` for what may be over later, `store-failed` for what will not
   */
  async run<T>(attempt: string, work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#options.patience;
    for (let pause = 10; ; pause = Math.min(2 * pause, 200)) {
      try {
        if (this.#away) throw new Error("the server is away");
        return await this.#once(work, deadline - performance.now());
      } catch (error) {
        if (!isPassing(error)) throw redisFault(attempt, error);
        if (this.#away || this.#closed || performance.now() + pause >= deadline) {
          this.#giveUp();
          throw redisFault(attempt, error);
        }
        await sleep(pause);
      }
    }
  }

  /** As {@link run}, but waits until the server is back. */
  async insist<T>(attempt: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.run(attempt, work);
      } catch (error) {
        const unavailable = JitRLError.isInstance(error) && error.code === "store-unavailable";
        if (!unavailable || this.#closed) throw error;
        await sleep(50);
      }
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #once<T>(work: () => Promise<T>, ms: number): Promise<T> {
    if (!this.#options.ready()) throw new Error("the connection is down");
    const doing = work();
    const answered = () => {
      this.#answered = performance.now();
    };
    doing.then(answered, answered);
    return unlessSilent(doing, Math.max(ms, 1), () => this.#answered);
  }

  #giveUp(): void {
    if (this.#away || this.#closed) return;
    this.#away = true;
    void this.#lookForServer();
  }

  async #lookForServer(): Promise<void> {
    for (let pause = 25; !this.#closed; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      // It keeps no process alive: whoever waits for the server does.
      await sleep(pause, undefined, { ref: false });
      try {
        await this.#once(this.#options.probe, this.#options.patience);
        this.#away = false;
        this.#options.onBack();
        return;
      } catch (error) {
        // What is wrong other than the reach, the next operation will say.
        if (!isPassing(error)) {
          this.#away = false;
          this.#options.onBack();
          return;
        }
      }
    }
  }
}

/** @throws NoAnswer when it takes longer */
export function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const began = performance.now();
  return unlessSilent(work, ms, () => began);
}

/** After a silence, this long is waited for an answer that has arrived and is not read yet, ms. */
const GRACE = 20;

/**
 * Waits as long as there are answers, be it to others: who is behind many has to wait.
 *
 * @param answered when the latest answer came
 * @throws NoAnswer after a silence of `ms`
 */
export function unlessSilent<T>(work: Promise<T>, ms: number, answered: () => number): Promise<T> {
  return new Promise((resolve, reject) => {
    let since = performance.now();
    let timer = setTimeout(look, ms);
    function look(): void {
      const silent = performance.now() - Math.max(since, answered());
      if (silent < ms) timer = setTimeout(look, ms - silent);
      // This process may have been busy itself: timers come before answers.
      else timer = setTimeout(conclude, GRACE);
    }
    function conclude(): void {
      if (answered() > since && performance.now() - answered() < ms) {
        since = answered();
        look();
      } else reject(new NoAnswer(ms));
    }
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

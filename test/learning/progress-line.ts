import type { Task, TaskOutcome } from "./task.js";

/** Least time between two lines where output is no terminal, ms. */
const LINE_EVERY = 2000;
const REDRAW_EVERY = 250;

/** Says on stderr what is running, how much is done and since when: redrawn in a terminal, else a line every two seconds. */
export class ProgressLine {
  readonly #tasks: readonly Task[];
  readonly #running = new Map<number, { done: number; of: number }>();
  readonly #started = Date.now();
  readonly #terminal = process.stderr.isTTY === true;
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks;
    this.#timer = setInterval(() => this.#show(), this.#terminal ? REDRAW_EVERY : LINE_EVERY);
    this.#show();
  }

  get done(): number {
    return this.#done;
  }

  progress(id: number, episodes: { readonly done: number; readonly of: number }): void {
    this.#running.set(id, episodes);
  }

  outcome(id: number, outcome: TaskOutcome): void {
    this.#running.delete(id);
    this.#done++;
    if (outcome.status === "failed") this.#say(`${nameOf(this.#tasks[id]!)} failed: ${outcome.reason}`);
  }

  /** Writes to stdout, without a torn line where both go to one terminal. */
  print(text: string): void {
    if (this.#terminal) process.stderr.write("\r\x1b[K");
    console.log(text);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#show();
    if (this.#terminal) process.stderr.write("\n");
  }

  #show(): void {
    const running = [...this.#running].map(([id, { done, of }]) => {
      const at = of > 0 ? ` ${Math.round((100 * done) / of)} %` : "";
      return `${nameOf(this.#tasks[id]!)}${at}`;
    });
    const text = `${this.#done}/${this.#tasks.length} runs, ${elapsed(Date.now() - this.#started)}  ${running.join(", ")}`;
    if (!this.#terminal) process.stderr.write(`${text.trimEnd()}\n`);
    else process.stderr.write(`\r${text.slice(0, (process.stderr.columns || 100) - 1)}\x1b[K`);
  }

  #say(text: string): void {
    process.stderr.write(this.#terminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  }
}

function nameOf({ experiment, learner, seed }: Task): string {
  return `${experiment} × ${learner} (seed ${seed})`;
}

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

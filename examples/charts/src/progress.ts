/** A line that shows how far a task is: redrawn in a terminal, and a line a quarter where output goes to a file. */
export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #terminal = process.stdout.isTTY === true;
  #quarter = 0;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
    this.show(0, "");
  }

  /** @param note what is known so far, in a few words */
  show(done: number, note: string): void {
    const share = this.#total === 0 ? 1 : done / this.#total;
    if (this.#terminal) {
      const bar = "#".repeat(Math.round(share * 24)).padEnd(24, ".");
      process.stdout.write(
        `\r${this.#label} [${bar}] ${String(done).padStart(4)}/${this.#total}  ${note}\x1b[K`,
      );
      if (done >= this.#total) process.stdout.write("\n");
      return;
    }
    const quarter = Math.floor(share * 4);
    if (quarter > this.#quarter) {
      this.#quarter = quarter;
      process.stdout.write(`${this.#label} ${done}/${this.#total}  ${note}\n`);
    }
  }
}

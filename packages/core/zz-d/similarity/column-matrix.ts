/** Words between columns are odd multiples of a cache line, so that neighbouring columns do not evict each other. */
const LINE = 16;

/**
 * Columns of bits, one bit for each slot of a partition, side by side in one array: bit `slot & 31` of
 * `bits[offset(column) + (slot >>> 5)]`. Column 0 is always empty.
 */
export class ColumnMatrix {
  bits = new Int32Array(0);
  #stride = 0;
  #count = 1;
  readonly #free: number[] = [];

  /** Words of a column. */
  get words(): number {
    return this.#stride;
  }

  offset(column: number): number {
    return column * this.#stride;
  }

  /** A column without bits, with room for so many words. */
  open(words: number): number {
    const column = this.#free.pop() ?? this.#count++;
    this.fit(words);
    if (this.#count * this.#stride > this.bits.length) this.#lay(this.#stride);
    return column;
  }

  close(column: number): void {
    this.bits.fill(0, this.offset(column), this.offset(column + 1));
    this.#free.push(column);
  }

  /** Makes room for so many words in every column. */
  fit(words: number): void {
    if (words <= this.#stride) return;
    const lines = Math.ceil((words * 1.2) / LINE);
    this.#lay((lines | 1) * LINE);
  }

  set(column: number, slot: number): void {
    this.bits[column * this.#stride + (slot >>> 5)]! |= 1 << slot;
  }

  unset(column: number, slot: number): void {
    this.bits[column * this.#stride + (slot >>> 5)]! &= ~(1 << slot);
  }

  #lay(stride: number): void {
    const bits = new Int32Array(Math.ceil(this.#count * 1.2) * stride);
    for (let column = 1; column < this.#count && this.#stride > 0; column++) {
      const from = this.offset(column);
      bits.set(this.bits.subarray(from, from + this.#stride), column * stride);
    }
    this.bits = bits;
    this.#stride = stride;
  }
}

import { openSimd, RESERVED, type SimdAdder } from "./simd-adder.js";

/** Words between columns are odd multiples of a cache line, so that neighbouring columns do not evict each other. */
const LINE = 16;
/** From so many words a column on, a memory is opened in which columns are added up faster. */
const LARGE = 64;

/**
 * Columns of bits, one bit for each slot of a partition, side by side in one array: bit `slot & 31` of
 * `bits[offset(column) + (slot >>> 5)]`. Column 0 is always empty.
 */
export class ColumnMatrix {
  bits: Int32Array = new Int32Array(0);
  /** What adds columns up faster, where that is to be had. */
  simd: SimdAdder | undefined;
  /** Where column 0 begins. */
  #base = 0;
  #stride = 0;
  #count = 1;
  readonly #free: number[] = [];

  /** Words of a column. */
  get words(): number {
    return this.#stride;
  }

  offset(column: number): number {
    return this.#base + column * this.#stride;
  }

  /** A column without bits, with room for so many words. */
  open(words: number): number {
    const column = this.#free.pop() ?? this.#count++;
    this.fit(words);
    if (this.offset(this.#count) > this.bits.length) this.#lay(this.#stride);
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
    this.bits[this.offset(column) + (slot >>> 5)]! |= 1 << slot;
  }

  unset(column: number, slot: number): void {
    this.bits[this.offset(column) + (slot >>> 5)]! &= ~(1 << slot);
  }

  /** Makes room for all columns, so many words apart. */
  #lay(stride: number): void {
    const from = this.bits;
    const before = this.#stride;
    const wasSimd = this.simd !== undefined;
    if (stride >= LARGE) this.simd ??= openSimd();
    if (this.simd) this.#base = RESERVED;
    this.#stride = stride;
    const length = this.offset(Math.ceil(this.#count * 1.2));
    this.bits = this.simd ? this.simd.grow(length) : new Int32Array(length);
    if (wasSimd) this.#moveApart(before);
    else {
      for (let column = 1; column < this.#count; column++) {
        this.bits.set(from.subarray(column * before, (column + 1) * before), this.offset(column));
      }
    }
  }

  /** Within one memory: the last column first, so that none is overwritten. */
  #moveApart(before: number): void {
    if (before === this.#stride) return;
    for (let column = this.#count - 1; column >= 0; column--) {
      const from = this.#base + column * before;
      const to = this.offset(column);
      this.bits.copyWithin(to, from, from + before);
      this.bits.fill(0, to + before, to + this.#stride);
    }
  }
}

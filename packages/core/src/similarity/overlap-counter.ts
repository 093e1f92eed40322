import { BitSlicedCounter, listReached } from "./bit-sliced-counter.js";
import type { ColumnMatrix } from "./column-matrix.js";
import { grown } from "./grown.js";

/** With fewer entries than one for so many slots, counts are cleared one by one. */
const SPARSE = 128;
/** With fewer than one for so many, what was found is read from the lists. */
const FEW = 4;

/** A column of bits that is counted. */
export interface CountedColumn {
  readonly column: number;
  /** What is added to the count of each of its slots. */
  readonly increment: number;
}

/** A list of slots: where it is, and where in there it begins and ends. */
export interface List {
  readonly page: Int32Array;
  readonly from: number;
  readonly to: number;
  /** Index of its term's feature. */
  readonly owner: number;
}

/** Counts for each slot in how many of the lists it was found. */
export class OverlapCounter {
  /** By slot; 0 for all when a search begins. As narrow as can be: that is what decides how fast lists are walked. */
  counts: Uint8Array | Uint16Array | Int32Array;
  /** Entries that were counted: no fewer than slots that were found. */
  entries = 0;
  /** Slots found in two lists or more, in the first {@link twiceSize} places. */
  twice = new Int32Array(0);
  twiceSize = 0;
  /** The lowest bit of the count of each feature. */
  #units = 1;
  #slots = 0;
  /** The lists that were walked, but not again. */
  readonly lists: List[] = [];
  #found = new Int32Array(0);
  #bytes = new Uint8Array(0);
  #shorts = new Uint16Array(0);
  #ints = new Int32Array(0);
  readonly #counter = new BitSlicedCounter();
  /** Were slots counted that are in none of the lists? */
  #beyondLists = false;

  constructor() {
    this.counts = this.#bytes;
  }

  /**
   * @param bits that all counts of a slot need, at most 31
   * @param units the lowest bit of each of these counts
   */
  open(slots: number, bits: number, units: number): void {
    const length = (slots + 31) & ~31;
    if (bits <= 8) this.counts = this.#bytes = grown(Uint8Array, this.#bytes, length);
    else if (bits <= 16) this.counts = this.#shorts = grown(Uint16Array, this.#shorts, length);
    else this.counts = this.#ints = grown(Int32Array, this.#ints, length);
    this.twice = grown(Int32Array, this.twice, slots + 1);
    this.#slots = slots;
    this.#units = units;
  }

  /** Adds `increment` to the count of each slot in the list. */
  walk(list: List, increment: number): void {
    const { counts, twice } = this;
    const { page, from, to } = list;
    const beyond = ~this.#units;
    let twiceSize = this.twiceSize;
    for (let at = from; at < to; at++) {
      const slot = page[at]!;
      const count = counts[slot]!;
      counts[slot] = count + increment;
      if (count !== 0 && ((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.twiceSize = twiceSize;
    this.entries += to - from;
    this.lists.push(list);
  }

  /**
   * Likewise {@link walk} or {@link walkAgain} for the slots whose bits are set in columns of so many words. A slot that
   * is only in one of the columns, and in no list, is passed over: it counts as not found.
   */
  walkColumns(matrix: ColumnMatrix, counted: readonly CountedColumn[], words: number, again: boolean): void {
    const marks = matrix.open(words);
    for (const list of this.lists) markAll(list, matrix.bits, matrix.offset(marks));
    this.#found = grown(Int32Array, this.#found, this.#slots + 1);
    const met = this.#found;
    let size = 0;
    // What is in all of the columns and was not found has less weight than what was found.
    const weight = again ? counted.length : 1;
    this.#counter.scan(
      {
        matrix,
        columns: [...counted.map(({ column }) => column), marks],
        weights: [...counted.map(() => 1), weight],
        words,
      },
      () => weight + 1,
      (chunk) => {
        size = listReached(chunk, met, size);
      },
    );
    matrix.close(marks);
    if (!again) this.#beyondLists = true;
    this.#addTwice(met, size);
    this.lookUp(met, size, matrix, counted);
  }

  /** Slots that were found once at most, and are about to be found again, or twice. */
  #addTwice(slots: Int32Array, size: number): void {
    const { counts, twice } = this;
    const beyond = ~this.#units;
    let twiceSize = this.twiceSize;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      const count = counts[slot]!;
      if (((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.twiceSize = twiceSize;
  }

  /** The same as {@link walk} for the slots that were found before; others are passed over. */
  walkAgain({ page, from, to }: List, increment: number): void {
    const { counts, twice } = this;
    const beyond = ~this.#units;
    let twiceSize = this.twiceSize;
    for (let at = from; at < to; at++) {
      const slot = page[at]!;
      const count = counts[slot]!;
      if (count === 0) continue;
      counts[slot] = count + increment;
      if (((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.twiceSize = twiceSize;
  }

  /** Adds to the counts of those of the slots whose bits are set in the columns. */
  lookUp(slots: Int32Array, size: number, matrix: ColumnMatrix, counted: readonly CountedColumn[]): void {
    for (let i = 0; i < counted.length; i += 4)
      addBits(this.counts, slots, size, matrix, counted.slice(i, i + 4));
  }

  /** The slots found so far; this array is good until the next call. */
  found(): Int32Array {
    this.#found = grown(Int32Array, this.#found, Math.min(this.entries, this.#slots) + 1);
    const isFew = this.entries * FEW < this.#slots;
    const size = isFew ? this.#listFound(this.#found) : this.#scanFound(this.#found);
    return this.#found.subarray(0, size);
  }

  /** What was not found twice stands in one of the lists. */
  #listFound(found: Int32Array): number {
    const { counts, twice } = this;
    const beyond = ~this.#units;
    let size = this.twiceSize;
    for (let i = 0; i < size; i++) found[i] = twice[i]!;
    for (const { page, from, to } of this.lists) {
      for (let at = from; at < to; at++) {
        const slot = page[at]!;
        const count = counts[slot]!;
        if (((count & (count - 1)) | (count & beyond)) === 0) found[size++] = slot;
      }
    }
    return size;
  }

  #scanFound(found: Int32Array): number {
    const { counts } = this;
    const slots = this.#slots;
    let size = 0;
    // Whether a slot was found is as good as random, so that a branch would cost more than writing in vain.
    for (let slot = 0; slot < slots; slot++) {
      found[size] = slot;
      size += (0 - counts[slot]!) >>> 31;
    }
    return size;
  }

  /** Forgets what was found. */
  close(): void {
    if (this.entries * SPARSE < this.#slots && !this.#beyondLists) this.#forgetLists();
    else this.counts.fill(0, 0, this.#slots);
    this.lists.length = 0;
    this.entries = 0;
    this.twiceSize = 0;
    this.#beyondLists = false;
  }

  #forgetLists(): void {
    const { counts } = this;
    for (const { page, from, to } of this.lists) {
      for (let at = from; at < to; at++) counts[page[at]!] = 0;
    }
  }
}

/** Sets the bits of the slots of a list in a column that begins at this place. */
export function markAll({ page, from, to }: List, bits: Int32Array, column: number): void {
  for (let at = from; at < to; at++) {
    const slot = page[at]!;
    bits[column + (slot >>> 5)]! |= 1 << slot;
  }
}

/** Adds to the counts of those of the slots whose bits are set in up to four columns. */
function addBits(
  counts: Uint8Array | Uint16Array | Int32Array,
  slots: Int32Array,
  size: number,
  matrix: ColumnMatrix,
  counted: readonly CountedColumn[],
): void {
  const { bits } = matrix;
  // Column 0 is empty.
  const from = (i: number) => matrix.offset(counted[i]?.column ?? 0);
  const increment = (i: number) => counted[i]?.increment ?? 0;
  const [a, b, c, d] = [from(0), from(1), from(2), from(3)];
  const [i, j, k, l] = [increment(0), increment(1), increment(2), increment(3)];
  for (let at = 0; at < size; at++) {
    const slot = slots[at]!;
    const word = slot >>> 5;
    counts[slot]! +=
      (((bits[a + word]! >>> slot) & 1) * i +
        ((bits[b + word]! >>> slot) & 1) * j +
        ((bits[c + word]! >>> slot) & 1) * k +
        ((bits[d + word]! >>> slot) & 1) * l) |
      0;
  }
}

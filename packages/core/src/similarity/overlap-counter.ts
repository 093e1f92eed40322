import { grown } from "./grown.js";

/** With fewer entries than one for so many slots, counts are cleared one by one. */
const SPARSE = 128;
/** With fewer than one for so many, what was found is read from the lists. */
const FEW = 4;
/** Words of columns that are walked at a time. */
const BLOCK = 512;

/** A column of bits that is counted. */
export interface Column {
  /** Where it begins. */
  readonly from: number;
  /** What is added to the count of each of its slots. */
  readonly increment: number;
}

export type Four = readonly [Column, Column, Column, Column];

/** Columns by fours; one without bits, which begins at `empty`, stands for what is missing in the last four. */
export function inFours(columns: readonly Column[], empty: number): Four[] {
  const at = (i: number): Column => columns[i] ?? { from: empty, increment: 0 };
  return Array.from(
    { length: Math.ceil(columns.length / 4) },
    (_, i): Four => [at(4 * i), at(4 * i + 1), at(4 * i + 2), at(4 * i + 3)],
  );
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
  /** The lists that were walked: where they are, and where in there they begin and end. */
  readonly #lists: { readonly page: Int32Array; readonly from: number; readonly to: number }[] = [];
  #found = new Int32Array(0);
  #bytes = new Uint8Array(0);
  #shorts = new Uint16Array(0);
  #ints = new Int32Array(0);
  #marks = new Int32Array(0);
  readonly #any = new Int32Array(BLOCK);
  readonly #two = new Int32Array(BLOCK);
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
  walk(list: Int32Array, from: number, to: number, increment: number): void {
    const { counts, twice } = this;
    const beyond = ~this.#units;
    let twiceSize = this.twiceSize;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      const count = counts[slot]!;
      counts[slot] = count + increment;
      if (count !== 0 && ((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.twiceSize = twiceSize;
    this.entries += to - from;
    this.#lists.push({ page: list, from, to });
  }

  /**
   * Likewise {@link walk} or {@link walkAgain} for the slots whose bits are set in columns of so many words. A slot that
   * is only in one of the columns, and in no list, is passed over: it counts as not found.
   */
  walkColumns(bits: Int32Array, fours: readonly Four[], words: number, again: boolean): void {
    const marks = this.#markFound(words);
    const any = this.#any;
    const two = this.#two;
    this.#found = grown(Int32Array, this.#found, this.#slots + 1);
    const met = this.#found;
    let size = 0;
    for (let first = 0; first < words; first += BLOCK) {
      const length = Math.min(BLOCK, words - first);
      any.fill(0);
      two.fill(0);
      for (const four of fours) unite(any, two, bits, four, first, length);
      for (let word = 0; word < length; word++) {
        const seen = any[word]! & marks[first + word]!;
        any[word] = again ? seen : seen | two[word]!;
      }
      size = listSlots(any, first, length, met, size);
    }
    marks.fill(0, 0, words);
    if (again) size = this.#keepFound(met, size);
    else this.#beyondLists = true;
    this.#addTwice(met, size);
    this.lookUp(met, size, bits, fours);
  }

  /** A bit for each slot that was found in a list. */
  #markFound(words: number): Int32Array {
    this.#marks = grown(Int32Array, this.#marks, words);
    const marks = this.#marks;
    for (const { page, from, to } of this.#lists) {
      for (let at = from; at < to; at++) {
        const slot = page[at]!;
        marks[slot >>> 5]! |= 1 << slot;
      }
    }
    return marks;
  }

  /** Moves the slots that were found to the front. @returns how many these are */
  #keepFound(slots: Int32Array, size: number): number {
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      slots[kept] = slot;
      kept += (0 - this.counts[slot]!) >>> 31;
    }
    return kept;
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
  walkAgain(list: Int32Array, from: number, to: number, increment: number): void {
    const { counts, twice } = this;
    const beyond = ~this.#units;
    let twiceSize = this.twiceSize;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      const count = counts[slot]!;
      if (count === 0) continue;
      counts[slot] = count + increment;
      if (((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.twiceSize = twiceSize;
  }

  /** Adds to the counts of those of the slots whose bits are set in the columns. */
  lookUp(slots: Int32Array, size: number, bits: Int32Array, fours: readonly Four[]): void {
    for (const four of fours) addBits(this.counts, slots, size, bits, four);
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
    for (const { page, from, to } of this.#lists) {
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
    this.#lists.length = 0;
    this.entries = 0;
    this.twiceSize = 0;
    this.#beyondLists = false;
  }

  #forgetLists(): void {
    const { counts } = this;
    for (const { page, from, to } of this.#lists) {
      for (let at = from; at < to; at++) counts[page[at]!] = 0;
    }
  }
}

/** Writes the slots whose bits are set, from a place on. @returns where they end */
function listSlots(bits: Int32Array, first: number, length: number, slots: Int32Array, from: number): number {
  let end = from;
  for (let word = 0; word < length; word++) {
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
      slots[end++] = (first + word) * 32 + 31 - Math.clz32(rest & -rest);
    }
  }
  return end;
}

/** Adds to the counts of those of the slots whose bits are set in four columns. */
function addBits(
  counts: Uint8Array | Uint16Array | Int32Array,
  slots: Int32Array,
  size: number,
  bits: Int32Array,
  [
    { from: a, increment: i },
    { from: b, increment: j },
    { from: c, increment: k },
    { from: d, increment: l },
  ]: Four,
): void {
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

/** Adds four columns to the bits that are set in any column so far, and to those that are set in two or more. */
function unite(
  any: Int32Array,
  two: Int32Array,
  bits: Int32Array,
  [{ from: a }, { from: b }, { from: c }, { from: d }]: Four,
  first: number,
  length: number,
): void {
  for (let word = 0; word < length; word++) {
    const at = first + word;
    const w = bits[a + at]!;
    const x = bits[b + at]!;
    const y = bits[c + at]!;
    const z = bits[d + at]!;
    const before = any[word]!;
    const pair = w | x;
    const other = y | z;
    two[word]! |= (w & x) | (y & z) | (pair & other) | (before & (pair | other));
    any[word] = before | pair | other;
  }
}

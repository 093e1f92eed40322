import { grown } from "./grown.js";

/** With fewer entries than one for so many slots, they are cleared one by one. */
const SPARSE = 128;
/** Words of columns that are walked at a time. */
const BLOCK = 512;

/** A column of bits that is counted. */
export interface Column {
  /** Where it begins. */
  readonly from: number;
  /** What is added to the count of each of its slots. */
  readonly increment: number;
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
  #found = new Int32Array(0);
  #bytes = new Uint8Array(0);
  #shorts = new Uint16Array(0);
  #ints = new Int32Array(0);
  /** A bit for each slot that was found in a list, while columns are walked. */
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
  }

  /** Says that the slots of a list were found, for {@link walkColumns}. */
  mark(list: Int32Array, from: number, to: number): void {
    this.#marks = grown(Int32Array, this.#marks, (this.#slots + 31) >>> 5);
    const marks = this.#marks;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      marks[slot >>> 5]! |= 1 << slot;
    }
  }

  /**
   * Likewise {@link walk} or {@link walkAgain} for the slots whose bits are set in columns of so many words, when the
   * slots of all lists walked so far are marked. A slot that is only in one of the columns, and in no list, is passed
   * over: it counts as not found.
   */
  walkColumns(bits: Int32Array, columns: readonly Column[], words: number, again: boolean): void {
    const marks = this.#marks;
    const any = this.#any;
    const two = this.#two;
    for (let first = 0; first < words; first += BLOCK) {
      const length = Math.min(BLOCK, words - first);
      any.fill(0);
      two.fill(0);
      for (const { from } of columns) unite(any, two, bits, from + first, length);
      for (let word = 0; word < length; word++) {
        const seen = any[word]! & marks[first + word]!;
        for (let rest = again ? seen : seen | two[word]!; rest !== 0; rest &= rest - 1) {
          this.#addColumns((first + word) * 32 + 31 - Math.clz32(rest & -rest), bits, columns, again);
        }
      }
    }
    marks.fill(0, 0, words);
    this.#beyondLists ||= !again;
  }

  #addColumns(slot: number, bits: Int32Array, columns: readonly Column[], again: boolean): void {
    const before = this.counts[slot]!;
    if (before === 0 && again) return;
    let count = before;
    for (let i = 0; i < columns.length; i++) {
      const { from, increment } = columns[i]!;
      count += ((bits[from + (slot >>> 5)]! >>> slot) & 1) * increment;
    }
    this.counts[slot] = count;
    if (((before & (before - 1)) | (before & ~this.#units)) === 0) this.twice[this.twiceSize++] = slot;
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

  /** Adds `increment` to the counts of those of the slots, all found before, whose bits are set in a column. */
  lookUp(slots: Int32Array, size: number, bits: Int32Array, from: number, increment: number): void {
    const { counts } = this;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      counts[slot]! += ((bits[from + (slot >>> 5)]! >>> slot) & 1) * increment;
    }
  }

  /** The slots found so far; this array is good until the next call. */
  found(): Int32Array {
    this.#found = grown(Int32Array, this.#found, Math.min(this.entries, this.#slots) + 1);
    const { counts } = this;
    const found = this.#found;
    const slots = this.#slots;
    let size = 0;
    // Whether a slot was found is as good as random, so that a branch would cost more than writing in vain.
    for (let slot = 0; slot < slots; slot++) {
      found[size] = slot;
      size += (0 - counts[slot]!) >>> 31;
    }
    return found.subarray(0, size);
  }

  /** True where {@link plane} can be asked: each count is a byte, and one number. */
  get hasPlanes(): boolean {
    return this.#units === 1 && this.counts === this.#bytes && isLittleEndian;
  }

  /** Writes one bit of the count of each slot into a column; a multiplication gathers those of four slots. */
  plane(bit: number, column: Int32Array, from: number): void {
    const words = (this.#slots + 31) >>> 5;
    const counts = new Int32Array(this.#bytes.buffer, 0, 8 * words);
    for (let word = 0; word < words; word++) {
      let gathered = 0;
      for (let four = 0; four < 8; four++) {
        const bits = (counts[8 * word + four]! >>> bit) & 0x01010101;
        gathered |= (Math.imul(bits, 0x10204080) >>> 28) << (4 * four);
      }
      column[from + word] = gathered;
    }
  }

  /** Forgets the slots of a list. */
  forget(list: Int32Array, from: number, to: number): void {
    const { counts } = this;
    for (let at = from; at < to; at++) counts[list[at]!] = 0;
  }

  /** Was so little counted that to {@link forget} list by list is faster than to forget all slots? */
  get isSparse(): boolean {
    return !this.#beyondLists && this.entries * SPARSE < this.#slots;
  }

  /** Forgets all slots, but for those that were forgotten already. */
  close(): void {
    if (!this.isSparse) this.counts.fill(0, 0, this.#slots);
    this.entries = 0;
    this.twiceSize = 0;
    this.#beyondLists = false;
  }
}

/** Adds a column to the bits that are set in any column so far, and to those that are set in two or more. */
function unite(any: Int32Array, two: Int32Array, bits: Int32Array, from: number, length: number): void {
  for (let word = 0; word < length; word++) {
    const more = bits[from + word]!;
    const before = any[word]!;
    two[word]! |= before & more;
    any[word] = before | more;
  }
}

const isLittleEndian = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

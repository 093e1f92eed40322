import { grown } from "./grown.js";

/** Counts for each slot in how many of the lists it was found, and remembers which slots were found at all. */
export class OverlapCounter {
  /** By slot; 0 for all when a search begins. As narrow as can be: that is what decides how fast lists are walked. */
  counts: Uint8Array | Uint16Array | Int32Array;
  /** The slots found so far, in the first {@link size} places. */
  touched = new Int32Array(0);
  size = 0;
  /** Those found in two lists or more, in the first {@link twiceSize} places. */
  twice = new Int32Array(0);
  twiceSize = 0;
  /** The lowest bit of the count of each feature. */
  #units = 1;
  #bytes = new Uint8Array(0);
  #shorts = new Uint16Array(0);
  #ints = new Int32Array(0);

  constructor() {
    this.counts = this.#bytes;
  }

  /**
   * @param bits that all counts of a slot need, at most 31
   * @param units the lowest bit of each of these counts
   */
  open(slots: number, bits: number, units: number): void {
    if (bits <= 8) this.counts = this.#bytes = grown(Uint8Array, this.#bytes, slots);
    else if (bits <= 16) this.counts = this.#shorts = grown(Uint16Array, this.#shorts, slots);
    else this.counts = this.#ints = grown(Int32Array, this.#ints, slots);
    this.touched = grown(Int32Array, this.touched, slots + 1);
    this.twice = grown(Int32Array, this.twice, slots + 1);
    this.size = 0;
    this.twiceSize = 0;
    this.#units = units;
  }

  /** Adds `increment` to the count of each slot in the list. */
  walk(list: Int32Array, from: number, to: number, increment: number): void {
    const { counts, touched, twice } = this;
    const beyond = ~this.#units;
    let size = this.size;
    let twiceSize = this.twiceSize;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      const count = counts[slot]!;
      counts[slot] = count + increment;
      if (count === 0) touched[size++] = slot;
      else if (((count & (count - 1)) | (count & beyond)) === 0) twice[twiceSize++] = slot;
    }
    this.size = size;
    this.twiceSize = twiceSize;
  }

  /** The same for the slots whose bits are set in a column of so many words. */
  walkColumn(bits: Int32Array, from: number, words: number, increment: number): void {
    const list = new Int32Array(32);
    for (let word = 0; word < words; word++) {
      let length = 0;
      for (let rest = bits[from + word]!; rest !== 0; rest &= rest - 1) {
        list[length++] = word * 32 + 31 - Math.clz32(rest & -rest);
      }
      if (length > 0) this.walk(list, 0, length, increment);
    }
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

  close(): void {
    const { counts, touched, size } = this;
    for (let i = 0; i < size; i++) counts[touched[i]!] = 0;
    this.size = 0;
    this.twiceSize = 0;
  }
}

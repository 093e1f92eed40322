import { grown } from "./grown.js";

/** Counts for each slot in how many of the lists it was found, and remembers which slots were found at all. */
export class OverlapCounter {
  /** By slot; 0 for all when a search begins. */
  counts = new Int32Array(0);
  /** The slots found so far, in the first {@link size} places. */
  touched = new Int32Array(0);
  size = 0;

  open(slots: number): void {
    this.counts = grown(Int32Array, this.counts, slots);
    this.touched = grown(Int32Array, this.touched, slots + 1);
    this.size = 0;
  }

  /** Adds `increment` to the count of each slot in the list. */
  walk(list: Int32Array, from: number, to: number, increment: number): void {
    const { counts, touched } = this;
    let size = this.size;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      const count = counts[slot]!;
      touched[size] = slot;
      if (count === 0) size++;
      counts[slot] = count + increment;
    }
    this.size = size;
  }

  /** The same for the slots that were found before; others are passed over. */
  walkAgain(list: Int32Array, from: number, to: number, increment: number): void {
    const { counts } = this;
    for (let at = from; at < to; at++) {
      const slot = list[at]!;
      const count = counts[slot]!;
      if (count !== 0) counts[slot] = count + increment;
    }
  }

  close(): void {
    const { counts, touched, size } = this;
    for (let i = 0; i < size; i++) counts[touched[i]!] = 0;
    this.size = 0;
  }
}

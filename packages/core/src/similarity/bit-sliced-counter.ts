import { CHUNK, plainAdder } from "./column-adder.js";
import type { ColumnMatrix } from "./column-matrix.js";
import { listBits } from "./list-bits.js";

/** Words that are counted in the beginning: what is found there may raise what all others have to reach. */
const FIRST_CHUNK = 16;

/** Columns that are added up, with a weight for each. */
export interface WeightedColumns {
  readonly matrix: ColumnMatrix;
  readonly columns: readonly number[];
  /** An integer ≥ 1 for each column. */
  readonly weights: readonly number[];
  /** Words of a column. */
  readonly words: number;
}

/** The sums of some slots, and which of them are high enough, in planes of bits that are used again for others. */
export interface Chunk {
  readonly planes: Int32Array;
  /** Plane b, from `b * CHUNK` on, holds bit b of each sum; the plane above these tells who reached what is needed. */
  readonly bits: number;
  /** The first word of the columns that was added up. */
  readonly from: number;
  /** Number of words of each plane. */
  readonly length: number;
}

/** Adds up columns of bits for 32 slots at a time, and finds the slots with the highest sums. */
export class BitSlicedCounter {
  #planes = new Int32Array(0);

  /**
   * Adds the columns up, chunk by chunk in ascending order, and tells which slots weigh `least()` or more in sum.
   *
   * @param least asked before each chunk, an integer ≥ 0; it may rise meanwhile
   */
  scan(
    { matrix, columns, weights, words }: WeightedColumns,
    least: () => number,
    visit: (chunk: Chunk) => void,
  ): void {
    const most = weights.reduce((sum, weight) => sum + weight, 0);
    const bits = 32 - Math.clz32(most);
    const groups = groupsOf(matrix, columns, weights, bits);
    if (!matrix.simd && this.#planes.length <= bits * CHUNK)
      this.#planes = new Int32Array((bits + 1) * CHUNK);
    const planes = matrix.simd ? matrix.bits : this.#planes;
    const adder = matrix.simd ?? plainAdder(matrix.bits, planes);
    for (
      let from = 0, length = FIRST_CHUNK;
      from < words;
      from += length, length = Math.min(CHUNK, 2 * length)
    ) {
      const needed = least();
      if (needed > most) return;
      length = Math.min(length, words - from);
      planes.fill(0, 0, bits * CHUNK);
      for (const { bit, offsets } of groups) adder.add(offsets, from, length, bit);
      adder.reach(bits, needed, length);
      visit({ planes, bits, from, length });
    }
  }
}

interface Group {
  /** The plane that these columns are added to. */
  readonly bit: number;
  /** One, four or eight columns. */
  readonly offsets: Int32Array;
}

function groupsOf(
  matrix: ColumnMatrix,
  columns: readonly number[],
  weights: readonly number[],
  bits: number,
): readonly Group[] {
  const groups: Group[] = [];
  for (let bit = 0; bit < bits; bit++) {
    const own = columns.filter((_, i) => (weights[i]! >> bit) & 1);
    for (let i = 0; i < own.length; ) {
      const left = own.length - i;
      const size = left > 4 ? 8 : left > 2 ? 4 : 1;
      const offsets = new Int32Array(size).fill(matrix.offset(0));
      offsets.set(own.slice(i, i + size).map((column) => matrix.offset(column)));
      groups.push({ bit, offsets });
      i += size;
    }
  }
  return groups;
}

/** Visits the slots of a chunk that reached what was needed, in ascending order, with their sums. */
export function visitReached(
  { planes, bits, from, length }: Chunk,
  visit: (slot: number, sum: number) => void,
): void {
  for (let word = 0; word < length; word++) {
    for (let reached = planes[bits * CHUNK + word]!; reached !== 0; reached &= reached - 1) {
      const at = 31 - Math.clz32(reached & -reached);
      let sum = 0;
      for (let bit = bits - 1; bit >= 0; bit--) sum = 2 * sum + ((planes[bit * CHUNK + word]! >>> at) & 1);
      visit((from + word) * 32 + at, sum);
    }
  }
}

/** Writes the slots of a chunk that reached what was needed into an array, from a place on. @returns where they end */
export function listReached({ planes, bits, from, length }: Chunk, slots: Int32Array, at: number): number {
  return listBits(planes, bits * CHUNK, length, from * 32, slots, at);
}

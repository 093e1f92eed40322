/** Words of 32 slots that are counted at a time, so that the counters stay in the nearest cache. */
const CHUNK = 256;
/** Columns that are added up in registers. */
const GROUP = 56;

/** Columns of bits in one array, with a weight for each: see `ColumnMatrix`. */
export interface WeightedColumns {
  readonly bits: Int32Array;
  /** Where each column begins. */
  readonly offsets: readonly number[];
  /** An integer ≥ 1 for each column. */
  readonly weights: readonly number[];
  /** Words of a column. */
  readonly words: number;
  /** Where a column without bits begins. */
  readonly empty: number;
}

/**
 * Adds up columns of bits for 32 slots at a time. Counters are kept in planes: bit b of the counter of every slot
 * stands in plane b, and eight columns are added by seven full adders of five bitwise operations each, whatever the
 * number of slots. That is exact, and takes about two operations for each column and word of 32 slots.
 */
export class BitSlicedCounter {
  #planes = new Int32Array(0);
  #seen = 0;

  /**
   * Visits the slots whose columns weigh `least()` or more in sum, in ascending order.
   *
   * @param least asked before each chunk, an integer ≥ 1; it may rise meanwhile
   */
  scan(
    { bits: matrix, offsets, weights, words, empty }: WeightedColumns,
    least: () => number,
    visit: (slot: number) => void,
  ): void {
    const most = weights.reduce((sum, weight) => sum + weight, 0);
    const bits = 32 - Math.clz32(most);
    if (this.#planes.length < (bits + 1) * CHUNK) this.#planes = new Int32Array((bits + 1) * CHUNK);
    const groups = groupsOf(offsets, weights, bits, empty);
    for (let from = 0; from < words; from += CHUNK) {
      const needed = least();
      if (needed > most) return;
      const length = Math.min(CHUNK, words - from);
      // Counters start so high that exactly those which reach the sum run over into the last plane.
      const start = 2 ** bits - needed;
      for (let bit = 0; bit <= bits; bit++) {
        this.#planes.fill(-((start >> bit) & 1), bit * CHUNK, bit * CHUNK + CHUNK);
      }
      for (const group of groups) this.#seen ^= fetchLines(matrix, group.offsets, from, length);
      for (const { bit, offsets } of groups) {
        if (offsets.length === 1) addOne(matrix, offsets[0]! + from, length, this.#planes, bit, bits);
        else add(matrix, offsets, from, length, this.#planes, bit, bits);
      }
      this.#visit(bits, from, length, visit);
    }
  }

  /** Visits the slots of a chunk whose counters ran over, which the last plane says. */
  #visit(bits: number, from: number, length: number, visit: (slot: number) => void): void {
    for (let word = 0; word < length; word++) {
      for (let reached = this.#planes[bits * CHUNK + word]!; reached !== 0; reached &= reached - 1) {
        visit((from + word) * 32 + 31 - Math.clz32(reached & -reached));
      }
    }
  }
}

interface Group {
  /** The plane that these columns are added to. */
  readonly bit: number;
  /** One, or a multiple of eight. */
  readonly offsets: Int32Array;
}

function groupsOf(
  offsets: readonly number[],
  weights: readonly number[],
  bits: number,
  empty: number,
): readonly Group[] {
  const groups: Group[] = [];
  for (let bit = 0; bit < bits; bit++) {
    const own = offsets.filter((_, i) => (weights[i]! >> bit) & 1);
    const alone = own.length % 8 < 4 ? own.length % 8 : 0;
    for (const offset of own.splice(0, alone)) groups.push({ bit, offsets: Int32Array.of(offset) });
    while (own.length % 8 > 0) own.push(empty);
    for (let i = 0; i < own.length; i += GROUP) {
      groups.push({ bit, offsets: Int32Array.from(own.slice(i, i + GROUP)) });
    }
  }
  return groups;
}

/** Adds a column to the planes from `low` to `high`; most carries, and many words of rare columns, are zero. */
function addOne(
  matrix: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
  high: number,
): void {
  for (let word = 0; word < length; word++) {
    let carry = matrix[from + word]!;
    for (let plane = low; carry !== 0 && plane <= high; plane++) {
      const bits = planes[plane * CHUNK + word]!;
      planes[plane * CHUNK + word] = bits ^ carry;
      carry &= bits;
    }
  }
}

/**
 * Reads a word of each cache line that {@link add} is about to read: so many columns at once are more than a processor
 * fetches ahead by itself, but here it waits for all of them together.
 */
function fetchLines(matrix: Int32Array, offsets: Int32Array, from: number, length: number): number {
  let seen = 0;
  for (let i = 0; i < offsets.length; i++) {
    const end = offsets[i]! + from + length;
    for (let at = offsets[i]! + from; at < end; at += 16) seen ^= matrix[at]!;
  }
  return seen;
}

/**
 * Adds columns, at most {@link GROUP} and eight by eight, to the planes from `low` to `high`. A full adder makes of x,
 * y and z the sum `x ^ y ^ z` and the carry `(x & y) | ((x ^ y) & z)`.
 */
function add(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
  high: number,
): void {
  for (let word = 0; word < length; word++) {
    const at = from + word;
    let n0 = 0;
    let n1 = 0;
    let n2 = 0;
    let n3 = 0;
    let n4 = 0;
    let n5 = 0;
    for (let i = 0; i < offsets.length; i += 8) {
      let x = matrix[offsets[i]! + at]!;
      let y = matrix[offsets[i + 1]! + at]!;
      let u = n0 ^ x;
      const two1 = (n0 & x) | (u & y);
      n0 = u ^ y;
      x = matrix[offsets[i + 2]! + at]!;
      y = matrix[offsets[i + 3]! + at]!;
      u = n0 ^ x;
      const two2 = (n0 & x) | (u & y);
      n0 = u ^ y;
      u = n1 ^ two1;
      const four1 = (n1 & two1) | (u & two2);
      n1 = u ^ two2;
      x = matrix[offsets[i + 4]! + at]!;
      y = matrix[offsets[i + 5]! + at]!;
      u = n0 ^ x;
      const two3 = (n0 & x) | (u & y);
      n0 = u ^ y;
      x = matrix[offsets[i + 6]! + at]!;
      y = matrix[offsets[i + 7]! + at]!;
      u = n0 ^ x;
      const two4 = (n0 & x) | (u & y);
      n0 = u ^ y;
      u = n1 ^ two3;
      const four2 = (n1 & two3) | (u & two4);
      n1 = u ^ two4;
      u = n2 ^ four1;
      const eight = (n2 & four1) | (u & four2);
      n2 = u ^ four2;
      u = n3 & eight;
      n3 ^= eight;
      n5 ^= n4 & u;
      n4 ^= u;
    }
    let carry = 0;
    for (let plane = low, n = 0; plane <= high; plane++, n++) {
      const y = n === 0 ? n0 : n === 1 ? n1 : n === 2 ? n2 : n === 3 ? n3 : n === 4 ? n4 : n === 5 ? n5 : 0;
      if (n > 5 && carry === 0) break;
      const x = planes[plane * CHUNK + word]!;
      const u = x ^ y;
      planes[plane * CHUNK + word] = u ^ carry;
      carry = (x & y) | (u & carry);
    }
  }
}

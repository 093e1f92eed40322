/** Words of 32 slots that are counted at a time, so that the counters stay in the nearest cache. */
const CHUNK = 512;
/** Of these, in the beginning: what is found there may raise what all others have to reach. */
const FIRST_CHUNK = 16;

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
 * number of slots. That is exact, and takes about five operations for each column and word of 32 slots.
 */
export class BitSlicedCounter {
  #planes = new Int32Array(0);

  /**
   * Visits the slots whose columns weigh `least()` or more in sum, in ascending order, with that sum.
   *
   * @param least asked before each chunk, an integer ≥ 0; it may rise meanwhile
   */
  scan(
    { bits: matrix, offsets, weights, words, empty }: WeightedColumns,
    least: () => number,
    visit: (slot: number, sum: number) => void,
  ): void {
    const most = weights.reduce((sum, weight) => sum + weight, 0);
    const bits = 32 - Math.clz32(most);
    if (this.#planes.length !== bits * CHUNK) this.#planes = new Int32Array(bits * CHUNK);
    const groups = groupsOf(offsets, weights, bits, empty);
    for (
      let from = 0, length = FIRST_CHUNK;
      from < words;
      from += length, length = Math.min(CHUNK, 2 * length)
    ) {
      const needed = least();
      if (needed > most) return;
      length = Math.min(length, words - from);
      this.#planes.fill(0);
      for (const group of groups) add(matrix, group, from, length, this.#planes, bits);
      this.#visit(bits, needed, from, length, visit);
    }
  }

  /** Visits the slots of a chunk whose counters reach the sum needed. */
  #visit(
    bits: number,
    needed: number,
    from: number,
    length: number,
    visit: (slot: number, sum: number) => void,
  ): void {
    const planes = this.#planes;
    for (let word = 0; word < length; word++) {
      let equal = -1;
      let above = 0;
      for (let bit = bits - 1; bit >= 0; bit--) {
        const plane = planes[bit * CHUNK + word]!;
        if (((needed >> bit) & 1) === 1) equal &= plane;
        else {
          above |= equal & plane;
          equal &= ~plane;
        }
      }
      for (let reached = above | equal; reached !== 0; reached &= reached - 1) {
        const at = 31 - Math.clz32(reached & -reached);
        let sum = 0;
        for (let bit = bits - 1; bit >= 0; bit--) sum = 2 * sum + ((planes[bit * CHUNK + word]! >>> at) & 1);
        visit((from + word) * 32 + at, sum);
      }
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
  offsets: readonly number[],
  weights: readonly number[],
  bits: number,
  empty: number,
): readonly Group[] {
  const groups: Group[] = [];
  for (let bit = 0; bit < bits; bit++) {
    const own = offsets.filter((_, i) => (weights[i]! >> bit) & 1);
    for (let i = 0; i < own.length; ) {
      const left = own.length - i;
      const size = left > 4 ? 8 : left > 2 ? 4 : 1;
      const offsets = new Int32Array(size).fill(empty);
      offsets.set(own.slice(i, i + size));
      groups.push({ bit, offsets });
      i += size;
    }
  }
  return groups;
}

function add(
  matrix: Int32Array,
  { bit, offsets }: Group,
  from: number,
  length: number,
  planes: Int32Array,
  bits: number,
): void {
  const addAll = offsets.length === 8 ? addEight : offsets.length === 4 ? addFour : addOne;
  addAll(matrix, offsets, from, length, planes, bit * CHUNK, bits * CHUNK);
}

// A full adder makes of x, y and z the sum `x ^ y ^ z` and the carry `(x & y) | ((x ^ y) & z)`. Every sum of indices is
// cut to 32 bits, so that the compiler need not look for an overflow.

/** Adds a column to the planes from `low` to `high`; most carries, and many words of rare columns, are zero. */
function addOne(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
  high: number,
): void {
  const a = (offsets[0]! + from) | 0;
  const lowest = low | 0;
  const end = length | 0;
  for (let word = 0; word < end; word = (word + 1) | 0) {
    const carry = matrix[(a + word) | 0]!;
    if (carry !== 0) ripple(planes, (lowest + word) | 0, high, carry);
  }
}

/** Adds to the bits of one word, from the plane at `from` on, until nothing is carried any more. */
function ripple(planes: Int32Array, from: number, high: number, first: number): void {
  let carry = first;
  for (let at = from; carry !== 0 && at < high; at = (at + CHUNK) | 0) {
    const bits = planes[at]!;
    planes[at] = bits ^ carry;
    carry &= bits;
  }
}

function addFour(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
  high: number,
): void {
  const a = (offsets[0]! + from) | 0;
  const b = (offsets[1]! + from) | 0;
  const c = (offsets[2]! + from) | 0;
  const d = (offsets[3]! + from) | 0;
  const lowest = low | 0;
  const end = length | 0;
  for (let word = 0; word < end; word = (word + 1) | 0) {
    let x = matrix[(a + word) | 0]!;
    let y = matrix[(b + word) | 0]!;
    const at = (lowest + word) | 0;
    let n = planes[at]!;
    let u = n ^ x;
    const two1 = (n & x) | (u & y);
    n = u ^ y;
    x = matrix[(c + word) | 0]!;
    y = matrix[(d + word) | 0]!;
    u = n ^ x;
    const two2 = (n & x) | (u & y);
    planes[at] = u ^ y;
    n = planes[(at + CHUNK) | 0]!;
    u = n ^ two1;
    const carry = (n & two1) | (u & two2);
    planes[(at + CHUNK) | 0] = u ^ two2;
    if (carry !== 0) ripple(planes, (at + 2 * CHUNK) | 0, high, carry);
  }
}

function addEight(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
  high: number,
): void {
  const a = (offsets[0]! + from) | 0;
  const b = (offsets[1]! + from) | 0;
  const c = (offsets[2]! + from) | 0;
  const d = (offsets[3]! + from) | 0;
  const e = (offsets[4]! + from) | 0;
  const f = (offsets[5]! + from) | 0;
  const g = (offsets[6]! + from) | 0;
  const h = (offsets[7]! + from) | 0;
  const lowest = low | 0;
  const end = length | 0;
  for (let word = 0; word < end; word = (word + 1) | 0) {
    const at = (lowest + word) | 0;
    let x = matrix[(a + word) | 0]!;
    let y = matrix[(b + word) | 0]!;
    let n = planes[at]!;
    let u = n ^ x;
    const two1 = (n & x) | (u & y);
    n = u ^ y;
    x = matrix[(c + word) | 0]!;
    y = matrix[(d + word) | 0]!;
    u = n ^ x;
    const two2 = (n & x) | (u & y);
    n = u ^ y;
    x = matrix[(e + word) | 0]!;
    y = matrix[(f + word) | 0]!;
    u = n ^ x;
    const two3 = (n & x) | (u & y);
    n = u ^ y;
    x = matrix[(g + word) | 0]!;
    y = matrix[(h + word) | 0]!;
    u = n ^ x;
    const two4 = (n & x) | (u & y);
    planes[at] = u ^ y;
    n = planes[(at + CHUNK) | 0]!;
    u = n ^ two1;
    const four1 = (n & two1) | (u & two2);
    n = u ^ two2;
    u = n ^ two3;
    const four2 = (n & two3) | (u & two4);
    planes[(at + CHUNK) | 0] = u ^ two4;
    n = planes[(at + 2 * CHUNK) | 0]!;
    u = n ^ four1;
    const carry = (n & four1) | (u & four2);
    planes[(at + 2 * CHUNK) | 0] = u ^ four2;
    if (carry !== 0) ripple(planes, (at + 3 * CHUNK) | 0, high, carry);
  }
}

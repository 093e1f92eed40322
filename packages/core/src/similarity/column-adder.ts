/** Words of 32 slots that are counted at a time, so that the counters stay in the nearest cache: the length of a plane. */
export const CHUNK = 512;

/**
 * Counters for the slots of a chunk, in planes: bit b of the counter of every slot stands in plane b. Eight columns are
 * added by seven full adders of five bitwise operations each, whatever the number of slots, so that it takes about five
 * operations for each column and word of 32 slots.
 */
export interface ColumnAdder {
  /**
   * Adds columns. No counter may exceed what its planes can hold.
   *
   * @param offsets where the columns begin: one, four or eight of them
   * @param from the first of their words that are added
   * @param length number of words, at most {@link CHUNK}
   * @param bit the plane that they are added to
   */
  add(offsets: Int32Array, from: number, length: number, bit: number): void;
  /** Writes into the plane above so many which counters are at least `needed`. */
  reach(bits: number, needed: number, length: number): void;
}

/** Adds columns in `bits` to planes of their own. */
export function plainAdder(columns: Int32Array, planes: Int32Array): ColumnAdder {
  return {
    add(offsets, from, length, bit) {
      const add = offsets.length === 8 ? addEight : offsets.length === 4 ? addFour : addOne;
      add(columns, offsets, from, length, planes, bit * CHUNK);
    },
    reach(bits, needed, length) {
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
        planes[bits * CHUNK + word] = above | equal;
      }
    },
  };
}

// A full adder makes of x, y and z the sum `x ^ y ^ z` and the carry `(x & y) | ((x ^ y) & z)`. Every sum of indices is
// cut to 32 bits, so that the compiler need not look for an overflow.

/** Most words of rare columns are zero. */
function addOne(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
): void {
  const a = (offsets[0]! + from) | 0;
  const lowest = low | 0;
  const end = length | 0;
  for (let word = 0; word < end; word = (word + 1) | 0) {
    const carry = matrix[(a + word) | 0]!;
    if (carry !== 0) ripple(planes, (lowest + word) | 0, carry);
  }
}

/** Adds to the bits of one word, from the plane at `from` on, until nothing is carried any more: the last plane carries nothing. */
function ripple(planes: Int32Array, from: number, first: number): void {
  let carry = first;
  for (let at = from; carry !== 0; at = (at + CHUNK) | 0) {
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
    if (carry !== 0) ripple(planes, (at + 2 * CHUNK) | 0, carry);
  }
}

function addEight(
  matrix: Int32Array,
  offsets: Int32Array,
  from: number,
  length: number,
  planes: Int32Array,
  low: number,
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
    if (carry !== 0) ripple(planes, (at + 3 * CHUNK) | 0, carry);
  }
}

import { grown } from "./grown.js";

const ROW = 4;
const TERM = 1;
const MET = 2;

/**
 * What states are compared by, as numbers: a term is a key (mostly a token) in a space (a feature of a partition).
 * The second, third … occurrence of a token in one bag is a term of its own in a space of its own: the overlap of
 * two bags, `Σ min(a, b)`, is then the number of terms they share, so everything else knows sets only.
 */
export class Terms {
  /**
   * A row for each key: space + 1 and number of the term that was found last under this key, and how often the key
   * was met in the bag that is being read. Mostly that is all that is needed to read a token.
   */
  #recent = new Int32Array(0);
  /** Open addressing with linear probing: number + 1, or 0. */
  #table = new Int32Array(64);
  /** Space and key of each term, side by side; a space of −1 is a free number. */
  #pairs = new Int32Array(0);
  readonly #free: number[] = [];
  #limit = 0;
  #count = 0;

  /** Numbers are below this. */
  get limit(): number {
    return this.#limit;
  }

  /** @returns −1 for a number that is free */
  space(term: number): number {
    return this.#pairs[2 * term]!;
  }

  key(term: number): number {
    return this.#pairs[2 * term + 1]!;
  }

  /** Prepares for keys below this. */
  reserve(keys: number): void {
    this.#recent = grown(Int32Array, this.#recent, ROW * keys);
  }

  /** Counts a key of the bag that is being read. @returns how often it was met before */
  meet(key: number): number {
    return this.#recent[ROW * key + MET]!++;
  }

  /** Forgets that a key was met. */
  leave(key: number): void {
    this.#recent[ROW * key + MET] = 0;
  }

  /** @returns the number, or −1 */
  find(space: number, key: number): number {
    const recent = this.#recent;
    if (recent[ROW * key] === space + 1) return recent[ROW * key + TERM]!;
    const term = this.#find(space, key);
    if (term >= 0 && ROW * key + ROW <= recent.length) {
      recent[ROW * key] = space + 1;
      recent[ROW * key + TERM] = term;
    }
    return term;
  }

  #find(space: number, key: number): number {
    const table = this.#table;
    const pairs = this.#pairs;
    const mask = table.length - 1;
    for (let at = hash(space, key) & mask; ; at = (at + 1) & mask) {
      const term = table[at]! - 1;
      if (term < 0 || (pairs[2 * term + 1] === key && pairs[2 * term] === space)) return term;
    }
  }

  /** The number of a term that is not there yet. */
  add(space: number, key: number): number {
    const term = this.#free.pop() ?? this.#limit++;
    this.#put(term, space, key);
    return term;
  }

  remove(term: number): void {
    const row = ROW * this.key(term);
    if (this.#recent[row] === this.space(term) + 1) this.#recent[row] = 0;
    const table = this.#table;
    const mask = table.length - 1;
    let gap = hash(this.space(term), this.key(term)) & mask;
    while (table[gap] !== term + 1) gap = (gap + 1) & mask;
    // What stands behind the gap moves up unless it would then stand before its own place.
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const other = table[at]! - 1;
      const home = hash(this.space(other), this.key(other)) & mask;
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        table[gap] = table[at]!;
        gap = at;
      }
    }
    table[gap] = 0;
    this.#pairs[2 * term] = -1;
    this.#free.push(term);
    this.#count--;
  }

  /** Space and key of each term, side by side; −1 as space where a number is free. */
  pairs(): Int32Array {
    return this.#pairs.subarray(0, 2 * this.#limit);
  }

  /** The terms that {@link pairs} lists; `undefined` if one of them stands twice. */
  static from(pairs: Int32Array): Terms | undefined {
    const terms = new Terms();
    for (let term = 0; 2 * term < pairs.length; term++) {
      terms.#limit = term + 1;
      const space = pairs[2 * term]!;
      const key = pairs[2 * term + 1]!;
      if (space < 0) {
        terms.#pairs = grown(Int32Array, terms.#pairs, 2 * term + 2);
        terms.#pairs[2 * term] = -1;
        terms.#free.push(term);
      } else if (terms.#find(space, key) >= 0) return undefined;
      else terms.#put(term, space, key);
    }
    return terms;
  }

  #put(term: number, space: number, key: number): void {
    this.#pairs = grown(Int32Array, this.#pairs, 2 * term + 2);
    this.#pairs[2 * term] = space;
    this.#pairs[2 * term + 1] = key;
    this.#count++;
    if (this.#count * 3 > this.#table.length * 2) this.#grow();
    else place(this.#table, term, hash(space, key));
  }

  #grow(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let term = 0; term < this.#limit; term++) {
      const space = this.space(term);
      if (space >= 0) place(this.#table, term, hash(space, this.key(term)));
    }
  }
}

function place(table: Int32Array, term: number, at: number): void {
  const mask = table.length - 1;
  let free = at & mask;
  while (table[free] !== 0) free = (free + 1) & mask;
  table[free] = term + 1;
}

function hash(space: number, key: number): number {
  let x = Math.imul(key ^ Math.imul(space, 0x85ebca6b), 0x9e3779b1);
  x ^= x >>> 15;
  return Math.imul(x, 0x2c1b3c6d) >>> 3;
}

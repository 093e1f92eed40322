import { grown } from "./grown.js";

// A row for each key, of the term that was found last for its first occurrence in a bag: space + 1, and number.
// Mostly that is all that is needed to read a token. Then the bag that it was met in last, and how often.
const ROW = 4;
const TERM = 1;
const BAG = 2;
const MET = 3;

/**
 * What states are compared by, as numbers: a term is a key (mostly a token) in a space (a feature of a partition).
 * The second, third … occurrence of a token in one bag is a term of its own in a space of its own: the overlap of
 * two bags, `Σ min(a, b)`, is then the number of terms they share, so everything else knows sets only.
 */
export class Terms {
  #recent = new Int32Array(0);
  /** Number of the bag that was read last. */
  #bag = 0;
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
    if (ROW * keys > this.#recent.length) this.#recent = grown(Int32Array, this.#recent, ROW * keys);
  }

  /**
   * Writes the term of each key of one bag: the first occurrence of a key belongs to the first space, and so on. In
   * place of a term that is not there, `~occurrence` is written, which is negative.
   *
   * @param keys negative ones are passed over as well: `~0` is written
   * @returns how many negative numbers were written
   */
  readBag(
    keys: Int32Array,
    count: number,
    spaces: readonly number[],
    terms: Int32Array,
    from: number,
  ): number {
    const recent = this.#recent;
    const bag = this.#nextBag();
    const first = spaces.length > 0 ? spaces[0]! + 1 : -1;
    let missing = 0;
    for (let i = 0; i < count; i++) {
      const row = ROW * keys[i]!;
      let term = ~0;
      if (row >= 0) {
        if (recent[row + BAG] !== bag && recent[row] === first) {
          recent[row + BAG] = bag;
          recent[row + MET] = 1;
          term = recent[row + TERM]!;
        } else term = this.#read(keys[i]!, bag, spaces);
      }
      terms[from + i] = term;
      missing += term >>> 31;
    }
    return missing;
  }

  #read(key: number, bag: number, spaces: readonly number[]): number {
    const recent = this.#recent;
    const row = ROW * key;
    if (recent[row + BAG] !== bag) recent[row + MET] = 0;
    recent[row + BAG] = bag;
    const occurrence = recent[row + MET]!++;
    const space = spaces[occurrence];
    const term = space === undefined ? -1 : this.find(space, key);
    if (term < 0) return ~occurrence;
    if (occurrence === 0) {
      recent[row] = space! + 1;
      recent[row + TERM] = term;
    }
    return term;
  }

  #nextBag(): number {
    if (this.#bag === 2 ** 31 - 1) {
      for (let row = 0; row < this.#recent.length; row += ROW) this.#recent[row + BAG] = 0;
      this.#bag = 0;
    }
    return ++this.#bag;
  }

  /** @returns the number, or −1 */
  find(space: number, key: number): number {
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
      } else if (terms.find(space, key) >= 0) return undefined;
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

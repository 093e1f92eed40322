import { grown } from "./grown.js";

/** Strings that are at least this long may be slices that keep a whole text alive. */
const SLICE = 13;

/**
 * The strings of all tokens, each once, as numbers; a token that nothing uses any more gives its number back. Open
 * addressing with linear probing: an entry is number + 1 in the bits that say where an entry can be, and in the others
 * those of the string's hash. That is a fraction of the memory of a `Map`, and fewer of its cache misses, which is what
 * looking tokens up costs.
 */
export class Vocabulary {
  #table = new Int32Array(64);
  readonly #strings: (string | undefined)[] = [];
  readonly #free: number[] = [];
  #uses = new Int32Array(0);
  #hashes = new Int32Array(64);

  /** Numbers are below this. */
  get limit(): number {
    return this.#strings.length;
  }

  /** Writes the number of each token, −1 for one that is not there. */
  find(tokens: readonly string[], numbers: Int32Array): void {
    this.#guess(tokens, numbers);
    for (let i = 0; i < tokens.length; i++) {
      const number = numbers[i]!;
      if (number >= 0 && this.#strings[number] !== tokens[i])
        numbers[i] = this.#find(tokens[i]!, this.#hashes[i]!);
    }
  }

  /** Writes the number of each token, a new one if need be; {@link retain} says that it is in use. */
  intern(tokens: readonly string[], numbers: Int32Array): void {
    this.#guess(tokens, numbers);
    for (let i = 0; i < tokens.length; i++) {
      const number = numbers[i]!;
      if (number < 0 || this.#strings[number] !== tokens[i])
        numbers[i] = this.#findOrAdd(tokens[i]!, this.#hashes[i]!);
    }
  }

  retain(number: number): void {
    this.#uses[number]!++;
  }

  release(number: number): void {
    if (--this.#uses[number]! > 0) return;
    this.#remove(number);
    this.#strings[number] = undefined;
    this.#free.push(number);
  }

  /** All strings by number, `undefined` where there is none. */
  strings(): readonly (string | undefined)[] {
    return this.#strings;
  }

  /** A vocabulary with these strings under their positions; `undefined` if one of them stands twice. */
  static from(strings: readonly (string | undefined)[]): Vocabulary | undefined {
    const vocabulary = new Vocabulary();
    vocabulary.#uses = new Int32Array(strings.length);
    for (const [number, string] of strings.entries()) {
      vocabulary.#strings.push(string);
      if (string === undefined) vocabulary.#free.push(number);
      else {
        const hash = hashOf(string);
        if (vocabulary.#find(string, hash) >= 0) return undefined;
        vocabulary.#put(number, hash);
      }
    }
    return vocabulary;
  }

  /**
   * Writes the number of each token, or of another one whose hash has the same bits as far as an entry holds them, or
   * −1 if there is none. Hashes, numbers and then strings have a loop of their own each, so that the processor waits
   * for many of them at a time.
   */
  #guess(tokens: readonly string[], numbers: Int32Array): void {
    if (tokens.length > this.#hashes.length) this.#hashes = grown(Int32Array, this.#hashes, tokens.length);
    const hashes = this.#hashes;
    for (let i = 0; i < tokens.length; i++) hashes[i] = hashOf(tokens[i]!);
    const table = this.#table;
    const mask = table.length - 1;
    for (let i = 0; i < tokens.length; i++) {
      const hash = hashes[i]!;
      let at = hash & mask;
      while (table[at] !== 0 && ((table[at]! ^ hash) & ~mask) !== 0) at = (at + 1) & mask;
      numbers[i] = (table[at]! & mask) - 1;
    }
  }

  #findOrAdd(token: string, hash: number): number {
    const known = this.#find(token, hash);
    if (known >= 0) return known;
    const number = this.#free.pop() ?? this.#strings.length;
    this.#strings[number] = token.length < SLICE ? token : copyOf(token);
    this.#uses = grown(Int32Array, this.#uses, number + 1);
    this.#put(number, hash);
    return number;
  }

  #find(token: string, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash & mask; table[at] !== 0; at = (at + 1) & mask) {
      const number = (table[at]! & mask) - 1;
      if (((table[at]! ^ hash) & ~mask) === 0 && this.#strings[number] === token) return number;
    }
    return -1;
  }

  #put(number: number, hash: number): void {
    if (2 * (number + 1) > this.#table.length) this.#grow(number);
    place(this.#table, hash, number);
  }

  /** Makes room for a number that is higher than all before. */
  #grow(number: number): void {
    let length = this.#table.length;
    while (2 * (number + 1) > length) length *= 2;
    this.#table = new Int32Array(length);
    for (let other = 0; other < number; other++) {
      const string = this.#strings[other];
      if (string !== undefined) place(this.#table, hashOf(string), other);
    }
  }

  #remove(number: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    const home = (at: number) => hashOf(this.#strings[(table[at]! & mask) - 1]!) & mask;
    let gap = hashOf(this.#strings[number]!) & mask;
    while ((table[gap]! & mask) !== number + 1) gap = (gap + 1) & mask;
    // What stands behind the gap moves up unless it would then stand before its own place.
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      if (((at - home(at)) & mask) >= ((at - gap) & mask)) {
        table[gap] = table[at]!;
        gap = at;
      }
    }
    table[gap] = 0;
  }
}

function place(table: Int32Array, hash: number, number: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = (hash & ~mask) | (number + 1);
}

function hashOf(token: string): number {
  let hash = token.length;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** A string of its own, not a part of a longer one. */
function copyOf(token: string): string {
  return JSON.parse(JSON.stringify(token)) as string;
}

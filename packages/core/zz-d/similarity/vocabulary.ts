import { grown } from "./grown.js";

/** Strings that are at least this long may be slices that keep a whole text alive. */
const SLICE = 13;

/**
 * The strings of all tokens, each once, as numbers; a token that nothing uses any more gives its number back. Open
 * addressing with linear probing, of hash and number + 1 side by side: half the memory of a `Map`, and fewer of its
 * cache misses, which is what looking tokens up costs.
 */
export class Vocabulary {
  #table = new Int32Array(128);
  #count = 0;
  seen = 0;
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
    this.#readHashes(tokens);
    for (let i = 0; i < tokens.length; i++) numbers[i] = this.#find(tokens[i]!, this.#hashes[i]!);
  }

  /** Writes the number of each token, a new one if need be; {@link retain} says that it is in use. */
  intern(tokens: readonly string[], numbers: Int32Array): void {
    this.#readHashes(tokens);
    for (let i = 0; i < tokens.length; i++) {
      const number = this.#find(tokens[i]!, this.#hashes[i]!);
      numbers[i] = number >= 0 ? number : this.#add(tokens[i]!, this.#hashes[i]!);
    }
  }

  retain(number: number): void {
    this.#uses[number]!++;
  }

  release(number: number): void {
    if (--this.#uses[number]! > 0) return;
    this.#remove(number, hashOf(this.#strings[number]!));
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

  /** In a loop of their own, so that the processor waits for many strings at a time. */
  #readHashes(tokens: readonly string[]): void {
    if (tokens.length > this.#hashes.length) this.#hashes = grown(Int32Array, this.#hashes, tokens.length);
    const hashes = this.#hashes;
    let seen = 0;
    for (let i = 0; i < tokens.length; i++) seen ^= tokens[i]!.length;
    for (let i = 0; i < tokens.length; i++) hashes[i] = hashOf(tokens[i]!);
    const table = this.#table;
    const mask = table.length - 1;
    for (let i = 0; i < tokens.length; i++) seen ^= table[hashes[i]! & mask]!;
    this.seen ^= seen;
  }

  #add(token: string, hash: number): number {
    const number = this.#free.pop() ?? this.#strings.length;
    this.#strings[number] = token.length < SLICE ? token : copyOf(token);
    this.#uses = grown(Int32Array, this.#uses, number + 1);
    this.#put(number, hash);
    return number;
  }

  #find(token: string, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = table[at]!;
      if (entry === 0) return -1;
      if (((entry ^ hash) & ~mask) === 0) {
        const number = (entry & mask) - 1;
        if (this.#strings[number] === token) return number;
      }
    }
  }

  #put(number: number, hash: number): void {
    if (++this.#count * 2 > this.#table.length) {
      this.#table = new Int32Array(2 * this.#table.length);
      for (let n = 0; n < this.#strings.length; n++) {
        if (n !== number && this.#strings[n] !== undefined) place(this.#table, hashOf(this.#strings[n]!), n + 1);
      }
    }
    place(this.#table, hash, number + 1);
  }

  #remove(number: number, hash: number): void {
    throw new Error("x" + number + hash);
  }
}

function place(table: Int32Array, hash: number, entry: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = (hash & ~mask) | entry;
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

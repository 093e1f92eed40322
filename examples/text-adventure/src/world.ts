/** Header words: where the object table is, and where dynamic memory ends. */
const OBJECT_TABLE = 0x0a;
const STATIC_MEMORY = 0x0e;
/** Version 3: 31 default property words come first, then entries of 4 attribute bytes, 3 relatives, 1 address. */
const DEFAULTS_BYTES = 62;
const ENTRY_BYTES = 9;
const ATTRIBUTE_BYTES = 4;
const PARENT = 4;
const PROPERTIES = 7;
const GLOBAL_BYTES = 480;
/** The first three globals: G00 is the player's place, G01 the score, G02 the moves. */
const PLACE_BYTES = 2;
const SCORE_WORD = 2;
const MOVES_WORD = 4;

/** A hash that is a sum over the bytes of the world, so that differences are hashes too. */
export interface Digest {
  readonly low: number;
  readonly high: number;
}

/** A hash of what has changed from one world to another: the same change of another world has the same. */
export function changeOf(from: Digest, to: Digest): string {
  return `${(to.low - from.low) | 0},${(to.high - from.high) | 0}`;
}

/** No change. */
export const UNCHANGED = "0,0";

/**
 * Where a version 3 story keeps its world: the tree of objects, their attributes and properties, and the
 * global variables. Everything else (the words just typed, timers, tables) is the story's own book-keeping.
 *
 * Some of the globals and properties are book-keeping too: the turn counter, the parser's verb and nouns,
 * what "it" refers to. {@link learnNoise} finds those, and digests and scenes leave them out.
 */
export class World {
  readonly #memory: Uint8Array;
  readonly #globals: number;
  readonly #entries: number;
  readonly #objects: readonly number[];
  /** Addresses of each object's property values, by object number; 0 has none. */
  readonly #values: readonly (readonly number[])[];
  /** The bits of each byte that say something of the world. */
  readonly #telling: Uint8Array;
  /** Those of them that digests count at present. */
  readonly #counting: Uint8Array;
  readonly #everything: Uint32Array;

  /**
   * @param memory the story's memory, which changes as it is played
   * @param globals the address of the global variables
   */
  constructor(memory: Uint8Array, globals: number) {
    this.#memory = memory;
    this.#globals = globals;
    this.#entries = word(memory, OBJECT_TABLE) + DEFAULTS_BYTES - ENTRY_BYTES;
    this.#values = this.#findValues();
    this.#telling = new Uint8Array(word(memory, STATIC_MEMORY)).fill(0xff);
    this.#telling.fill(0, globals + SCORE_WORD, globals + MOVES_WORD + 2);
    this.#counting = this.#telling.slice();
    this.#objects = range(1, this.#values.length - 1);
    this.#everything = Uint32Array.from([
      ...this.#objects.flatMap((object) => this.#bytesOf(object)),
      ...range(globals, GLOBAL_BYTES),
    ]);
  }

  /**
   * Takes a harmless command as an example: what has changed is the story's book-keeping and says nothing of
   * the world. Where an object is always says something, so nothing is learned if one is not where it would be
   * without the command.
   * @param before the memory before the command
   * @param idle the memory after commands that do nothing; in some of them a thief may have moved
   */
  learnNoise(before: Uint8Array, idle: readonly Uint8Array[]): void {
    const memory = this.#memory;
    const same = [before, ...idle].find((other) =>
      this.#objects.every((object) => memory[this.#parentAt(object)] === other[this.#parentAt(object)]),
    );
    if (!same) return;
    for (const object of this.#objects) {
      const entry = this.#entries + ENTRY_BYTES * object;
      for (let at = entry; at < entry + ATTRIBUTE_BYTES; at++)
        this.#ignore(at, byte(memory, at) ^ byte(same, at));
      for (const at of this.#values[object] ?? []) if (memory[at] !== before[at]) this.#ignore(at, 0xff);
    }
    for (const at of this.#changedGlobals(before)) this.#ignore(at, 0xff);
  }

  /**
   * The globals and properties that differ between two memories, by their addresses: with a command about a
   * thing in one and a command about nothing in the other, what the parser remembers of that thing.
   */
  difference(one: Uint8Array, other: Uint8Array): number[] {
    const bytes = [...this.#values.flat(), ...range(this.#globals, GLOBAL_BYTES)];
    return bytes.filter((at) => one[at] !== other[at]);
  }

  /** Leaves bytes out of every {@link digest} from now on, in place of those left out before. */
  leaveOut(addresses: Iterable<number>): void {
    this.#counting.set(this.#telling);
    for (const at of addresses) this.#counting[at] = 0;
  }

  /** A hash of the whole world, but for what is {@link leaveOut left out}. */
  digest(): Digest {
    let low = 0;
    let high = 0;
    for (let i = 0; i < this.#everything.length; i++) {
      const at = this.#everything[i] ?? 0;
      const telling = byte(this.#memory, at) & byte(this.#counting, at);
      const mixed = Math.imul((at << 8) | telling, 0x9e3779b1);
      low = (low + Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)) | 0;
      high = (high + Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)) | 0;
    }
    return { low, high };
  }

  /**
   * A hash of the objects that the player can act on: the place, what is in it or on the player, and the state
   * of what the place's own properties mention (doors, scenery). It leaves out what is elsewhere, so a room
   * with the same things in it is the same wherever a thief may be at that moment.
   * @param place the object number of the player's place
   */
  scene(place: number): string {
    const neighbours = this.#parentOf(place);
    const mentioned = new Set((this.#values[place] ?? []).map((at) => byte(this.#memory, at)));
    const isHere = this.#isIn(place);
    const addresses = this.#objects.flatMap((object) => {
      if (isHere(object)) return this.#bytesOf(object);
      const isScenery = mentioned.has(object) && this.#parentOf(object) !== neighbours;
      return isScenery ? this.#stateOf(object) : [];
    });
    return this.#hash([...addresses, this.#globals, this.#globals + 1], this.#telling);
  }

  /** Tells whether an object is a place or, however deep, in it. */
  #isIn(place: number): (object: number) => boolean {
    const known = new Map<number, boolean>([
      [0, false],
      [place, true],
    ]);
    const isIn = (object: number): boolean => {
      const answer = known.get(object);
      if (answer !== undefined) return answer;
      known.set(object, false); // A circle must not hang us.
      const inside = isIn(this.#parentOf(object));
      known.set(object, inside);
      return inside;
    };
    return isIn;
  }

  /**
   * Whether something is, through other things, in itself. Zork I allows that of two open containers, and never comes
   * back from describing them.
   */
  hasCircle(): boolean {
    return this.#objects.some((object) => {
      let above = this.#parentOf(object);
      for (let depth = 0; above !== 0; depth++) {
        if (above === object || depth > this.#objects.length) return true;
        above = this.#parentOf(above);
      }
      return false;
    });
  }

  /** Whether a global variable, by its number from 0, says something of the world. */
  tells(global: number): boolean {
    return this.#telling[this.#globals + 2 * global] !== 0;
  }

  #parentAt(object: number): number {
    return this.#entries + ENTRY_BYTES * object + PARENT;
  }

  #parentOf(object: number): number {
    return byte(this.#memory, this.#parentAt(object));
  }

  /** Attributes, property values and the parent. Siblings stay out: their order tells of moves, not of facts. */
  #bytesOf(object: number): number[] {
    return [...this.#stateOf(object), this.#parentAt(object)];
  }

  #stateOf(object: number): number[] {
    const entry = this.#entries + ENTRY_BYTES * object;
    return [...range(entry, ATTRIBUTE_BYTES), ...(this.#values[object] ?? [])];
  }

  /** The addresses of the globals, the place apart, that are not as they were. */
  #changedGlobals(before: Uint8Array): number[] {
    const words = range(0, GLOBAL_BYTES / 2).map((i) => this.#globals + 2 * i);
    return words
      .filter((at) => at >= this.#globals + PLACE_BYTES && word(this.#memory, at) !== word(before, at))
      .flatMap((at) => [at, at + 1]);
  }

  #ignore(at: number, bits: number): void {
    this.#telling[at] = byte(this.#telling, at) & ~bits;
  }

  /** Two lanes of 32 bits in the manner of FNV-1a. */
  #hash(addresses: ArrayLike<number>, mask: Uint8Array): string {
    let a = 0x811c9dc5;
    let b = 0x1b873593;
    for (let i = 0; i < addresses.length; i++) {
      const at = addresses[i] ?? 0;
      const telling = byte(this.#memory, at) & byte(mask, at);
      a = Math.imul(a ^ telling, 0x01000193);
      b = Math.imul(b ^ telling ^ (b >>> 15), 0x85ebca6b);
    }
    return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
  }

  /** The object table ends where the first object's properties begin: it states no length. */
  #findValues(): number[][] {
    const values: number[][] = [[]];
    let end = this.#memory.length;
    for (let object = 1; this.#entries + ENTRY_BYTES * (object + 1) <= end; object++) {
      const table = word(this.#memory, this.#entries + ENTRY_BYTES * object + PROPERTIES);
      end = Math.min(end, table);
      values.push(this.#valuesAt(table));
    }
    return values;
  }

  #valuesAt(table: number): number[] {
    const values: number[] = [];
    let at = table + 1 + 2 * (this.#memory[table] ?? 0);
    for (let size = this.#memory[at] ?? 0; size !== 0; size = byte(this.#memory, at)) {
      const bytes = (size >> 5) + 1;
      for (let i = 1; i <= bytes; i++) values.push(at + i);
      at += bytes + 1;
    }
    return values;
  }
}

function byte(memory: Uint8Array, at: number): number {
  return memory[at] ?? 0;
}

function word(memory: Uint8Array, at: number): number {
  return (byte(memory, at) << 8) | byte(memory, at + 1);
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, i) => start + i);
}

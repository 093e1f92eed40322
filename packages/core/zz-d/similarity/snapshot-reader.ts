import { JitRLError } from "../errors.js";
import { checksum, HEADER_WORDS, MAGIC, VERSION } from "./snapshot-header.js";

/** Reads what a {@link SnapshotWriter} wrote, and trusts nothing: whatever the bytes are, it reads or it throws. */
export class SnapshotReader {
  readonly words: Int32Array;
  /** The word that is read next. */
  position = HEADER_WORDS;
  readonly #number = new Float64Array(1);
  readonly #halves = new Int32Array(this.#number.buffer);

  /** @throws JitRLError `store-corrupt` */
  constructor(bytes: Uint8Array) {
    if (bytes.byteLength % 4 !== 0 || bytes.byteLength < HEADER_WORDS * 4) {
      throw corrupt(`it has ${bytes.byteLength} bytes`);
    }
    this.words = aligned(bytes);
    const [magic, version, length, sum] = this.words;
    if (magic !== MAGIC) throw corrupt("it is something else");
    if (version !== VERSION) throw corrupt(`it is of version ${version}, not ${VERSION}`);
    if (length !== this.words.length) throw corrupt("it is cut off");
    if (sum !== checksum(this.words)) throw corrupt("its checksum does not match");
  }

  /** @throws JitRLError `store-corrupt` when it is not between the bounds, both included */
  int(least: number, most: number): number {
    this.#has(1);
    const value = this.words[this.position++]!;
    if (value < least || value > most) throw corrupt(`there is a ${value} in place ${this.position - 1}`);
    return value;
  }

  /** The number of things that follow, each of so many words at least. */
  count(words: number): number {
    return this.int(0, Math.floor((this.words.length - this.position) / words));
  }

  float(): number {
    this.#has(2);
    this.#halves[0] = this.words[this.position++]!;
    this.#halves[1] = this.words[this.position++]!;
    return this.#number[0]!;
  }

  ints(count: number): Int32Array {
    const from = this.skip(count);
    return this.words.subarray(from, this.position);
  }

  /** Passes over words that are read in place. @returns where they begin */
  skip(count: number): number {
    this.#has(count);
    this.position += count;
    return this.position - count;
  }

  string(): string {
    const length = this.int(0, 2 * (this.words.length - this.position));
    const words = this.ints((length + 1) >>> 1);
    const units: number[] = [];
    let text = "";
    for (let i = 0; i < length; i++) {
      units.push((words[i >>> 1]! >>> (16 * (i & 1))) & 0xffff);
      if (units.length === 4096 || i === length - 1) text += String.fromCharCode(...units.splice(0));
    }
    return text;
  }

  end(): void {
    if (this.position !== this.words.length) throw corrupt("there is more than was written");
  }

  #has(words: number): void {
    if (this.position + words > this.words.length) throw corrupt("it is cut off");
  }
}

export function corrupt(found: string): JitRLError {
  return new JitRLError(
    "store-corrupt",
    `Expected a snapshot of a similarity index, but ${found}. Build the index anew from the stored episodes.`,
  );
}

function aligned(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, byteLength } = isAligned(bytes) ? bytes : bytes.slice();
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

function isAligned({ byteOffset }: Uint8Array): boolean {
  return byteOffset % 4 === 0;
}

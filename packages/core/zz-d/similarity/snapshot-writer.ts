import { checksum, HEADER_WORDS, type Header, MAGIC, VERSION } from "./snapshot-header.js";

/** Writes 32-bit words one after the other. */
export class SnapshotWriter {
  #words = new Int32Array(1024);
  #length = HEADER_WORDS;
  readonly #number = new Float64Array(1);
  readonly #halves = new Int32Array(this.#number.buffer);

  int(value: number): void {
    this.#room(1);
    this.#words[this.#length++] = value;
  }

  float(value: number): void {
    this.#number[0] = value;
    this.int(this.#halves[0]!);
    this.int(this.#halves[1]!);
  }

  ints(values: Int32Array): void {
    this.#room(values.length);
    this.#words.set(values, this.#length);
    this.#length += values.length;
  }

  /** The length in code units, then two units a word: any string comes back as it was. */
  string(value: string): void {
    this.int(value.length);
    this.#room((value.length + 1) >>> 1);
    for (let i = 0; i < value.length; i += 2) {
      const second = i + 1 < value.length ? value.charCodeAt(i + 1) : 0;
      this.#words[this.#length++] = value.charCodeAt(i) | (second << 16);
    }
  }

  finish(): Uint8Array {
    const words = this.#words.slice(0, this.#length);
    const header: Header = [MAGIC, VERSION, words.length, checksum(words)];
    words.set(header);
    return new Uint8Array(words.buffer);
  }

  #room(words: number): void {
    if (this.#length + words <= this.#words.length) return;
    const larger = new Int32Array(Math.max(this.#length + words, Math.ceil(this.#words.length * 1.5)));
    larger.set(this.#words.subarray(0, this.#length));
    this.#words = larger;
  }
}

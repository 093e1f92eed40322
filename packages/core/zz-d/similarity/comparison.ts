import { jaccardOf, SIMILARITY_TOLERANCE } from "../similarity.js";
import type { SearchOptions } from "../similarity-index.js";
import type { Contents } from "./contents.js";
import { grown } from "./grown.js";
import type { Partition, Schema } from "./partition.js";
import type { Query } from "./query.js";
import { TopStates } from "./top-states.js";

/** Bounds are computed in another order than similarities: only a state that is below by more than rounding is out. */
export const SLACK = 1e-9;

/** Words of a cache line. */
const LINE = 16;

/** Compares single states with the query, exactly, and keeps the best of them. Counts the work of the whole search. */
export class Comparison {
  readonly top = new TopStates();
  readonly #contents: Contents;
  readonly #query: Query;
  /** Least similarity that is asked for. */
  floor = 0;
  work = 0;
  #budget = 0;
  #partition: Partition | undefined;
  /** 1 for the terms of the query. */
  #marks = new Uint8Array(0);
  /** A bit for each slot that was compared, and these slots. */
  #compared = new Int32Array(0);
  #comparedSlots = new Int32Array(64);
  #comparedCount = 0;
  /** The schema met last, and where in it each feature of the query stands. */
  #schema: Schema | undefined;
  #positions = new Int32Array(4);
  #shared = new Int32Array(4);
  /** What {@link fetch} read, so that it has to be read. */
  #seen = 0;

  constructor(contents: Contents, query: Query) {
    this.#contents = contents;
    this.#query = query;
  }

  open(partition: Partition, options: SearchOptions): void {
    const query = this.#query;
    this.#partition = partition;
    this.top.reset(options.k);
    this.floor = options.minSimilarity - SIMILARITY_TOLERANCE;
    this.#budget = options.budget;
    this.work = query.size;
    this.#marks = grown(Uint8Array, this.#marks, this.#contents.terms.limit);
    for (let i = 0; i < query.count; i++) this.#marks[query.terms[i]!] = 1;
    this.#compared = grown(Int32Array, this.#compared, (partition.slots + 31) >>> 5);
    this.#comparedCount = 0;
    this.#positions = grown(Int32Array, this.#positions, query.features.length);
  }

  close(): void {
    const query = this.#query;
    for (let i = 0; i < query.count; i++) this.#marks[query.terms[i]!] = 0;
    for (let i = 0; i < this.#comparedCount; i++) this.#compared[this.#comparedSlots[i]! >>> 5] = 0;
    this.#partition = undefined;
    this.#schema = undefined;
  }

  get isOverBudget(): boolean {
    return this.work > this.#budget;
  }

  /** What a bound must reach for its state to be among the best. */
  get threshold(): number {
    return (this.top.full ? Math.max(this.floor, this.top.similarity) : this.floor) - SLACK;
  }

  /** Was it compared in this search? */
  has(slot: number): boolean {
    return ((this.#compared[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  /**
   * Reads a word of each cache line of the records of some states that are about to be compared: one after the other
   * each would wait for memory, but here the processor waits for all of them together.
   */
  fetch(slots: Int32Array, from: number, to: number): void {
    const { addresses } = this.#partition!;
    const { memory } = this.#contents;
    let seen = 0;
    for (let i = from; i < to; i++) {
      const address = addresses[slots[i]!]!;
      const page = memory.pages[memory.page(address)]!;
      const head = memory.offset(address);
      const last = page.length - 1;
      seen ^= page[head]! ^ page[Math.min(head + LINE, last)]! ^ page[Math.min(head + 2 * LINE, last)]!;
    }
    this.#seen ^= seen;
  }

  /** Computes the similarity of a state, unless that was done, and offers it to the best. */
  compare(slot: number): void {
    if (this.has(slot)) return;
    this.#compared[slot >>> 5]! |= 1 << slot;
    this.#comparedSlots = grown(Int32Array, this.#comparedSlots, this.#comparedCount + 1);
    this.#comparedSlots[this.#comparedCount++] = slot;
    const partition = this.#partition!;
    const address = partition.addresses[slot]!;
    const { memory } = this.#contents;
    const page = memory.pages[memory.page(address)]!;
    const head = memory.offset(address);
    const schema = partition.schemas[page[head]!]!;
    if (schema !== this.#schema) this.#locate(schema);
    const shared = this.#shared;
    const parts = schema.features.length;
    let at = head + 1 + parts;
    for (let part = 0; part < parts; part++) {
      const end = at + page[head + 1 + part]!;
      shared[part] = countMarked(page, at, end, this.#marks);
      at = end;
    }
    this.work += at - head;
    const { features, weights } = this.#query;
    let sum = 0;
    for (let f = 0; f < features.length; f++) {
      const { size, weight, floor } = features[f]!;
      const part = this.#positions[f]!;
      const similar =
        part < 0 ? jaccardOf(0, size, 0) : jaccardOf(shared[part]!, size, page[head + 1 + part]!);
      if (similar < floor - SIMILARITY_TOLERANCE) return;
      sum += weight * similar;
    }
    const similarity = sum / weights;
    if (similarity >= this.floor)
      this.top.offer(similarity, partition.recencies[slot]!, partition.ids[slot]!);
  }

  #locate(schema: Schema): void {
    this.#schema = schema;
    this.#shared = grown(Int32Array, this.#shared, schema.features.length);
    this.#query.features.forEach(({ space }, f) => {
      this.#positions[f] = space ? schema.features.indexOf(space) : -1;
    });
  }
}

function countMarked(page: Int32Array, from: number, to: number, marks: Uint8Array): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += marks[page[at]!]!;
  return sum;
}

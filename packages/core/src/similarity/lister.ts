import { grown } from "./grown.js";
import type { IntegerPages } from "./integer-pages.js";
import type { Partition } from "./partition.js";
import type { Postings } from "./postings.js";
import type { Terms } from "./terms.js";

/** Where records, terms and lists are. */
interface Places {
  readonly memory: IntegerPages;
  readonly terms: Terms;
  readonly postings: Postings;
}

/**
 * Enters states into the lists and columns of their terms, many at a time: the slots of each term are brought together
 * first, so that a list is looked for once and not for each of its states. Most of the time that lists take is spent
 * waiting for their ends, which lie all over memory.
 */
export class Lister {
  /** Entries that are made at a time, but for those of the last state. */
  readonly #most: number;
  /** Term and slot of each entry. */
  #terms = new Int32Array(64);
  #slots = new Int32Array(64);
  #count = 0;
  /** The terms among them, each once. */
  #distinct = new Int32Array(64);
  /** The slots, term by term. */
  #grouped = new Int32Array(64);
  /** By term: how many entries it has, then where these end in {@link #grouped}; 0 when there is nothing to do. */
  #ends = new Int32Array(0);

  /** @param most entries that are made at a time: 16 bytes each */
  constructor(most: number) {
    this.#most = most;
  }

  /** Enters the states of a partition from {@link Partition.listed} on. */
  list(partition: Partition, places: Places): void {
    partition.columns.fit((partition.slots + 31) >>> 5);
    while (partition.listed < partition.slots) {
      partition.listed = this.#gather(partition, places);
      this.#enter(partition, places);
    }
  }

  /** @returns the slot of the first state that it was too much for */
  #gather(partition: Partition, { memory, terms }: Places): number {
    let count = 0;
    let slot = partition.listed;
    for (; slot < partition.slots && count < this.#most; slot++) {
      if (partition.ids[slot]! < 0) continue;
      const address = partition.addresses[slot]!;
      const page = memory.pages[memory.page(address)]!;
      const head = memory.offset(address);
      const { features } = partition.schemas[page[head]!]!;
      const first = head + 1 + features.length;
      let end = first;
      for (let part = 0; part < features.length; part++) end += page[head + 1 + part]!;
      this.#reserve(count + end - head);
      const entries = this.#terms;
      const from = count;
      for (let part = 0; part < features.length; part++) {
        const size = page[head + 1 + part]!;
        if (size > 0) entries[count++] = terms.find(features[part]!.sizeSpace, size);
      }
      for (let at = first; at < end; at++) entries[count++] = page[at]!;
      this.#slots.fill(slot, from, count);
    }
    this.#count = count;
    return slot;
  }

  #reserve(entries: number): void {
    if (entries <= this.#terms.length) return;
    this.#terms = grown(Int32Array, this.#terms, entries);
    this.#slots = grown(Int32Array, this.#slots, entries);
    this.#distinct = grown(Int32Array, this.#distinct, entries);
    this.#grouped = grown(Int32Array, this.#grouped, entries);
  }

  #enter(partition: Partition, { postings, terms: { limit } }: Places): void {
    this.#ends = grown(Int32Array, this.#ends, limit);
    const ends = this.#ends;
    const terms = this.#terms;
    const slots = this.#slots;
    const distinct = this.#distinct;
    const grouped = this.#grouped;
    const count = this.#count;
    let different = 0;
    for (let i = 0; i < count; i++) {
      const term = terms[i]!;
      if (ends[term]!++ === 0) distinct[different++] = term;
    }
    let end = 0;
    for (let i = 0; i < different; i++) {
      const term = distinct[i]!;
      const from = end;
      end += ends[term]!;
      ends[term] = from;
    }
    for (let i = 0; i < count; i++) grouped[ends[terms[i]!]!++] = slots[i]!;
    let from = 0;
    for (let i = 0; i < different; i++) {
      const term = distinct[i]!;
      const to = ends[term]!;
      ends[term] = 0;
      postings.append(term, grouped, from, to, partition);
      from = to;
    }
  }
}

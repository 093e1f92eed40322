import type { Postings, Slots } from "./postings.js";

/** Lists are filled in so many groups, each small enough for a cache. */
const GROUPS = 64;
/** Entries that a group waits for. */
const LENGTH = 4096;
const COLUMN = 255;

/**
 * Fills the lists of many states at once. One after the other every entry would wait for memory, as the lists are
 * all over it; here entries are gathered for lists that lie near each other.
 */
export class PostingBuffers {
  readonly #postings: Postings;
  /** The group of each term. */
  readonly #groups: Uint8Array;
  /** Terms and slots in turn, by group. */
  readonly #entries = new Int32Array(GROUPS * 2 * LENGTH);
  readonly #lengths = new Int32Array(GROUPS);

  /** @param limit terms are below this; `expect` prepared them all */
  constructor(postings: Postings, limit: number) {
    this.#postings = postings;
    this.#groups = new Uint8Array(limit).fill(COLUMN);
    let all = 0;
    for (let term = 0; term < limit; term++) if (!postings.isColumn(term)) all += postings.capacity(term);
    for (let term = 0, before = 0; term < limit; term++) {
      if (postings.isColumn(term)) continue;
      this.#groups[term] = Math.min(GROUPS - 1, Math.floor((before / (all + 1)) * GROUPS));
      before += postings.capacity(term);
    }
  }

  /** Adds the slot, higher than all before in its partition, to the terms in a part of an array. */
  add(terms: Int32Array, from: number, to: number, slot: number, partition: Slots): void {
    const entries = this.#entries;
    const lengths = this.#lengths;
    for (let i = from; i < to; i++) {
      const term = terms[i]!;
      const group = this.#groups[term]!;
      if (group === COLUMN) {
        this.#postings.add(term, slot, partition);
        continue;
      }
      const length = lengths[group]!;
      const at = 2 * (group * LENGTH + length);
      entries[at] = term;
      entries[at + 1] = slot;
      lengths[group] = length + 1;
      if (length + 1 === LENGTH) this.#flush(group);
    }
  }

  finish(): void {
    for (let group = 0; group < GROUPS; group++) this.#flush(group);
  }

  #flush(group: number): void {
    const from = 2 * group * LENGTH;
    this.#postings.append(this.#entries, from, from + 2 * this.#lengths[group]!);
    this.#lengths[group] = 0;
  }
}

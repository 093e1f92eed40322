import type { IntegerPages } from "./integer-pages.js";
import type { Postings, Slots } from "./postings.js";

/** Fills the lists and columns of many states at once, which {@link Postings.expect} made room for. */
export class BulkPostings {
  readonly #memory: IntegerPages;
  /** By term: its column, or 0. */
  readonly #columns: Int32Array;
  /** By term: where the next entry of its list goes. */
  readonly #addresses: Int32Array;

  /** @param limit terms are below this */
  constructor(postings: Postings, memory: IntegerPages, limit: number) {
    this.#memory = memory;
    this.#columns = new Int32Array(limit);
    this.#addresses = new Int32Array(limit);
    for (let term = 0; term < limit; term++) {
      if (postings.isColumn(term)) this.#columns[term] = postings.column(term);
      else this.#addresses[term] = postings.address(term);
    }
  }

  /** Adds the slot, higher than all before in its partition, to the terms in a part of an array. */
  addAll(terms: Int32Array, from: number, to: number, slot: number, { columns }: Slots): void {
    for (let i = from; i < to; i++) this.add(terms[i]!, slot, columns);
  }

  /** Likewise for one term. */
  add(term: number, slot: number, columns: Slots["columns"]): void {
    const column = this.#columns[term]!;
    if (column > 0) columns.set(column, slot);
    else {
      const address = this.#addresses[term]!++;
      this.#memory.pages[this.#memory.page(address)]![this.#memory.offset(address)] = slot;
    }
  }
}

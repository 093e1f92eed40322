import type { Match, SearchOptions, SimilarityIndex } from "../similarity-index.js";
import type { State } from "../state.js";
import { Contents } from "./contents.js";
import { Searcher } from "./searcher.js";
import { readSnapshot, writeSnapshot } from "./snapshot.js";

/**
 * A {@link SimilarityIndex} for millions of states: exact, and mostly without looking at more than a few thousand of
 * them. `docs/design/index.md` explains it.
 *
 * Its work, as the budget counts it, is the tokens of the query, the entries of lists and the words of columns that
 * are read, and the tokens of the states that are compared.
 */
export class ExactSimilarityIndex implements SimilarityIndex {
  #contents: Contents;
  #searcher: Searcher;

  constructor() {
    this.#contents = new Contents();
    this.#searcher = new Searcher(this.#contents);
  }

  get size(): number {
    return this.#contents.table.size;
  }

  /** @throws JitRLError `oversized-state` */
  add(state: State): number {
    return this.#contents.add(state);
  }

  touch(id: number, recency: number): void {
    const { slotOf } = this.#contents;
    this.#contents.partitionWith(id).recencies[slotOf[id]!] = recency;
  }

  remove(id: number): void {
    this.#contents.remove(id);
  }

  search(state: State, options: SearchOptions): Match[] | undefined {
    const partition = this.#contents.partitions.get(state.partition);
    return partition ? this.#searcher.search(partition, state, options) : [];
  }

  /** All that the index holds, with ids and recencies, in a form of its own: {@link fromBytes} reads it. */
  toBytes(): Uint8Array {
    return writeSnapshot(this.#contents);
  }

  /**
   * The index that {@link toBytes} wrote. What depends on the contents is built anew and everything else is checked,
   * so that no bytes, whatever they are, make an index that answers wrongly about the states it holds.
   *
   * @throws JitRLError `store-corrupt` for bytes that are damaged, of another version or something else
   */
  static fromBytes(bytes: Uint8Array): ExactSimilarityIndex {
    const index = new ExactSimilarityIndex();
    index.#use(readSnapshot(bytes));
    return index;
  }

  #use(contents: Contents): void {
    this.#contents = contents;
    this.#searcher = new Searcher(contents);
  }
}

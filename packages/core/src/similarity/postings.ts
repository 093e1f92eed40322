import type { ColumnMatrix } from "./column-matrix.js";
import { grown } from "./grown.js";
import { IntegerPages } from "./integer-pages.js";
import { listBits } from "./list-bits.js";

/** Terms of fewer states are always lists. */
const LEAST_COLUMN = 512;
/** A list with more than one of so many states becomes a column: that is where it stops to be the smaller one. */
const COLUMN_SHARE = 32;
/** A column with fewer than one of so many states becomes a list again. */
const LIST_SHARE = 96;

// A term's row: where its list is (or which column), how many states have it, how long its block is.
const ROW = 3;
const ADDRESS = 0;
const COUNT = 1;
const CAPACITY = 2;
/** In place of a capacity: the term is a column. */
const COLUMN = -1;

/** Where the slots are that a term is found in. */
export interface Slots {
  /** Slots are below this. */
  readonly slots: number;
  readonly columns: ColumnMatrix;
}

/**
 * Which states have a term. Rare terms have a list of slots, in ascending order; common ones a column, a bit for each
 * slot. Both are exact at any time, and a term changes from one to the other by itself.
 */
export class Postings {
  readonly #memory: IntegerPages;
  #rows = new Int32Array(0);

  constructor(memory: IntegerPages) {
    this.#memory = memory;
  }

  /** Number of states that have the term. */
  count(term: number): number {
    return this.#rows[ROW * term + COUNT]!;
  }

  isColumn(term: number): boolean {
    return this.#rows[ROW * term + CAPACITY] === COLUMN;
  }

  /** The page that holds the list of a term, from {@link start} on. */
  page(term: number): Int32Array {
    return this.#memory.pages[this.#memory.page(this.#rows[ROW * term + ADDRESS]!)]!;
  }

  start(term: number): number {
    return this.#memory.offset(this.#rows[ROW * term + ADDRESS]!);
  }

  /** The column of a common term. */
  column(term: number): number {
    return this.#rows[ROW * term + ADDRESS]!;
  }

  /** Makes room for a term that no state has yet. */
  open(term: number): void {
    this.#rows = grown(Int32Array, this.#rows, ROW * (term + 1));
    this.#rows.fill(0, ROW * term, ROW * (term + 1));
  }

  /** Makes room for so many states that a term, just opened, is going to have. */
  expect(term: number, count: number, partition: Slots): void {
    if (isCommon(count, partition.slots)) this.#openColumn(term, partition);
    else this.#resize(term, count);
  }

  /** Adds the slots in a part of an array, in ascending order and higher than all that the term has. */
  append(term: number, slots: Int32Array, from: number, to: number, partition: Slots): void {
    const row = ROW * term;
    const rows = this.#rows;
    const count = rows[row + COUNT]!;
    const total = count + to - from;
    if (rows[row + CAPACITY] !== COLUMN && total > rows[row + CAPACITY]!) {
      if (isCommon(total, partition.slots)) this.#toColumn(term, partition);
      else this.#resize(term, Math.max(total, grownBy(count)));
    }
    rows[row + COUNT] = total;
    const address = rows[row + ADDRESS]!;
    if (rows[row + CAPACITY] === COLUMN) {
      for (let at = from; at < to; at++) partition.columns.set(address, slots[at]!);
      return;
    }
    const page = this.#memory.pages[this.#memory.page(address)]!;
    const end = this.#memory.offset(address) + count;
    for (let at = from; at < to; at++) page[end + at - from] = slots[at]!;
  }

  /**
   * Adds a slot, whichever it is.
   *
   * @param partition the one that the term belongs to
   */
  add(term: number, slot: number, partition: Slots): void {
    const row = ROW * term;
    const rows = this.#rows;
    const count = rows[row + COUNT]!;
    const capacity = rows[row + CAPACITY]!;
    if (capacity === COLUMN) {
      const { columns, slots } = partition;
      columns.fit((slots + 31) >>> 5);
      columns.set(rows[row + ADDRESS]!, slot);
      rows[row + COUNT] = count + 1;
      return;
    }
    if (capacity === count) {
      if (isCommon(count, partition.slots)) {
        this.#toColumn(term, partition);
        this.add(term, slot, partition);
        return;
      }
      this.#resize(term, grownBy(count));
    }
    rows[row + COUNT] = count + 1;
    const page = this.page(term);
    const start = this.start(term);
    const end = start + count;
    const at = count === 0 || slot > page[end - 1]! ? end : place(page, start, end, slot);
    page.copyWithin(at + 1, at, end);
    page[at] = slot;
  }

  remove(term: number, slot: number, partition: Slots): void {
    const row = ROW * term;
    const rows = this.#rows;
    const count = --rows[row + COUNT]!;
    if (rows[row + CAPACITY] === COLUMN) {
      partition.columns.unset(rows[row + ADDRESS]!, slot);
      if (count * LIST_SHARE < partition.slots || count < LEAST_COLUMN / 2) this.#toList(term, partition);
      return;
    }
    const page = this.page(term);
    const start = this.start(term);
    const at = place(page, start, start + count + 1, slot);
    page.copyWithin(at, at + 1, start + count + 1);
    if (count * 2 < rows[row + CAPACITY]!) this.#resize(term, count);
  }

  #resize(term: number, length: number): void {
    const memory = this.#memory;
    const row = ROW * term;
    const rows = this.#rows;
    const capacity = length === 0 ? 0 : IntegerPages.capacity(length);
    const old = rows[row + CAPACITY]!;
    if (capacity === old) return;
    const from = rows[row + ADDRESS]!;
    if (capacity > 0) {
      const block = memory.allocate(capacity);
      if (old > 0) {
        const count = rows[row + COUNT]!;
        const source = memory.pages[memory.page(from)]!;
        const target = memory.pages[memory.page(block)]!;
        const start = memory.offset(from);
        const to = memory.offset(block);
        if (count > 64) target.set(source.subarray(start, start + count), to);
        else for (let i = 0; i < count; i++) target[to + i] = source[start + i]!;
      }
      rows[row + ADDRESS] = block;
    }
    if (old > 0) memory.release(from, old);
    rows[row + CAPACITY] = capacity;
  }

  #openColumn(term: number, { slots, columns }: Slots): void {
    this.#rows[ROW * term + ADDRESS] = columns.open((slots + 31) >>> 5);
    this.#rows[ROW * term + CAPACITY] = COLUMN;
  }

  #toColumn(term: number, partition: Slots): void {
    const block = this.#rows[ROW * term + ADDRESS]!;
    const capacity = this.#rows[ROW * term + CAPACITY]!;
    const page = this.page(term);
    const start = this.start(term);
    const end = start + this.count(term);
    this.#openColumn(term, partition);
    const column = this.column(term);
    for (let at = start; at < end; at++) partition.columns.set(column, page[at]!);
    if (capacity > 0) this.#memory.release(block, capacity);
  }

  #toList(term: number, { columns }: Slots): void {
    const row = ROW * term;
    const column = this.column(term);
    const count = this.count(term);
    this.#rows[row + CAPACITY] = 0;
    this.#rows[row + COUNT] = 0;
    this.#resize(term, count);
    this.#rows[row + COUNT] = count;
    if (count > 0) {
      const page = this.page(term);
      listBits(columns.bits, columns.offset(column), columns.words, 0, page, this.start(term));
    }
    columns.close(column);
  }
}

/** Length of a list with so many entries that needs more room. */
function grownBy(count: number): number {
  return count < 32 ? 2 * count + 2 : count + (count >> 1);
}

function isCommon(count: number, slots: number): boolean {
  return count >= LEAST_COLUMN && count * COLUMN_SHARE > slots;
}

/** Where the first number that is not below `slot` stands. */
function place(page: Int32Array, from: number, to: number, slot: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (page[middle]! < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Address bits that are the place in a page; the others are the number of the page. */
const OFFSET_BITS = 20;
const OFFSET_MASK = 2 ** OFFSET_BITS - 1;
const MOST_PAGES = 2 ** (32 - OFFSET_BITS);
/** The first page is small, and each is twice as long as the one before, up to the longest. */
const FIRST_PAGE = 2 ** 12;
const LONGEST_PAGE = 2 ** 19;
/** Blocks above this share of a page get one of their own. */
const LARGE = LONGEST_PAGE / 8;
const CLASSES = 256;

/**
 * Memory for many integer arrays of any length: blocks in large pages, found by a 32-bit address. A block that is
 * given back is the first to be used again, so that memory does not grow while contents come and go.
 */
export class IntegerPages {
  readonly pages: Int32Array[] = [];
  /** Blocks given back, by size class. */
  readonly #free: number[][] = Array.from({ length: CLASSES }, () => []);
  /** Pages of large blocks that were given back. */
  readonly #unused: number[] = [];
  #page = -1;
  #length = 0;
  #used = 0;

  /** Length of the block that is given for this length: at most an eighth above it. */
  static capacity(length: number): number {
    if (length <= 16) return Math.max(1, length);
    const step = 1 << (28 - Math.clz32(length - 1));
    return Math.ceil(length / step) * step;
  }

  page(address: number): number {
    return address >>> OFFSET_BITS;
  }

  /** Where in its page the block begins. */
  offset(address: number): number {
    return address & OFFSET_MASK;
  }

  /** @returns the address of a block of that length; what stands in it is not defined */
  allocate(length: number): number {
    const capacity = IntegerPages.capacity(length);
    if (capacity > LARGE) return this.#address(this.#newPage(capacity), 0);
    const free = this.#free[classOf(capacity)]!;
    if (free.length > 0) return free.pop()!;
    if (this.#used + capacity > this.#length) {
      this.#recycle();
      this.#length = Math.max(Math.min(LONGEST_PAGE, Math.max(FIRST_PAGE, 2 * this.#length)), capacity);
      this.#page = this.#newPage(this.#length);
      this.#used = 0;
    }
    const block = this.#address(this.#page, this.#used);
    this.#used += capacity;
    return block;
  }

  /** @param length as it was asked for, or any other with the same capacity */
  release(block: number, length: number): void {
    const capacity = IntegerPages.capacity(length);
    if (capacity <= LARGE) this.#free[classOf(capacity)]!.push(block);
    else {
      this.pages[this.page(block)] = nothing;
      this.#unused.push(this.page(block));
    }
  }

  #newPage(length: number): number {
    const page = this.#unused.pop() ?? this.pages.length;
    if (page >= MOST_PAGES) throw new RangeError("The similarity index has no room for more states.");
    this.pages[page] = new Int32Array(length);
    return page;
  }

  #address(page: number, offset: number): number {
    return (page << OFFSET_BITS) | offset;
  }

  /** Gives the rest of a full page to the classes of small blocks. */
  #recycle(): void {
    for (let left = this.#length - this.#used; left > 0; ) {
      const step = left <= 16 ? 1 : 1 << (28 - Math.clz32(left));
      const capacity = left - (left % step);
      this.#free[classOf(capacity)]!.push(this.#address(this.#page, this.#length - left));
      left -= capacity;
    }
  }
}

const nothing = new Int32Array(0);

/** Eight classes an octave. */
function classOf(capacity: number): number {
  if (capacity <= 16) return capacity;
  const shift = 28 - Math.clz32(capacity - 1);
  return shift * 8 + (capacity >>> shift);
}

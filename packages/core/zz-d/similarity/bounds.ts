import { jaccardOf } from "../similarity.js";
import { type Comparison, SLACK } from "./comparison.js";
import { grown } from "./grown.js";
import type { OverlapCounter } from "./overlap-counter.js";
import type { Partition } from "./partition.js";
import type { Query } from "./query.js";

/** Counts above this are taken for equal where the most promising states are looked for. */
export const LEVELS = 64;

/** A column of a term, and the index of its feature. */
export interface OwnedColumn {
  readonly from: number;
  readonly owner: number;
}

/** What the similarity of states can be at most, after what was counted so far. */
export class Bounds {
  readonly #query: Query;
  readonly #overlaps: OverlapCounter;
  readonly #comparison: Comparison;
  /** What the features that are empty in the query can add. */
  #empty = 0;
  /** By feature. */
  #shared = new Int32Array(0);

  constructor(query: Query, overlaps: OverlapCounter, comparison: Comparison) {
    this.#query = query;
    this.#overlaps = overlaps;
    this.#comparison = comparison;
  }

  open({ count }: Partition): void {
    this.#empty = 0;
    this.#shared = grown(Int32Array, this.#shared, this.#query.features.length);
    for (const { space, size, share } of this.#query.features) {
      if (size === 0 && count > (space?.filled ?? 0)) this.#empty += share;
    }
  }

  /** Could a state be among the best that was found in so few of the lists (0 or 1), and is no outlier in size? */
  qualifies(found: 0 | 1): boolean {
    let bound = this.#empty;
    let more = 0;
    for (const { ceilings, remaining, known, share, floor, size } of this.#query.features) {
      const ceiling = ceilings[remaining]!;
      const highest = ceilings[Math.min(known, remaining + found)]!;
      if (size > 0 && share > 0 && highest < share * (floor - SLACK)) return false;
      bound += ceiling;
      more = Math.max(more, highest - ceiling);
    }
    return bound + more >= this.#comparison.threshold;
  }

  /** Could this state be among the best, by what was counted of it and by its sizes? */
  admits(slot: number): boolean {
    const { features } = this.#query;
    const remaining = this.#shared;
    for (let f = 0; f < features.length; f++) remaining[f] = features[f]!.remaining;
    return this.#bound(slot, remaining) >= this.#comparison.threshold;
  }

  /** The same, where these columns are all that was not counted yet: they tell which of their terms the state has. */
  admitsWith(slot: number, bits: Int32Array, columns: readonly OwnedColumn[]): boolean {
    const { features } = this.#query;
    const shared = this.#shared;
    // What has no weight is in no list and in no column.
    for (let f = 0; f < features.length; f++) shared[f] = features[f]!.share > 0 ? 0 : features[f]!.known;
    for (let i = 0; i < columns.length; i++) {
      const { from, owner } = columns[i]!;
      shared[owner]! += (bits[from + (slot >>> 5)]! >>> slot) & 1;
    }
    return this.#bound(slot, shared) >= this.#comparison.threshold;
  }

  /**
   * Most that the similarity of a state can be; −1 below a floor.
   *
   * @param more by feature, most terms that it shares beyond those that were counted
   */
  #bound(slot: number, more: Int32Array): number {
    const counts = this.#overlaps.counts[slot]!;
    const { features } = this.#query;
    let bound = 0;
    for (let f = 0; f < features.length; f++) {
      const { share, size, floor, known, shift, mask, space } = features[f]!;
      const other = space ? space.sizes[slot]! : 0;
      const overlap = Math.min(((counts >>> shift) & mask) + more[f]!, known, other);
      const jaccard = jaccardOf(overlap, size, other);
      if (jaccard < floor - SLACK) return -1;
      bound += share * jaccard;
    }
    return bound;
  }

  /** Number of terms counted, over all features. */
  level(counts: number): number {
    if (this.#query.countUnits === 1) return Math.min(counts, LEVELS - 1);
    let sum = 0;
    for (let rest = counts, units = this.#query.countUnits; units !== 0; units &= units - 1) {
      const above = units & (units - 1);
      // What stands between this lowest bit and the next belongs to one feature.
      const width = above === 0 ? 31 : Math.clz32(units & -units) - Math.clz32(above & -above);
      const shift = 31 - Math.clz32(units & -units);
      sum += (rest >>> shift) & (2 ** width - 1);
    }
    return Math.min(sum, LEVELS - 1);
  }
}

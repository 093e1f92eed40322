import { jaccardOf } from "../similarity.js";
import type { BagSizes } from "./bag-sizes.js";
import { type Comparison, SLACK } from "./comparison.js";
import { grown } from "./grown.js";
import type { OverlapCounter } from "./overlap-counter.js";
import type { Partition } from "./partition.js";
import type { Query, QueryFeature } from "./query.js";

/** Counts above this are taken for equal where the most promising states are looked for. */
export const LEVELS = 64;

/** What depends on the counts of a slot alone is kept by these counts, where they have no more bits than this. */
const TABLE_BITS = 16;

/** States whose sizes are fetched from memory at a time. */
const BATCH = 64;

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
  #sizes: BagSizes | undefined;
  /** What the features that are empty in the query can add. */
  #empty = 0;
  /** By feature. */
  #shared = new Int32Array(0);
  /** What {@link #fetchSizes} read, so that it has to be read. */
  #seen = 0;
  /** Is what depends on the counts alone kept? */
  #isTabled = false;
  /** By the counts of a slot, from 1: what {@link level} is for them; 0 for what was not asked yet. */
  readonly #levels = new Uint8Array(2 ** TABLE_BITS);
  /** Likewise what {@link #allows} says: 1 for no, 2 for yes. */
  readonly #verdicts = new Uint8Array(2 ** TABLE_BITS);

  constructor(query: Query, overlaps: OverlapCounter, comparison: Comparison) {
    this.#query = query;
    this.#overlaps = overlaps;
    this.#comparison = comparison;
  }

  open({ count, sizes }: Partition): void {
    this.#sizes = sizes;
    this.#empty = 0;
    this.#shared = grown(Int32Array, this.#shared, this.#query.features.length);
    for (const { space, size, share } of this.#query.features) {
      if (size === 0 && count > (space?.filled ?? 0)) this.#empty += share;
    }
    this.#isTabled = this.#query.countBits <= TABLE_BITS;
    if (this.#isTabled) this.#levels.fill(0, 0, 2 ** this.#query.countBits);
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
    return this.#bound(slot, this.#remaining()) >= this.#comparison.threshold;
  }

  /** By feature, how many terms were not counted yet. */
  #remaining(): Int32Array {
    const { features } = this.#query;
    for (let f = 0; f < features.length; f++) this.#shared[f] = features[f]!.remaining;
    return this.#shared;
  }

  /**
   * The same for a state that is no outlier in size, where these columns are all that was not counted yet: they tell
   * which of their terms the state has.
   */
  admitsWith(slot: number, bits: Int32Array, columns: readonly OwnedColumn[]): boolean {
    const { features } = this.#query;
    const shared = this.#shared;
    // What has no weight is in no list and in no column.
    for (let f = 0; f < features.length; f++) {
      const { share, given, known } = features[f]!;
      shared[f] = share > 0 ? given : known;
    }
    for (let i = 0; i < columns.length; i++) {
      const { from, owner } = columns[i]!;
      shared[owner]! += (bits[from + (slot >>> 5)]! >>> slot) & 1;
    }
    // Mostly this says no, and the sizes need not be waited for.
    if (!this.#allows(this.#overlaps.counts[slot]!, shared)) return false;
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
    const { values, stride } = this.#sizes!;
    let bound = 0;
    for (let f = 0; f < features.length; f++) {
      const { share, size, floor, known, shift, mask, space } = features[f]!;
      const other = space ? values[slot * stride + space.place]! : 0;
      const overlap = Math.min(((counts >>> shift) & mask) + more[f]!, known, other);
      const jaccard = jaccardOf(overlap, size, other);
      if (jaccard < floor - SLACK) return -1;
      bound += share * jaccard;
    }
    return bound;
  }

  /**
   * Moves the slots that could be among the best to the front: mostly their counts alone say no. What is an outlier in
   * size has been compared.
   *
   * @returns how many these are
   */
  keepAdmitted(slots: Int32Array, size: number): number {
    const only = this.#query.features.length === 1 ? this.#query.features[0]! : undefined;
    if (only?.space && only.floor <= 0) return this.#keepOfOne(only, only.space.place, slots, size);
    const allowed = this.#isTabled ? this.#keepAllowed(slots, size) : size;
    let kept = 0;
    for (let from = 0; from < allowed; from += BATCH) {
      const to = Math.min(from + BATCH, allowed);
      this.#fetchSizes(slots, from, to);
      for (let i = from; i < to; i++) {
        const slot = slots[i]!;
        if (!this.admits(slot)) continue;
        slots[i] = slots[kept]!;
        slots[kept++] = slot;
      }
    }
    return kept;
  }

  /** Likewise those whose counts alone do not say no. */
  #keepAllowed(slots: Int32Array, size: number): number {
    const { counts } = this.#overlaps;
    const verdicts = this.#verdicts.fill(0, 0, 2 ** this.#query.countBits);
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      const count = counts[slot]!;
      if (verdicts[count] === 0) verdicts[count] = this.#allows(count, this.#remaining()) ? 2 : 1;
      if (verdicts[count] === 1) continue;
      slots[i] = slots[kept]!;
      slots[kept++] = slot;
    }
    return kept;
  }

  /** Reads the sizes of some states that are about to be asked for, so that the processor waits for all of them together. */
  #fetchSizes(slots: Int32Array, from: number, to: number): void {
    const { values, stride } = this.#sizes!;
    let seen = 0;
    for (let i = from; i < to; i++) seen ^= values[slots[i]! * stride]!;
    this.#seen ^= seen;
  }

  /** With one feature, J ≥ θ for o shared of q and n tokens is o ≥ θ / (1 + θ) · (q + n). */
  #keepOfOne(
    { size: own, remaining, least }: QueryFeature,
    place: number,
    slots: Int32Array,
    size: number,
  ): number {
    const { counts } = this.#overlaps;
    const { values, stride } = this.#sizes!;
    const threshold = this.#comparison.threshold;
    const ratio = threshold / (1 + threshold);
    const fewest = ratio * (own + least) - SLACK - remaining;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      if (counts[slot]! < fewest) continue;
      const other = values[slot * stride + place]!;
      if (Math.min(counts[slot]! + remaining, other) < ratio * (own + other) - SLACK) continue;
      slots[i] = slots[kept]!;
      slots[kept++] = slot;
    }
    return kept;
  }

  /**
   * Could a state with these counts be among the best, if it is no outlier in size?
   *
   * @param more as for {@link #bound}
   */
  #allows(counts: number, more: Int32Array): boolean {
    const { features } = this.#query;
    let bound = this.#empty;
    for (let f = 0; f < features.length; f++) {
      const { ceilings, known, share, floor, size, shift, mask } = features[f]!;
      const ceiling = ceilings[Math.min(known, ((counts >>> shift) & mask) + more[f]!)]!;
      if (size > 0 && share > 0 && ceiling < share * (floor - SLACK)) return false;
      bound += ceiling;
    }
    return bound >= this.#comparison.threshold;
  }

  /** Number of terms counted, over all features, or {@link LEVELS} − 1 if these are more. */
  level(counts: number): number {
    if (!this.#isTabled) return this.#sum(counts);
    if (this.#levels[counts] === 0) this.#levels[counts] = 1 + this.#sum(counts);
    return this.#levels[counts]! - 1;
  }

  #sum(counts: number): number {
    if (this.#query.countUnits === 1) return Math.min(counts, LEVELS - 1);
    let sum = 0;
    for (const { shift, mask } of this.#query.features) sum += (counts >>> shift) & mask;
    return Math.min(sum, LEVELS - 1);
  }
}

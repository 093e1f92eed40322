import { jaccardOf } from "../similarity.js";
import { BitSlicedCounter, visitReached } from "./bit-sliced-counter.js";
import type { Bounds } from "./bounds.js";
import type { ColumnMatrix } from "./column-matrix.js";
import { type Comparison, SLACK } from "./comparison.js";
import type { Contents } from "./contents.js";
import { grown } from "./grown.js";
import { markAll, type OverlapCounter } from "./overlap-counter.js";
import type { FeatureSpace, Partition } from "./partition.js";
import type { Query, QueryFeature } from "./query.js";

/** With one feature a term is worth a term. */
const exactWorth = { worths: [1], unit: 1, base: 0 };

/** Where rare terms do not decide: finds the states of a partition that share enough common terms with the query. */
export class CommonTerms {
  readonly #contents: Contents;
  readonly #query: Query;
  readonly #overlaps: OverlapCounter;
  readonly #comparison: Comparison;
  readonly #bounds: Bounds;
  readonly #counter = new BitSlicedCounter();
  #sums = new Int32Array(0);

  constructor(
    contents: Contents,
    query: Query,
    overlaps: OverlapCounter,
    comparison: Comparison,
    bounds: Bounds,
  ) {
    this.#contents = contents;
    this.#query = query;
    this.#overlaps = overlaps;
    this.#comparison = comparison;
    this.#bounds = bounds;
  }

  /** Adds up the columns of the common terms, and what the lists of the others say as further columns. */
  scan(partition: Partition): void {
    const { features, columns: common, owners, terms } = this.#query;
    const { columns: matrix, ids, slots } = partition;
    const words = (slots + 31) >>> 5;
    matrix.fit(words);
    const only = features.length === 1 && features[0]!.size > 0 ? features[0]! : undefined;
    const { worths, unit, base } = only ? exactWorth : this.#worths(partition);
    const columns = common.map((at) => this.#contents.postings.column(terms[at]!));
    const weights = common.map((at) => worths[owners[at]!]!);
    const scratch: number[] = [];
    features.forEach(({ size, share, space }, i) => {
      if (size > 0 || share === 0) return;
      const column = matrix.open(words);
      fillEmptyBags(partition, space, column);
      scratch.push(column);
      weights.push(worths[i]!);
    });
    this.#countedColumns(worths, matrix, words).forEach((column, bit) => {
      scratch.push(column);
      weights.push(2 ** bit);
    });
    const owned = columns.map((column, i) => ({ from: matrix.offset(column), owner: owners[common[i]!]! }));
    columns.push(...scratch);
    this.#comparison.work += columns.length * words;
    const { bits } = matrix;
    const visit = (slot: number, sum: number) => {
      this.#comparison.work += 1 + owned.length;
      if (this.#comparison.isOverBudget || slot >= slots) return;
      const isAdmitted = only
        ? this.#isSimilar(only, sum, only.space ? partition.sizeOf(slot, only.space) : 0)
        : this.#bounds.admitsWith(slot, bits, owned);
      if (isAdmitted && ids[slot]! >= 0) this.#comparison.compare(slot);
    };
    this.#counter.scan(
      { matrix, columns, weights, words },
      () => {
        if (this.#comparison.isOverBudget) return Number.POSITIVE_INFINITY;
        return only ? this.#leastOverlap(only) : this.#leastSum(unit, base);
      },
      (chunk) => visitReached(chunk, visit),
    );
    for (const column of scratch) matrix.close(column);
  }

  /**
   * An integer for each feature, a unit, and a base, such that the similarity of any state that matters is at most the
   * base and the unit times the sum of these integers over the terms it shares, those apart that all states share.
   * `J = o / (q + n − o)` grows faster than o, so the worth of a term is the most that one can add, up to the largest
   * overlap which a state that was not compared can have.
   */
  #worths(partition: Partition): { worths: number[]; unit: number; base: number } {
    const { features, columns, owners } = this.#query;
    const { counts, twice, twiceSize } = this.#overlaps;
    const counted = new Int32Array(features.length).fill(1);
    for (let i = 0; i < twiceSize; i++) {
      const slot = twice[i]!;
      const count = counts[slot]!;
      for (let f = 0; f < features.length; f++) {
        const { shift, mask } = features[f]!;
        const own = (count >>> shift) & mask;
        if (own > counted[f]! && !this.#comparison.has(slot)) counted[f] = own;
      }
    }
    const values = features.map((feature, f) => {
      if (feature.size === 0) return partition.count > (feature.space?.filled ?? 0) ? feature.share : 0;
      return steepest(feature, Math.min(feature.known, feature.remaining + counted[f]!));
    });
    const base = features.reduce((sum, { ceilings, given }) => sum + ceilings[given]!, 0);
    const largest = Math.max(...values);
    if (largest === 0) return { worths: values.map(() => 1), unit: 1, base };
    let best = { worths: [] as number[], unit: 0, cost: Number.POSITIVE_INFINITY };
    for (let steps = 1; steps <= 8; steps++) {
      const unit = largest / steps;
      const worths = values.map((value) => Math.max(1, Math.ceil(value / unit - SLACK)));
      const error = Math.max(...values.map((value, f) => (value === 0 ? 0 : (worths[f]! * unit) / value)));
      // A column is added once for each bit of its weight.
      const additions =
        columns.reduce((sum, at) => sum + ones(worths[owners[at]!]!), 1) / (columns.length + 1);
      const cost = additions * error ** 2;
      if (cost < best.cost) best = { worths, unit, cost };
    }
    return { worths: best.worths, unit: best.unit, base };
  }

  /** What the sum of a state must be at least: 0 where what all states share is enough, and never where they share nothing. */
  #leastSum(unit: number, base: number): number {
    const least = Math.ceil((this.#comparison.threshold - base) / (unit * (1 + SLACK)));
    return Math.max(base > 0 ? 0 : 1, least);
  }

  /** With one feature, the sum of a state is its overlap, but for the terms that all states share. */
  #leastOverlap({ ceilings, given, known }: QueryFeature): number {
    const threshold = this.#comparison.threshold;
    let sum = given > 0 ? 0 : 1;
    while (given + sum <= known && ceilings[given + sum]! < threshold) sum++;
    return sum;
  }

  #isSimilar({ size, given }: QueryFeature, sum: number, other: number): boolean {
    return jaccardOf(sum + given, size, other) >= this.#comparison.threshold;
  }

  /**
   * What the lists are worth to the states in them, as columns: one for each bit of the sum. All lists have been walked,
   * so that the counts tell it.
   */
  #countedColumns(worths: readonly number[], matrix: ColumnMatrix, words: number): number[] {
    const { features } = this.#query;
    const { counts, lists, twice, twiceSize } = this.#overlaps;
    this.#sums = grown(Int32Array, this.#sums, twiceSize);
    const sums = this.#sums.fill(0, 0, twiceSize);
    features.forEach(({ shift, mask }, f) => {
      const worth = worths[f]!;
      for (let i = 0; i < twiceSize; i++) sums[i]! += worth * ((counts[twice[i]!]! >>> shift) & mask);
    });
    let most = 0;
    for (const { owner } of lists) most = Math.max(most, worths[owner]!);
    for (let i = 0; i < twiceSize; i++) most = Math.max(most, sums[i]!);
    const columns = Array.from({ length: 32 - Math.clz32(most) }, () => matrix.open(words));
    const { bits } = matrix;
    const planes = columns.map((column) => matrix.offset(column));
    for (const list of lists) {
      this.#comparison.work += list.to - list.from;
      planes.forEach((plane, bit) => {
        if (((worths[list.owner]! >>> bit) & 1) === 1) markAll(list, bits, plane);
      });
    }
    // That is all there is to the states that were found once.
    for (let i = 0; i < twiceSize; i++) {
      const slot = twice[i]!;
      const sum = sums[i]!;
      for (let bit = 0; bit < planes.length; bit++) {
        const at = planes[bit]! + (slot >>> 5);
        bits[at] = (bits[at]! & ~(1 << slot)) | (((sum >>> bit) & 1) << slot);
      }
    }
    return columns;
  }
}

/** Most that a further term adds to what a feature can be worth, on the average of any overlap up to the largest. */
function steepest({ ceilings, given }: QueryFeature, largest: number): number {
  let most = 0;
  for (let overlap = given + 1; overlap <= largest; overlap++) {
    most = Math.max(most, (ceilings[overlap]! - ceilings[given]!) / (overlap - given));
  }
  return most;
}

/** Number of bits that are set. */
function ones(number: number): number {
  let count = 0;
  for (let rest = number; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** A bit for each state whose bag is empty. */
function fillEmptyBags(partition: Partition, feature: FeatureSpace | undefined, column: number): void {
  for (let slot = 0; slot < partition.slots; slot++) {
    if (partition.ids[slot]! >= 0 && (!feature || partition.sizeOf(slot, feature) === 0))
      partition.columns.set(column, slot);
  }
}

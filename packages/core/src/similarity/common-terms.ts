import { BitSlicedCounter } from "./bit-sliced-counter.js";
import type { Bounds } from "./bounds.js";
import type { ColumnMatrix } from "./column-matrix.js";
import { type Comparison, SLACK } from "./comparison.js";
import type { Contents } from "./contents.js";
import type { OverlapCounter } from "./overlap-counter.js";
import type { Partition } from "./partition.js";
import type { Query, QueryFeature } from "./query.js";

/** Columns are left out while chance would lead this many standard deviations above what is expected to the rest. */
const DEVIATIONS = 6;

/** Where rare terms do not decide: finds the states of a partition that share enough common terms with the query. */
export class CommonTerms {
  readonly #contents: Contents;
  readonly #query: Query;
  readonly #overlaps: OverlapCounter;
  readonly #comparison: Comparison;
  readonly #bounds: Bounds;
  readonly #counter = new BitSlicedCounter();

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

  /** Adds up the columns of the common terms, and what was counted in lists as further columns. */
  scan(partition: Partition): void {
    const { features, columns: common, owners, terms } = this.#query;
    const { columns: matrix } = partition;
    const words = (partition.slots + 31) >>> 5;
    matrix.fit(words);
    const { worths, unit, base } = this.#worths(partition);
    const parts = common.map((at) => ({
      column: this.#contents.postings.column(terms[at]!),
      weight: worths[owners[at]!]!,
      share: this.#contents.postings.count(terms[at]!) / partition.count,
    }));
    const scratch: number[] = [];
    features.forEach(({ size, share, space }, i) => {
      if (size > 0 || share === 0) return;
      const column = matrix.open(words);
      fillEmptyBags(partition, space?.sizes, column);
      scratch.push(column);
      const filled = (space?.filled ?? 0) / partition.count;
      parts.push({ column, weight: worths[i]!, share: 1 - filled });
    });
    this.#countedColumns(worths, matrix, words).forEach((column, bit) => {
      scratch.push(column);
      const found = bit === 0 ? this.#overlaps.entries : this.#overlaps.twiceSize;
      parts.push({ column, weight: 2 ** bit, share: Math.min(1, found / partition.count) });
    });
    const only = features.length === 1 && features[0]!.size > 0 ? features[0]! : undefined;
    const left = leaveOut(parts, this.#leastSum(only, unit, base));
    const without = left.reduce((sum, { weight }) => sum + weight, 0);
    const bitsOf = common.map((at) => ({
      from: matrix.offset(this.#contents.postings.column(terms[at]!)),
      owner: owners[at]!,
    }));
    // The rarest first: most likely it is not there.
    const leftOut = left.reverse().map(({ column, weight }) => ({ from: matrix.offset(column), weight }));
    this.#comparison.work += parts.length * words;
    const { bits } = matrix;
    let needed = 0;
    this.#counter.scan(
      {
        bits,
        offsets: parts.map(({ column }) => matrix.offset(column)),
        weights: parts.map(({ weight }) => weight),
        words,
        empty: matrix.offset(0),
      },
      () => {
        needed = this.#comparison.isOverBudget ? Number.POSITIVE_INFINITY : this.#leastSum(only, unit, base);
        return Math.max(0, needed - without);
      },
      (slot, sum) => {
        this.#comparison.work += bitsOf.length;
        if (this.#comparison.isOverBudget || slot >= partition.slots || partition.ids[slot]! < 0) return;
        if (!reaches(needed, sum, slot, bits, leftOut, without)) return;
        if (this.#bounds.admitsWith(slot, bits, bitsOf)) this.#comparison.compare(slot);
      },
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
      if (this.#comparison.has(slot)) continue;
      features.forEach(({ shift, mask }, f) => {
        counted[f] = Math.max(counted[f]!, (counts[slot]! >>> shift) & mask);
      });
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
  #leastSum(only: QueryFeature | undefined, unit: number, base: number): number {
    const threshold = this.#comparison.threshold;
    const least = base > 0 ? 0 : 1;
    if (!only) return Math.max(least, Math.ceil((threshold - base) / (unit * (1 + SLACK))));
    let sum = least;
    while (only.given + sum <= only.known && only.ceilings[only.given + sum]! < threshold) sum++;
    return sum;
  }

  /** Adds up what the lists are worth to the states in them, in new columns: one a bit. */
  #countedColumns(worths: readonly number[], matrix: ColumnMatrix, words: number): number[] {
    const { lists, listCount, owners, terms } = this.#query;
    const { postings } = this.#contents;
    if (listCount === 0) return [];
    let most = 0;
    for (let i = 0; i < listCount; i++) most += worths[owners[lists[i]!]!]!;
    const columns = Array.from({ length: 32 - Math.clz32(most) }, () => matrix.open(words));
    const planes = Int32Array.from(columns, (column) => matrix.offset(column));
    let used = 0;
    for (let i = 0; i < listCount; i++) {
      const term = terms[lists[i]!]!;
      const worth = worths[owners[lists[i]!]!]!;
      const start = postings.start(term);
      const end = start + postings.count(term);
      this.#comparison.work += end - start;
      for (let bit = 0; worth >>> bit !== 0; bit++) {
        if (((worth >>> bit) & 1) === 0) continue;
        used = Math.max(used, addList(postings.page(term), start, end, matrix.bits, planes, bit));
      }
    }
    for (const column of columns.splice(used)) matrix.close(column);
    return columns;
  }
}

/**
 * Adds 2^`low` to the sums of the slots in a list, which stand in planes of bits.
 *
 * @returns how many planes are in use
 */
function addList(
  list: Int32Array,
  from: number,
  to: number,
  bits: Int32Array,
  planes: Int32Array,
  low: number,
): number {
  let highest = low;
  for (let at = from; at < to; at++) {
    const slot = list[at]!;
    const word = slot >>> 5;
    const bit = 1 << slot;
    let plane = low;
    let sum = bits[planes[plane]! + word]!;
    bits[planes[plane]! + word] = sum ^ bit;
    while ((sum & bit) !== 0) {
      sum = bits[planes[++plane]! + word]!;
      bits[planes[plane]! + word] = sum ^ bit;
    }
    if (plane > highest) highest = plane;
  }
  return highest + 1;
}

/** Most that a further term adds to what a feature can be worth, on the average of any overlap up to the largest. */
function steepest({ ceilings, given }: QueryFeature, largest: number): number {
  let most = 0;
  for (let overlap = given + 1; overlap <= largest; overlap++) {
    most = Math.max(most, (ceilings[overlap]! - ceilings[given]!) / (overlap - given));
  }
  return most;
}

/** Does a slot have the sum that is needed, with the columns that were left out? */
function reaches(
  needed: number,
  counted: number,
  slot: number,
  bits: Int32Array,
  leftOut: readonly { readonly from: number; readonly weight: number }[],
  without: number,
): boolean {
  let sum = counted + without;
  for (let i = 0; i < leftOut.length && sum >= needed; i++) {
    const { from, weight } = leftOut[i]!;
    if (((bits[from + (slot >>> 5)]! >>> slot) & 1) === 0) sum -= weight;
  }
  return sum >= needed;
}

interface Part {
  readonly column: number;
  readonly weight: number;
  /** Of the states that have it. */
  readonly share: number;
}

/**
 * Takes the most common columns out of `parts` as long as the sum that is then still needed is one that hardly any
 * state reaches by chance: for these few states the bits are looked up one by one. At least 1 remains needed.
 */
function leaveOut(parts: Part[], needed: number): Part[] {
  parts.sort((a, b) => a.share - b.share);
  let mean = parts.reduce((sum, { weight, share }) => sum + weight * share, 0);
  let variance = parts.reduce((sum, { weight, share }) => sum + weight ** 2 * share * (1 - share), 0);
  const left: Part[] = [];
  let rest = needed;
  for (let part = parts.at(-1); part; part = parts.at(-1)) {
    mean -= part.weight * part.share;
    variance -= part.weight ** 2 * part.share * (1 - part.share);
    rest -= part.weight;
    if (rest < 1 || rest < mean + DEVIATIONS * Math.sqrt(Math.max(0, variance))) break;
    left.push(part);
    parts.pop();
  }
  return left;
}

/** Number of bits that are set. */
function ones(number: number): number {
  let count = 0;
  for (let rest = number; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** A bit for each state whose bag is empty. */
function fillEmptyBags(partition: Partition, sizes: Uint16Array | undefined, column: number): void {
  for (let slot = 0; slot < partition.slots; slot++) {
    if (partition.ids[slot]! >= 0 && !sizes?.[slot]) partition.columns.set(column, slot);
  }
}

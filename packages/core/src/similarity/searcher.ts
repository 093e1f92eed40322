import { jaccardOf, SIMILARITY_TOLERANCE } from "../similarity.js";
import type { Match, SearchOptions } from "../similarity-index.js";
import type { State } from "../state.js";
import { BitSlicedCounter } from "./bit-sliced-counter.js";
import type { ColumnMatrix } from "./column-matrix.js";
import { grown } from "./grown.js";
import type { IntegerPages } from "./integer-pages.js";
import { OverlapCounter } from "./overlap-counter.js";
import type { Partition, Schema } from "./partition.js";
import type { Postings } from "./postings.js";
import { Query, type QueryFeature } from "./query.js";
import type { Terms } from "./terms.js";
import { TopStates } from "./top-states.js";
import type { Vocabulary } from "./vocabulary.js";

/** Bounds are computed in another order than similarities: only a state that is below by more than rounding is out. */
const SLACK = 1e-9;
/** What it costs to compare one state, in entries of lists. */
const COMPARISON = 50;
/** Counts above this are taken for equal where the most promising states are looked for. */
const LEVELS = 64;

export interface Contents {
  readonly vocabulary: Vocabulary;
  readonly terms: Terms;
  readonly postings: Postings;
  readonly memory: IntegerPages;
}

/**
 * One search after the other over the same contents.
 *
 * 1. Lists of the query's terms are walked, the rarest first, and count the overlap of the states found in them, until
 *    a state found in none of them could not be among the best any more, whatever terms remain.
 * 2. A state found is a candidate while what was counted and all that remains could bring it among the best; further
 *    lists are walked as long as that excludes candidates for less than comparing them would cost.
 * 3. Where rare terms do not decide, the columns of the common terms are added up for all states at once.
 * 4. Candidates are compared, and every one that joins the best raises what the others must reach.
 */
export class Searcher {
  readonly #contents: Contents;
  readonly #query = new Query();
  readonly #overlaps = new OverlapCounter();
  readonly #common = new BitSlicedCounter();
  readonly #top = new TopStates();
  readonly #levels = new Int32Array(LEVELS);
  #partition: Partition | undefined;
  #floor = 0;
  #budget = 0;
  #work = 0;
  /** Lists walked so far. */
  #walked = 0;
  /** What the features that are empty in the query can add. */
  #empty = 0;
  /** 1 for the terms of the query. */
  #marks = new Uint8Array(0);
  /** A bit for each slot that was compared, and these slots. */
  #compared = new Int32Array(0);
  #comparedSlots = new Int32Array(64);
  #comparedCount = 0;
  /** The schema met last, and where in it each feature of the query stands. */
  #schema: Schema | undefined;
  #positions = new Int32Array(4);
  #shared = new Int32Array(4);

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** @returns the nearest states of the partition, or `undefined` when the budget was not enough */
  search(partition: Partition, state: State, options: SearchOptions): Match[] | undefined {
    this.#open(partition, state, options);
    const done = this.#run(partition);
    const found = done ? this.#top.take() : undefined;
    this.#close();
    return found;
  }

  #open(partition: Partition, state: State, options: SearchOptions): void {
    const { terms } = this.#contents;
    const query = this.#query;
    query.read(partition, state, options, this.#contents);
    this.#partition = partition;
    this.#top.reset(options.k);
    this.#floor = options.minSimilarity - SIMILARITY_TOLERANCE;
    this.#budget = options.budget;
    this.#work = query.size;
    this.#walked = 0;
    this.#overlaps.open(partition.slots);
    this.#marks = grown(Uint8Array, this.#marks, terms.limit);
    for (let i = 0; i < query.count; i++) this.#marks[query.terms[i]!] = 1;
    this.#compared = grown(Int32Array, this.#compared, (partition.slots + 31) >>> 5);
    this.#comparedCount = 0;
    this.#schema = undefined;
    this.#empty = 0;
    for (const { space, size, share } of query.features) {
      if (space) space.sizes = grown(Uint16Array, space.sizes, partition.slots);
      if (size === 0 && partition.count > (space?.filled ?? 0)) this.#empty += share;
    }
    this.#positions = grown(Int32Array, this.#positions, query.features.length);
  }

  #close(): void {
    const query = this.#query;
    for (let i = 0; i < query.count; i++) this.#marks[query.terms[i]!] = 0;
    for (let i = 0; i < this.#comparedCount; i++) this.#compared[this.#comparedSlots[i]! >>> 5] = 0;
    this.#overlaps.close();
    this.#partition = undefined;
    this.#schema = undefined;
  }

  /** @returns false when the budget was not enough */
  #run(partition: Partition): boolean {
    const query = this.#query;
    let checkpoint = 3;
    while (this.#walked < query.listCount && this.#unseenQualify()) {
      this.#walk(false);
      if (this.#work > this.#budget) return false;
      if (this.#walked === checkpoint) {
        checkpoint *= 2;
        this.#raise(32, Math.max(2, Math.ceil(this.#walked / 3)));
      }
    }
    if (this.#unseenQualify()) this.#raise(256, 1);
    this.#compareOutliers();
    if (this.#unseenQualify()) this.#scan(partition);
    else {
      const candidates = this.#narrow();
      const scan = ((query.columns.length + 3) * partition.slots) / 32;
      if (this.#walked === query.listCount && candidates * COMPARISON > scan) this.#scan(partition);
      else this.#compareCandidates(candidates);
    }
    this.#compareUnrelated(partition);
    return this.#work <= this.#budget;
  }

  /** What a state must reach to be among the best. */
  get #threshold(): number {
    return (this.#top.full ? Math.max(this.#floor, this.#top.similarity) : this.#floor) - SLACK;
  }

  /** Could a state be among the best that was found in none of the lists so far (and is not an outlier in size)? */
  #unseenQualify(): boolean {
    let bound = this.#empty;
    for (const { ceilings, remaining, share, floor, size } of this.#query.features) {
      const ceiling = ceilings[remaining]!;
      bound += ceiling;
      if (size > 0 && share > 0 && ceiling < share * (floor - SLACK)) return false;
    }
    return bound >= this.#threshold;
  }

  /** Most that the similarity of a state can be, by what was counted of it and by its sizes; −1 below a floor. */
  #bound(slot: number): number {
    const counts = this.#overlaps.counts[slot]!;
    let bound = 0;
    for (const feature of this.#query.features) {
      const { share, size, floor } = feature;
      const other = feature.space ? feature.space.sizes[slot]! : 0;
      const overlap = Math.min(
        ((counts >>> feature.shift) & feature.mask) + feature.remaining,
        feature.known,
        other,
      );
      const jaccard = jaccardOf(overlap, size, other);
      if (jaccard < floor - SLACK) return -1;
      bound += share * jaccard;
    }
    return bound;
  }

  #walk(again: boolean): void {
    const { postings } = this.#contents;
    const at = this.#query.lists[this.#walked++]!;
    const term = this.#query.terms[at]!;
    const feature = this.#query.features[this.#query.owners[at]!]!;
    const start = postings.start(term);
    const end = start + postings.count(term);
    const increment = 1 << feature.shift;
    if (again) this.#overlaps.walkAgain(postings.page(term), start, end, increment);
    else this.#overlaps.walk(postings.page(term), start, end, increment);
    feature.remaining--;
    this.#work += end - start;
  }

  /** Compares the most promising states, so that the others have more to reach. It changes no result. */
  #raise(limit: number, least: number): void {
    const { counts, touched, size } = this.#overlaps;
    const levels = this.#levels.fill(0);
    for (let i = 0; i < size; i++) levels[this.#level(counts[touched[i]!]!)]!++;
    let level = LEVELS - 1;
    for (let sum = levels[level]!; level > least && sum + levels[level - 1]! <= limit; )
      sum += levels[--level]!;
    while (level > least && levels[level] === 0) level--;
    let left = limit;
    for (let i = 0; i < size && left > 0; i++) {
      const slot = touched[i]!;
      if (this.#level(counts[slot]!) < level || this.#wasCompared(slot)) continue;
      if (this.#bound(slot) < this.#threshold) continue;
      this.#compare(slot);
      left--;
    }
  }

  /** Number of terms counted, over all features. */
  #level(counts: number): number {
    let sum = 0;
    let last = -1;
    for (const { shift, mask } of this.#query.features) {
      if (shift === last || mask === 0) continue;
      last = shift;
      sum += (counts >>> shift) & mask;
    }
    return Math.min(sum, LEVELS - 1);
  }

  /** Bags smaller than what {@link #unseenQualify} supposes are few: they are looked at here. */
  #compareOutliers(): void {
    const { terms, postings } = this.#contents;
    for (const { space, least, share } of this.#query.features) {
      if (!space || share === 0) continue;
      for (let size = 1; size < least; size++) {
        if (space.histogram[size] === 0) continue;
        const term = terms.find(space.sizeSpace, size);
        const page = postings.page(term);
        const start = postings.start(term);
        const end = start + postings.count(term);
        for (let at = start; at < end; at++) {
          const slot = page[at]!;
          if (this.#bound(slot) >= this.#threshold) this.#compare(slot);
        }
      }
    }
  }

  /** @returns the number of candidates, which then stand first among the states found */
  #narrow(): number {
    const query = this.#query;
    let candidates = this.#filter(this.#overlaps.size);
    while (
      this.#walked < query.listCount &&
      candidates * COMPARISON > this.#contents.postings.count(query.terms[query.lists[this.#walked]!]!)
    ) {
      this.#walk(true);
      candidates = this.#filter(candidates);
    }
    return candidates;
  }

  #filter(candidates: number): number {
    const { touched, counts } = this.#overlaps;
    const only = this.#query.features.length === 1 ? this.#query.features[0]! : undefined;
    let kept = 0;
    const keep = (i: number) => {
      const slot = touched[i]!;
      touched[i] = touched[kept]!;
      touched[kept++] = slot;
    };
    if (only?.space && only.floor === 0) {
      // J ≥ θ, with o shared of q and n tokens, is o ≥ θ / (1 + θ) · (q + n).
      const threshold = this.#threshold;
      const ratio = threshold / (1 + threshold);
      const { size, remaining } = only;
      const { sizes } = only.space;
      for (let i = 0; i < candidates; i++) {
        const slot = touched[i]!;
        const other = sizes[slot]!;
        if (Math.min(counts[slot]! + remaining, other) >= ratio * (size + other) - SLACK) keep(i);
      }
    } else {
      const threshold = this.#threshold;
      for (let i = 0; i < candidates; i++) if (this.#bound(touched[i]!) >= threshold) keep(i);
    }
    return kept;
  }

  #compareCandidates(candidates: number): void {
    const { touched } = this.#overlaps;
    for (let i = 0; i < candidates && this.#work <= this.#budget; i++) {
      const slot = touched[i]!;
      if (this.#bound(slot) >= this.#threshold) this.#compare(slot);
    }
  }

  /** Adds up the columns of the common terms, and what was counted in lists as further columns. */
  #scan(partition: Partition): void {
    const { features, columns: common, owners, terms } = this.#query;
    const { columns: matrix } = partition;
    const words = (partition.slots + 31) >>> 5;
    matrix.fit(words);
    const { worths, unit } = this.#worths(partition);
    const columns = common.map((at) => this.#contents.postings.column(terms[at]!));
    const weights = common.map((at) => worths[owners[at]!]!);
    const scratch: number[] = [];
    features.forEach(({ size, share, space }, i) => {
      if (size > 0 || share === 0) return;
      const column = matrix.open(words);
      fillEmptyBags(partition, space?.sizes, column);
      scratch.push(column);
      columns.push(column);
      weights.push(worths[i]!);
    });
    this.#countedColumns(worths, matrix, words).forEach((column, bit) => {
      scratch.push(column);
      columns.push(column);
      weights.push(2 ** bit);
    });
    this.#work += columns.length * words;
    if (this.#work <= this.#budget && columns.length > 0) {
      const only = features.length === 1 && features[0]!.size > 0 ? features[0]! : undefined;
      this.#common.scan(
        {
          bits: matrix.bits,
          offsets: columns.map((column) => matrix.offset(column)),
          weights,
          words,
          empty: matrix.offset(0),
        },
        () => (this.#work > this.#budget ? Number.POSITIVE_INFINITY : this.#leastSum(only, unit)),
        (slot, sum) => {
          if (only?.space) {
            const other = only.space.sizes[slot]!;
            if (jaccardOf(Math.min(sum, other), only.size, other) < this.#threshold) return;
          }
          if (this.#work <= this.#budget) this.#compare(slot);
        },
      );
    }
    for (const column of scratch) matrix.close(column);
  }

  /**
   * An integer for each feature, and a unit, such that the similarity of any state that matters is at most the unit
   * times the sum of these integers over the terms it shares. `J = o / (q + n − o)` grows faster than o, so the worth
   * of a term is that at the largest overlap which a state that was not compared can have.
   */
  #worths(partition: Partition): { worths: number[]; unit: number } {
    const { features } = this.#query;
    const { counts, touched, size } = this.#overlaps;
    const counted = new Int32Array(features.length);
    for (let i = 0; i < size; i++) {
      const slot = touched[i]!;
      if (this.#wasCompared(slot)) continue;
      features.forEach(({ shift, mask }, f) => {
        counted[f] = Math.max(counted[f]!, (counts[slot]! >>> shift) & mask);
      });
    }
    const values = features.map((feature, f) => {
      if (feature.size === 0) return partition.count > (feature.space?.filled ?? 0) ? feature.share : 0;
      const overlap = Math.min(feature.known, feature.remaining + counted[f]!);
      return overlap === 0 ? 0 : feature.ceilings[overlap]! / overlap;
    });
    const largest = Math.max(...values);
    if (largest === 0) return { worths: values.map(() => 1), unit: 1 };
    let best = { worths: [] as number[], unit: 0, error: Number.POSITIVE_INFINITY };
    for (let steps = 1; steps <= 8; steps++) {
      const unit = largest / steps;
      const worths = values.map((value) => Math.max(1, Math.ceil(value / unit - SLACK)));
      const error = Math.max(...values.map((value, f) => (value === 0 ? 0 : (worths[f]! * unit) / value)));
      if (error < best.error * 0.97) best = { worths, unit, error };
    }
    return best;
  }

  #leastSum(only: QueryFeature | undefined, unit: number): number {
    const threshold = this.#threshold;
    if (!only) return Math.max(1, Math.ceil(threshold / (unit * (1 + SLACK))));
    let sum = 1;
    while (sum <= only.known && only.ceilings[sum]! < threshold) sum++;
    return sum;
  }

  /** Writes what each state was found to be worth into new columns, one a bit. */
  #countedColumns(worths: readonly number[], matrix: ColumnMatrix, words: number): number[] {
    const { features } = this.#query;
    const { counts, touched, size } = this.#overlaps;
    const counted = features.filter(({ mask }) => mask > 0);
    const shared = new Set(counted.map(({ shift }) => shift)).size === 1;
    const largest = Math.max(0, ...counted.map((feature) => worths[features.indexOf(feature)]!));
    const columns: number[] = [];
    for (let i = 0; i < size; i++) {
      const slot = touched[i]!;
      if (this.#wasCompared(slot)) continue;
      let worth = 0;
      if (shared) worth = counts[slot]! * largest;
      else {
        for (let f = 0; f < features.length; f++) {
          worth += ((counts[slot]! >>> features[f]!.shift) & features[f]!.mask) * worths[f]!;
        }
      }
      for (let rest = worth; rest !== 0; rest &= rest - 1) {
        const bit = 31 - Math.clz32(rest & -rest);
        while (columns.length <= bit) columns.push(matrix.open(words));
        matrix.set(columns[bit]!, slot);
      }
    }
    return columns;
  }

  /** With no floor, states that share nothing with the query stand behind all others, the newest first. */
  #compareUnrelated(partition: Partition): void {
    if (this.#floor > 0 || (this.#top.full && this.#top.similarity > 0)) return;
    if (this.#query.features.some(({ share, floor }) => share > 0 && floor > SIMILARITY_TOLERANCE)) return;
    this.#work += partition.slots >>> 5;
    for (let slot = partition.slots - 1; slot >= 0 && this.#work <= this.#budget; slot--) {
      const id = partition.ids[slot]!;
      if (id >= 0 && this.#top.admits(0, partition.recencies[slot]!, id)) this.#compare(slot);
    }
  }

  #wasCompared(slot: number): boolean {
    return ((this.#compared[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  /** Computes the similarity of a state and offers it to the best. */
  #compare(slot: number): void {
    if (this.#wasCompared(slot)) return;
    this.#compared[slot >>> 5]! |= 1 << slot;
    this.#comparedSlots = grown(Int32Array, this.#comparedSlots, this.#comparedCount + 1);
    this.#comparedSlots[this.#comparedCount++] = slot;
    const partition = this.#partition!;
    const address = partition.addresses[slot]!;
    const { memory } = this.#contents;
    const page = memory.pages[memory.page(address)]!;
    const head = memory.offset(address);
    const schema = partition.schemas[page[head]!]!;
    if (schema !== this.#schema) this.#locate(schema);
    const shared = this.#shared;
    const parts = schema.features.length;
    let at = head + 1 + parts;
    for (let part = 0; part < parts; part++) {
      const end = at + page[head + 1 + part]!;
      shared[part] = countMarked(page, at, end, this.#marks);
      at = end;
    }
    this.#work += at - head;
    const { features, weights } = this.#query;
    let sum = 0;
    for (let f = 0; f < features.length; f++) {
      const { size, weight, floor } = features[f]!;
      const part = this.#positions[f]!;
      const similar =
        part < 0 ? jaccardOf(0, size, 0) : jaccardOf(shared[part]!, size, page[head + 1 + part]!);
      if (similar < floor - SIMILARITY_TOLERANCE) return;
      sum += weight * similar;
    }
    const similarity = sum / weights;
    if (similarity >= this.#floor)
      this.#top.offer(similarity, partition.recencies[slot]!, partition.ids[slot]!);
  }

  #locate(schema: Schema): void {
    this.#schema = schema;
    this.#shared = grown(Int32Array, this.#shared, schema.features.length);
    this.#query.features.forEach(({ space }, f) => {
      this.#positions[f] = space ? schema.features.indexOf(space) : -1;
    });
  }
}

function countMarked(page: Int32Array, from: number, to: number, marks: Uint8Array): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += marks[page[at]!]!;
  return sum;
}

/** A bit for each state whose bag is empty. */
function fillEmptyBags(partition: Partition, sizes: Uint16Array | undefined, column: number): void {
  for (let slot = 0; slot < partition.slots; slot++) {
    if (partition.ids[slot]! >= 0 && !sizes?.[slot]) partition.columns.set(column, slot);
  }
}

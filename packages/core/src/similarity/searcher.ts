import { jaccardOf, SIMILARITY_TOLERANCE } from "../similarity.js";
import type { Match, SearchOptions } from "../similarity-index.js";
import type { State } from "../state.js";
import { CommonTerms } from "./common-terms.js";
import { Comparison, SLACK } from "./comparison.js";
import type { Contents } from "./contents.js";
import { grown } from "./grown.js";
import { OverlapCounter } from "./overlap-counter.js";
import type { Partition } from "./partition.js";
import { Query } from "./query.js";

/** What it costs to compare one state, in entries of lists. */
const COMPARISON = 50;
/** With more candidates than this, the most promising are compared first. */
const MANY = 64;
/** What it costs to look at one state that was found, in entries of lists. */
const LOOK = 3;
/** What it costs to walk one bit of a column like a list, and to add up one word of a column; likewise. */
const BIT = 2;
const COLUMN_WORD = 0.5;
/** Counts above this are taken for equal where the most promising states are looked for. */
const LEVELS = 64;

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
  readonly #comparison: Comparison;
  readonly #common: CommonTerms;
  readonly #levels = new Int32Array(LEVELS);
  /** Lists walked so far. */
  #walked = 0;
  /** What the features that are empty in the query can add. */
  #empty = 0;

  constructor(contents: Contents) {
    this.#contents = contents;
    this.#comparison = new Comparison(contents, this.#query);
    this.#common = new CommonTerms(contents, this.#query, this.#overlaps, this.#comparison);
  }

  /** @returns the nearest states of the partition, or `undefined` when the budget was not enough */
  search(partition: Partition, state: State, options: SearchOptions): Match[] | undefined {
    this.#open(partition, state, options);
    const done = this.#run(partition);
    const found = done ? this.#comparison.top.take() : undefined;
    this.#close();
    return found;
  }

  #open(partition: Partition, state: State, options: SearchOptions): void {
    const query = this.#query;
    query.read(partition, state, options, this.#contents);
    this.#comparison.open(partition, options);
    this.#overlaps.open(partition.slots, query.countBits, query.countUnits);
    this.#walked = 0;
    this.#empty = 0;
    for (const { space, size, share } of query.features) {
      if (space) space.sizes = grown(Uint16Array, space.sizes, partition.slots);
      if (size === 0 && partition.count > (space?.filled ?? 0)) this.#empty += share;
    }
  }

  #close(): void {
    this.#comparison.close();
    this.#overlaps.close();
  }

  /** @returns false when the budget was not enough */
  #run(partition: Partition): boolean {
    const query = this.#query;
    let checkpoint = 3;
    while (this.#walked < query.listCount && this.#qualifies(0)) {
      this.#walk(false);
      if (this.#comparison.isOverBudget) return false;
      if (this.#walked === checkpoint) {
        checkpoint *= 2;
        this.#raise(32, Math.max(2, Math.ceil(this.#walked / 3)));
      }
    }
    if (this.#qualifies(0)) this.#raise(256, 2);
    if (this.#qualifies(0)) this.#walkColumns(partition);
    this.#compareOutliers();
    if (this.#qualifies(0)) this.#common.scan(partition);
    else this.#compareFound(partition);
    this.#compareUnrelated(partition);
    return !this.#comparison.isOverBudget;
  }

  /** Walks the rarest columns like lists, if with a few of them the others need not be added up. */
  #walkColumns(partition: Partition): void {
    const { columns, features, owners, terms } = this.#query;
    const { postings } = this.#contents;
    const owner = (i: number) => features[owners[columns[i]!]!]!;
    let enough = 0;
    let cost = 0;
    while (enough < columns.length && this.#qualifies(0)) {
      owner(enough).remaining--;
      cost += postings.count(terms[columns[enough++]!]!) * BIT;
    }
    const isEnough = !this.#qualifies(0);
    for (let i = 0; i < enough; i++) owner(i).remaining++;
    if (!isEnough || cost > this.#scanCost(partition)) return;
    const words = (partition.slots + 31) >>> 5;
    partition.columns.fit(words);
    for (let i = 0; i < enough; i++) {
      const from = partition.columns.offset(postings.column(terms[columns[i]!]!));
      this.#overlaps.walkColumn(partition.columns.bits, from, words, 1 << owner(i).shift);
      owner(i).remaining--;
      this.#comparison.work += words + postings.count(terms[columns[i]!]!);
    }
    columns.splice(0, enough);
  }

  /** What it costs to add up all columns, in entries of lists. */
  #scanCost(partition: Partition): number {
    return (this.#query.columns.length + 4) * (partition.slots / 32) * COLUMN_WORD;
  }

  /** Could a state be among the best that was found in so few of the lists (0 or 1), and is no outlier in size? */
  #qualifies(found: 0 | 1): boolean {
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
    this.#comparison.work += end - start;
  }

  /**
   * Compares the most promising states, at most so many and each found in so many lists (2 at least), so that the
   * others have more to reach. It changes no result.
   */
  #raise(limit: number, least: number): void {
    const { counts, twice, twiceSize } = this.#overlaps;
    const levels = this.#levels.fill(0);
    for (let i = 0; i < twiceSize; i++) levels[this.#level(counts[twice[i]!]!)]!++;
    let level = LEVELS - 1;
    for (let sum = levels[level]!; level > least && sum + levels[level - 1]! <= limit; )
      sum += levels[--level]!;
    while (level > least && levels[level] === 0) level--;
    let left = limit;
    for (let i = 0; i < twiceSize && left > 0; i++) {
      const slot = twice[i]!;
      if (this.#level(counts[slot]!) < level || this.#comparison.has(slot)) continue;
      if (this.#bound(slot) < this.#comparison.threshold) continue;
      this.#comparison.compare(slot);
      left--;
    }
  }

  /** Number of terms counted, over all features. */
  #level(counts: number): number {
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
          if (this.#bound(slot) >= this.#comparison.threshold) this.#comparison.compare(slot);
        }
      }
    }
  }

  /** Compares what was found and could be among the best. */
  #compareFound(partition: Partition): void {
    const query = this.#query;
    const overlaps = this.#overlaps;
    // With a list or two more, states that were found once are out, without a look at each of them.
    while (
      this.#qualifies(1) &&
      this.#walked < query.listCount &&
      this.#nextLength() < overlaps.size * LOOK &&
      !this.#comparison.isOverBudget
    ) {
      this.#walk(true);
    }
    const slots = this.#qualifies(1) ? overlaps.touched : overlaps.twice;
    let candidates = this.#filter(slots, slots === overlaps.twice ? overlaps.twiceSize : overlaps.size);
    for (let round = 0; ; round++) {
      if (candidates > MANY && round % 4 === 0) {
        this.#raise(MANY / 4, 2);
        candidates = this.#filter(slots, candidates);
      }
      const isWorth = this.#walked < query.listCount && candidates * COMPARISON > this.#nextLength();
      if (!isWorth || this.#comparison.isOverBudget) break;
      this.#walk(true);
      candidates = this.#filter(slots, candidates);
    }
    const isLast = this.#walked === query.listCount;
    if (isLast && candidates * COMPARISON > this.#scanCost(partition)) this.#common.scan(partition);
    else this.#compareCandidates(slots, candidates);
  }

  /** Number of states in the list that is next. */
  #nextLength(): number {
    const query = this.#query;
    return this.#contents.postings.count(query.terms[query.lists[this.#walked]!]!);
  }

  /** Moves the slots that could be among the best to the front. @returns how many these are */
  #filter(slots: Int32Array, size: number): number {
    const { counts } = this.#overlaps;
    const threshold = this.#comparison.threshold;
    const only = this.#query.features.length === 1 ? this.#query.features[0]! : undefined;
    let kept = 0;
    if (!only?.space || only.floor > 0) {
      for (let i = 0; i < size; i++) {
        const slot = slots[i]!;
        if (this.#bound(slot) < threshold) continue;
        slots[i] = slots[kept]!;
        slots[kept++] = slot;
      }
      return kept;
    }
    // J ≥ θ, with o shared of q and n tokens, is o ≥ θ / (1 + θ) · (q + n).
    const ratio = threshold / (1 + threshold);
    const { size: own, remaining } = only;
    const { sizes } = only.space;
    for (let i = 0; i < size; i++) {
      const slot = slots[i]!;
      const other = sizes[slot]!;
      if (Math.min(counts[slot]! + remaining, other) < ratio * (own + other) - SLACK) continue;
      slots[i] = slots[kept]!;
      slots[kept++] = slot;
    }
    return kept;
  }

  #compareCandidates(slots: Int32Array, candidates: number): void {
    for (let i = 0; i < candidates && !this.#comparison.isOverBudget; i++) {
      const slot = slots[i]!;
      if (this.#bound(slot) >= this.#comparison.threshold) this.#comparison.compare(slot);
    }
  }

  /** With no floor, states that share nothing with the query stand behind all others, the newest first. */
  #compareUnrelated(partition: Partition): void {
    if (this.#comparison.floor > 0 || (this.#comparison.top.full && this.#comparison.top.similarity > 0))
      return;
    if (this.#query.features.some(({ share, floor }) => share > 0 && floor > SIMILARITY_TOLERANCE)) return;
    this.#comparison.work += partition.slots >>> 5;
    for (let slot = partition.slots - 1; slot >= 0 && !this.#comparison.isOverBudget; slot--) {
      const id = partition.ids[slot]!;
      if (id >= 0 && this.#comparison.top.admits(0, partition.recencies[slot]!, id))
        this.#comparison.compare(slot);
    }
  }
}

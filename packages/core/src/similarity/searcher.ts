import { SIMILARITY_TOLERANCE } from "../similarity.js";
import type { Match, SearchOptions } from "../similarity-index.js";
import type { State } from "../state.js";
import { Bounds, LEVELS } from "./bounds.js";
import { CommonTerms } from "./common-terms.js";
import { Comparison } from "./comparison.js";
import type { Contents } from "./contents.js";
import { type CountedColumn, OverlapCounter } from "./overlap-counter.js";
import type { Partition } from "./partition.js";
import { Query } from "./query.js";

/** What it costs to compare one state, in entries of lists. */
const COMPARISON = 15;
/** With no more candidates than this, they are compared without further ado. */
const FEW = 16;
/** Columns that are looked up before candidates are looked at again. */
const COLUMNS_AT_ONCE = 4;
/** States that are fetched from memory at a time. */
const BATCH = 16;
/** With more candidates than this, the most promising are compared first. */
const MANY = 64;
/** What it costs to look at one state that was found, in entries of lists. */
const LOOK = 3;
/** Likewise to mark a slot, to unite a word of a column with others, and to look a bit of a column up. */
const MARK = 0.25;
const COLUMN_WORD = 0.25;
const COLUMN_BIT = 0.5;
/** Likewise to add up an entry of a list, and a word of a column. */
const SUMMED = 1.5;
const SUMMED_WORD = { simd: 0.15, plain: 0.7 };

/**
 * One search after the other over the same contents.
 *
 * 1. Lists of the query's terms are walked, the rarest first, and count the overlap of the states found in them, until
 *    a state found in none of them could not be among the best any more, whatever terms remain.
 * 2. A state found is a candidate while what was counted and all that remains could bring it among the best; further
 *    lists, and columns bit by bit, are counted for candidates as long as that costs less than comparing them.
 * 3. Where rare terms do not decide, the columns of the common terms are added up for all states at once.
 * 4. Candidates are compared, and every one that joins the best raises what the others must reach.
 */
export class Searcher {
  readonly #contents: Contents;
  readonly #query = new Query();
  readonly #overlaps = new OverlapCounter();
  readonly #comparison: Comparison;
  readonly #common: CommonTerms;
  readonly #bounds: Bounds;
  readonly #levels = new Int32Array(LEVELS);
  /** Lists walked so far. */
  #walked = 0;
  /** Once columns were counted for some states alone, they cannot be added up for all any more. */
  #isColumnTaken = false;

  constructor(contents: Contents) {
    this.#contents = contents;
    this.#comparison = new Comparison(contents, this.#query);
    this.#bounds = new Bounds(this.#query, this.#overlaps, this.#comparison);
    this.#common = new CommonTerms(contents, this.#query, this.#overlaps, this.#comparison, this.#bounds);
  }

  /** @returns the nearest states of the partition, or `undefined` when the budget was not enough */
  search(partition: Partition, state: State, options: SearchOptions): Match[] | undefined {
    this.#contents.list(partition);
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
    this.#isColumnTaken = false;
    this.#bounds.open(partition);
  }

  #close(): void {
    this.#comparison.close();
    this.#overlaps.close();
  }

  /** @returns false when the budget was not enough */
  #run(partition: Partition): boolean {
    const query = this.#query;
    let checkpoint = 3;
    while (this.#walked < query.listCount && this.#bounds.qualifies(0)) {
      this.#walk(false);
      if (this.#comparison.isOverBudget) return false;
      if (this.#walked === checkpoint) {
        checkpoint *= 2;
        this.#raiseAmongTwice(32, Math.max(2, Math.ceil(this.#walked / 3)));
      }
    }
    if (this.#bounds.qualifies(0)) this.#raiseAmongTwice(32, 2);
    // Before columns are counted: a bag that is in one of them alone then counts as not found, which is too little for these.
    this.#compareOutliers();
    if (this.#bounds.qualifies(0)) this.#walkColumns(partition, false);
    if (this.#bounds.qualifies(0)) this.#common.scan(partition);
    else this.#compareFound(partition);
    this.#compareUnrelated(partition);
    return !this.#comparison.isOverBudget;
  }

  /**
   * Counts so many of the rarest columns that a state found once could not be among the best any more, if that is
   * possible and costs less than to add up all columns.
   *
   * @param again only for states that were found before, since the others could not be among the best in any case
   */
  #walkColumns(partition: Partition, again: boolean): void {
    const { columns, features, owners, terms } = this.#query;
    const { postings } = this.#contents;
    const owner = (i: number) => features[owners[columns[i]!]!]!;
    let enough = 0;
    let share = 0;
    while (enough < columns.length && this.#bounds.qualifies(1)) {
      owner(enough).remaining--;
      share += postings.count(terms[columns[enough++]!]!) / partition.slots;
    }
    const isEnough = !this.#bounds.qualifies(1);
    for (let i = 0; i < enough; i++) owner(i).remaining++;
    const words = (partition.slots + 31) >>> 5;
    const { entries } = this.#overlaps;
    const met = entries * Math.min(1, share) + (again ? 0 : partition.slots * Math.min(1, share ** 2 / 2));
    const cost = entries * MARK + enough * words * COLUMN_WORD + met * (LOOK + columns.length * COLUMN_BIT);
    if (!isEnough || cost > this.#scanCost(partition)) return;

    const { columns: matrix } = partition;
    matrix.fit(words);
    this.#overlaps.walkColumns(matrix, this.#takeColumns(enough), words, again);
    this.#comparison.work += entries + enough * words;
  }

  /** What it costs to add up all lists and columns, in entries of lists. */
  #scanCost({ columns, slots }: Partition): number {
    const { columns: own, lists, listCount, terms } = this.#query;
    const { postings } = this.#contents;
    let entries = 0;
    for (let i = 0; i < listCount; i++) entries += postings.count(terms[lists[i]!]!);
    const word = columns.simd ? SUMMED_WORD.simd : SUMMED_WORD.plain;
    return entries * SUMMED + (own.length + 4) * (slots / 32) * word;
  }

  #walk(again: boolean): void {
    const { postings } = this.#contents;
    const at = this.#query.lists[this.#walked++]!;
    const term = this.#query.terms[at]!;
    const owner = this.#query.owners[at]!;
    const feature = this.#query.features[owner]!;
    const from = postings.start(term);
    const list = { page: postings.page(term), from, to: from + postings.count(term), owner };
    if (again) this.#overlaps.walkAgain(list, 1 << feature.shift);
    else this.#overlaps.walk(list, 1 << feature.shift);
    feature.remaining--;
    this.#comparison.work += list.to - from;
  }

  #raiseAmongTwice(limit: number, least: number): void {
    this.#raise(this.#overlaps.twice, this.#overlaps.twiceSize, limit, least);
  }

  /**
   * Compares the most promising of some states, at most so many and each found in so many lists (2 at least), so that
   * the others have more to reach. It changes no result.
   */
  #raise(slots: Int32Array, size: number, limit: number, least: number): void {
    const { counts } = this.#overlaps;
    const levels = this.#levels.fill(0);
    for (let i = 0; i < size; i++) levels[this.#bounds.level(counts[slots[i]!]!)]!++;
    let level = LEVELS - 1;
    for (let sum = levels[level]!; level > least && sum + levels[level - 1]! <= limit; )
      sum += levels[--level]!;
    while (level > least && levels[level] === 0) level--;
    let left = limit;
    for (let i = 0; i < size && left > 0; i++) {
      const slot = slots[i]!;
      if (this.#bounds.level(counts[slot]!) < level || this.#comparison.has(slot)) continue;
      if (!this.#bounds.admits(slot)) continue;
      this.#comparison.compare(slot);
      left--;
    }
  }

  /** Bags smaller than what {@link Bounds.qualifies} supposes are few: they are looked at here. */
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
          if (this.#bounds.admits(slot)) this.#comparison.compare(slot);
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
      this.#walked < query.listCount &&
      this.#bounds.qualifies(1) &&
      this.#nextLength() < overlaps.entries * LOOK &&
      !this.#comparison.isOverBudget
    ) {
      this.#walk(true);
    }
    if (this.#walked === query.listCount && this.#bounds.qualifies(1)) this.#walkColumns(partition, true);
    const slots = this.#bounds.qualifies(1) ? overlaps.found() : overlaps.twice;
    let candidates = this.#bounds.keepAdmitted(
      slots,
      slots === overlaps.twice ? overlaps.twiceSize : slots.length,
    );
    for (let round = 0; candidates > FEW && !this.#comparison.isOverBudget; round++) {
      if (candidates > MANY && round % 4 === 0) {
        this.#raise(slots, candidates, MANY / 4, 2);
        candidates = this.#bounds.keepAdmitted(slots, candidates);
      }
      const hasList = this.#walked < query.listCount;
      const isShort = hasList && this.#nextLength() < candidates * COMPARISON;
      if (!this.#isColumnTaken && candidates * COMPARISON > this.#scanCost(partition) && !isShort) break;
      if (hasList && this.#nextLength() < candidates * LOOK) this.#walk(true);
      else if (query.columns.length > 0) {
        this.#lookUpColumns(slots, candidates, partition);
      } else if (isShort) this.#walk(true);
      else break;
      candidates = this.#bounds.keepAdmitted(slots, candidates);
    }
    const isLast = this.#walked === query.listCount;
    if (!this.#isColumnTaken && isLast && candidates * COMPARISON > this.#scanCost(partition))
      this.#common.scan(partition);
    else this.#compareCandidates(slots, candidates);
  }

  /** Counts the rarest columns for the candidates alone. */
  #lookUpColumns(slots: Int32Array, candidates: number, { columns: matrix, slots: all }: Partition): void {
    const { columns } = this.#query;
    matrix.fit((all + 31) >>> 5);
    const count = Math.min(COLUMNS_AT_ONCE, columns.length);
    this.#overlaps.lookUp(slots, candidates, matrix, this.#takeColumns(count));
    this.#comparison.work += candidates * count;
  }

  /** The next columns, which are about to be counted. */
  #takeColumns(count: number): CountedColumn[] {
    const { columns, features, owners, terms } = this.#query;
    this.#isColumnTaken = true;
    return columns.splice(0, count).map((at) => {
      const feature = features[owners[at]!]!;
      feature.remaining--;
      return { column: this.#contents.postings.column(terms[at]!), increment: 1 << feature.shift };
    });
  }

  /** Number of states in the list that is next. */
  #nextLength(): number {
    const query = this.#query;
    return this.#contents.postings.count(query.terms[query.lists[this.#walked]!]!);
  }

  #compareCandidates(slots: Int32Array, candidates: number): void {
    for (let from = 0; from < candidates && !this.#comparison.isOverBudget; from += BATCH) {
      const to = Math.min(from + BATCH, candidates);
      this.#comparison.fetch(slots, from, to);
      for (let i = from; i < to; i++) {
        const slot = slots[i]!;
        if (this.#bounds.admits(slot)) this.#comparison.compare(slot);
      }
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

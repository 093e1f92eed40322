import type { SearchOptions } from "../similarity-index.js";
import type { State } from "../state.js";
import type { Contents } from "./contents.js";
import { grown } from "./grown.js";
import type { FeatureSpace, Partition } from "./partition.js";
import type { Postings } from "./postings.js";
import type { Terms } from "./terms.js";
import type { Vocabulary } from "./vocabulary.js";

/** Most states that are left out when the smallest usual bag is looked for; lists below this are never columns. */
const MOST_OUTLIERS = 255;
/** Bits of the counts of one slot over all features. */
const COUNT_BITS = 31;

/** A feature of the query state, with what bounds the similarity that any stored state can have in it. */
export interface QueryFeature {
  readonly name: string;
  readonly weight: number;
  /** `w_f / Σ w`. */
  readonly share: number;
  /** Least Jaccard similarity of this feature. */
  readonly floor: number;
  /** Number of tokens, repeats included. */
  readonly size: number;
  /** `undefined` when no state of the partition has the feature. */
  readonly space: FeatureSpace | undefined;
  /** Number of its terms that some state has: no overlap is larger. */
  known: number;
  /** Number of its terms that every state of the partition has: these are in no list and in no column of the query. */
  given: number;
  /** Number of its terms that have not been counted yet, those that are given included. */
  remaining: number;
  /** No bag is smaller than this, but for a few outliers and empty ones. */
  least: number;
  /** Where its count stands among the counts of a slot. */
  shift: number;
  mask: number;
  /**
   * By overlap, the most that it can add to the similarity of a state whose bag is not an outlier: a bag of n tokens
   * that shares o with a query of q has `J = o / (q + n − o)`, which falls with n, and n is at least o and `least`.
   */
  ceilings: Float64Array;
}

/** A query state as the terms that some stored state has, the lists to be walked first in front. */
export class Query {
  features: QueryFeature[] = [];
  weights = 0;
  /** Bits of the counts of one slot, and the lowest bit of each of these counts. */
  countBits = 0;
  countUnits = 1;
  /** Tokens of all features. */
  size = 0;
  /** All known terms, for marking: they stand in the first {@link count} places. */
  terms = new Int32Array(64);
  /** Index of each term's feature. */
  owners = new Int32Array(64);
  count = 0;
  /** Places of the terms that have lists, in the order in which they are walked. */
  lists = new Float64Array(64);
  listCount = 0;
  /** Places of the terms that have columns, the rarest first. */
  readonly columns: number[] = [];
  #numbers = new Int32Array(64);

  read(
    partition: Partition,
    state: State,
    { minFeatureSimilarity = {} }: SearchOptions,
    { vocabulary, terms, postings }: Contents,
  ): void {
    const entries = Object.entries(state.features);
    this.weights = entries.reduce((sum, [, { weight }]) => sum + weight, 0);
    this.count = 0;
    this.size = 0;
    this.features = entries.map(([name, { tokens, weight }], owner) => {
      const space = partition.features.get(name);
      const first = this.count;
      if (space) this.#find(tokens, owner, space, vocabulary, terms);
      this.size += tokens.length;
      const known = this.count - first;
      const share = weight / this.weights;
      const least = space && share > 0 ? leastSize(space) : 0;
      return {
        name,
        weight,
        share,
        floor: Object.hasOwn(minFeatureSimilarity, name) ? minFeatureSimilarity[name]! : 0,
        size: tokens.length,
        space,
        known,
        given: 0,
        remaining: known,
        least,
        shift: 0,
        mask: 0,
        ceilings: ceilingsOf(share, tokens.length, least, known),
      };
    });
    this.#order(postings, partition);
    this.#layOut();
  }

  /** The terms of one bag that are known; a token that stands twice is looked up as its second occurrence, too. */
  #find(
    tokens: readonly string[],
    owner: number,
    feature: FeatureSpace,
    vocabulary: Vocabulary,
    terms: Terms,
  ): void {
    this.#numbers = grown(Int32Array, this.#numbers, tokens.length);
    this.terms = grown(Int32Array, this.terms, this.count + tokens.length);
    this.owners = grown(Int32Array, this.owners, this.count + tokens.length);
    const numbers = this.#numbers;
    vocabulary.find(tokens, numbers);
    terms.readBag(numbers, tokens.length, feature.spaces, numbers, 0);
    for (let i = 0; i < tokens.length; i++) {
      if (numbers[i]! < 0) continue;
      this.terms[this.count] = numbers[i]!;
      this.owners[this.count++] = owner;
    }
  }

  /** Gives each feature its own bits of a slot's counts; if they are too many for that, all share one count. */
  #layOut(): void {
    const counted = this.features.filter(({ share, known, given }) => share > 0 && known > given);
    const widths = counted.map(({ known, given }) => 32 - Math.clz32(known - given));
    const width = widths.reduce((sum, width) => sum + width, 0);
    const separate = width <= COUNT_BITS;
    this.countBits = separate ? width : COUNT_BITS;
    this.countUnits = 1;
    let shift = 0;
    counted.forEach((feature, i) => {
      feature.shift = separate ? shift : 0;
      feature.mask = -1 >>> (32 - (separate ? widths[i]! : COUNT_BITS));
      this.countUnits |= 1 << feature.shift;
      shift += widths[i]!;
    });
  }

  /** The fewest states for the most similarity first. */
  #order(postings: Postings, partition: Partition): void {
    this.lists = grown(Float64Array, this.lists, this.count);
    this.listCount = 0;
    this.columns.length = 0;
    const values = this.features.map(({ share, size }) => (size === 0 ? 0 : share / size));
    const best = Math.max(...values);
    for (let i = 0; i < this.count; i++) {
      const value = values[this.owners[i]!]!;
      if (value === 0) continue;
      if (postings.isColumn(this.terms[i]!)) {
        if (postings.count(this.terms[i]!) < partition.count) this.columns.push(i);
        else this.features[this.owners[i]!]!.given++;
        continue;
      }
      const cost = Math.min(2 ** 31, Math.round(postings.count(this.terms[i]!) * (best / value)));
      this.lists[this.listCount++] = cost * 2 ** 20 + i;
    }
    this.lists.subarray(0, this.listCount).sort();
    for (let i = 0; i < this.listCount; i++) this.lists[i]! %= 2 ** 20;
    const { terms } = this;
    this.columns.sort((a, b) => postings.count(terms[a]!) - postings.count(terms[b]!));
  }
}

/** The smallest size of bags that is not only that of a few: those few are looked at one by one. */
function leastSize({ histogram }: FeatureSpace): number {
  let outliers = 0;
  for (let size = 1; size < histogram.length; size++) {
    outliers += histogram[size]!;
    if (outliers > MOST_OUTLIERS) return size;
  }
  return histogram.length;
}

function ceilingsOf(share: number, size: number, least: number, known: number): Float64Array {
  const ceilings = new Float64Array(known + 1);
  for (let overlap = 1; overlap <= known; overlap++) {
    ceilings[overlap] = (share * overlap) / (size + Math.max(least, overlap) - overlap);
  }
  return ceilings;
}

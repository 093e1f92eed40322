import { JitRLError } from "./errors.js";
import { jaccardOf, SIMILARITY_TOLERANCE } from "./similarity.js";
import { type State, stateKey } from "./state.js";

/** What a search asks for. */
export interface SearchOptions {
  /** Most states that come back, an integer ≥ 1. */
  readonly k: number;
  /** Least similarity, in [0, 1], inclusive; 0 admits every state of the partition. */
  readonly minSimilarity: number;
  /** Least Jaccard similarity of single features, by name, inclusive. */
  readonly minFeatureSimilarity?: Readonly<Record<string, number>>;
  /** Most tokens that the search may look at; past it there is no answer at all. */
  readonly budget: number;
}

export interface Match {
  /** As `add` gave it. */
  readonly id: number;
  readonly similarity: number;
}

/**
 * Distinct states by similarity: exact, the most similar first, the newest first among equals. It knows states, no
 * steps and no returns; a faster one takes this one's place by implementing this interface.
 */
export interface SimilarityIndex {
  /** @returns the id of this state, an integer from 0; the same one for an equal state that is there already */
  add(state: State): number;
  /** Sets how new a state is, for ties; higher is newer. */
  touch(id: number, recency: number): void;
  /** Takes a state out. Its id may be given to another. */
  remove(id: number): void;
  /** @returns the nearest states, or `undefined` when the budget was not enough */
  search(state: State, options: SearchOptions): Match[] | undefined;
  /** Number of distinct states. */
  readonly size: number;
}

interface Entry {
  readonly key: string;
  readonly partition: string | undefined;
  /** Sorted token numbers of each feature, repeats included. */
  readonly features: ReadonlyMap<string, Int32Array>;
  recency: number;
}

/** A {@link SimilarityIndex} that compares every state: simple, and what any other must agree with. */
export class LinearSimilarityIndex implements SimilarityIndex {
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #vocabulary = new Map<string, number>();

  get size(): number {
    return this.#ids.size;
  }

  add(state: State): number {
    const key = stateKey(state);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#entries.length;
    const features = new Map(
      Object.entries(state.features).map(([name, { tokens }]) => [name, this.#numbers(tokens, true)]),
    );
    this.#entries[id] = { key, partition: state.partition, features, recency: 0 };
    this.#ids.set(key, id);
    return id;
  }

  touch(id: number, recency: number): void {
    this.#entry(id).recency = recency;
  }

  remove(id: number): void {
    this.#ids.delete(this.#entry(id).key);
    this.#entries[id] = undefined;
    this.#free.push(id);
  }

  search(state: State, options: SearchOptions): Match[] | undefined {
    const { k, minSimilarity, minFeatureSimilarity = {} } = options;
    const query = Object.entries(state.features).map(([name, { tokens, weight }]) => ({
      tokens: this.#numbers(tokens, false),
      weight,
      floor: Object.hasOwn(minFeatureSimilarity, name) ? minFeatureSimilarity[name]! : 0,
      name,
    }));
    const weights = query.reduce((sum, { weight }) => sum + weight, 0);
    const found: (Match & { recency: number })[] = [];
    let work = 0;
    for (const [id, entry] of this.#entries.entries()) {
      if (!entry || entry.partition !== state.partition) continue;
      let sum = 0;
      let admitted = true;
      for (const { tokens, weight, floor, name } of query) {
        const past = entry.features.get(name) ?? nothing;
        work += tokens.length + past.length;
        const similar = jaccardOf(overlap(tokens, past), tokens.length, past.length);
        if (similar < floor - SIMILARITY_TOLERANCE) admitted = false;
        sum += weight * similar;
      }
      if (work > options.budget) return undefined;
      const similarity = sum / weights;
      if (admitted && similarity >= minSimilarity - SIMILARITY_TOLERANCE) {
        found.push({ id, similarity, recency: entry.recency });
      }
    }
    found.sort((a, b) => b.similarity - a.similarity || b.recency - a.recency);
    return found.slice(0, k).map(({ id, similarity }) => ({ id, similarity }));
  }

  #entry(id: number): Entry {
    const entry = this.#entries[id];
    if (!entry)
      throw new JitRLError("invalid-input", `Expected the id of a state in the index, found ${id}.`);
    return entry;
  }

  /** Tokens as sorted numbers; a token that no stored state has is −1 in a query: it matches nothing. */
  #numbers(tokens: readonly string[], adding: boolean): Int32Array {
    const numbers = new Int32Array(tokens.length);
    for (const [i, token] of tokens.entries()) {
      let number = this.#vocabulary.get(token);
      if (number === undefined && adding) {
        number = this.#vocabulary.size;
        this.#vocabulary.set(token, number);
      }
      numbers[i] = number ?? -1;
    }
    return numbers.sort();
  }
}

const nothing = new Int32Array(0);

/** Size of the intersection of two sorted bags. */
function overlap(a: Int32Array, b: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const difference = a[i]! - b[j]!;
    if (difference === 0) {
      shared++;
      i++;
      j++;
    } else if (difference < 0) i++;
    else j++;
  }
  return shared;
}

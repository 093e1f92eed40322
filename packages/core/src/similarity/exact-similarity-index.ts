import { JitRLError } from "../errors.js";
import type { Match, SearchOptions, SimilarityIndex } from "../similarity-index.js";
import { MAX_STATE_TOKENS, type State } from "../state.js";
import { grown } from "./grown.js";
import { IntegerPages } from "./integer-pages.js";
import { type FeatureSpace, Partition, type Schema } from "./partition.js";
import { Postings } from "./postings.js";
import { Searcher } from "./searcher.js";
import { StateTable } from "./state-table.js";
import { Terms } from "./terms.js";
import { Vocabulary } from "./vocabulary.js";

/**
 * A {@link SimilarityIndex} for millions of states: exact, and mostly without looking at more than a few thousand of
 * them. `docs/design/index.md` explains it.
 *
 * A state is kept as a record of integers: the number of its schema, the size of each bag, the terms bag by bag.
 */
export class ExactSimilarityIndex implements SimilarityIndex {
  #vocabulary = new Vocabulary();
  #terms = new Terms();
  #memory = new IntegerPages();
  #postings = new Postings(this.#memory);
  #table = new StateTable();
  #searcher = this.#newSearcher();
  readonly #partitions = new Map<string | undefined, Partition>();
  readonly #byNumber: (Partition | undefined)[] = [];
  readonly #freePartitions: number[] = [];
  /** Number of each state's partition, and slot there, by id; −1 where there is no state. */
  #partitionOf = new Int32Array(0);
  #slotOf = new Int32Array(0);
  #ids = 0;
  readonly #freeIds: number[] = [];
  #spaces = 0;
  readonly #freeSpaces: number[] = [];
  // Room for the state that is added.
  #record = new Int32Array(64);
  #numbers = new Int32Array(64);
  #marks = new Uint8Array(0);

  get size(): number {
    return this.#table.size;
  }

  /** @throws JitRLError `oversized-state` */
  add(state: State): number {
    checkSize(state);
    const partition = this.#partitionFor(state.partition);
    const schema = partition.schemaOf(state.features, this.#newSpace);
    const length = this.#readRecord(state, schema);
    const hash = hashOf(this.#record, length, schema, partition);
    const known = this.#table.find(hash, (id) => this.#isRecord(id, partition, schema, length));
    if (known >= 0) return known;
    return this.#insert(partition, schema, length, hash);
  }

  touch(id: number, recency: number): void {
    const partition = this.#partitionWith(id);
    partition.recencies[this.#slotOf[id]!] = recency;
  }

  remove(id: number): void {
    const partition = this.#partitionWith(id);
    const slot = this.#slotOf[id]!;
    const address = partition.addresses[slot]!;
    const page = this.#memory.pages[this.#memory.page(address)]!;
    const head = this.#memory.offset(address);
    const schema = partition.schemas[page[head]!]!;
    const parts = schema.features.length;
    let end = head + 1 + parts;
    for (let part = 0; part < parts; part++) end += page[head + 1 + part]!;
    const record = page.subarray(head, end);
    this.#table.remove(hashOf(record, record.length, schema, partition), id);
    for (let at = 1 + parts; at < record.length; at++) this.#removeTerm(record[at]!, slot, partition, true);
    schema.features.forEach((feature, part) => {
      const size = record[1 + part]!;
      feature.unset(slot);
      if (size > 0) this.#removeTerm(this.#terms.find(feature.sizeSpace, size), slot, partition, false);
    });
    this.#memory.release(address, record.length);
    partition.close(slot);
    this.#partitionOf[id] = -1;
    this.#freeIds.push(id);
    if (--schema.states === 0) partition.drop(schema, (space) => this.#freeSpaces.push(space));
    if (partition.count === 0) {
      this.#partitions.delete(partition.name);
      this.#byNumber[partition.number] = undefined;
      this.#freePartitions.push(partition.number);
    }
  }

  clear(): void {
    this.#vocabulary = new Vocabulary();
    this.#terms = new Terms();
    this.#memory = new IntegerPages();
    this.#postings = new Postings(this.#memory);
    this.#table = new StateTable();
    this.#searcher = this.#newSearcher();
    this.#partitions.clear();
    this.#byNumber.length = 0;
    this.#freePartitions.length = 0;
    this.#partitionOf = new Int32Array(0);
    this.#slotOf = new Int32Array(0);
    this.#ids = 0;
    this.#freeIds.length = 0;
    this.#spaces = 0;
    this.#freeSpaces.length = 0;
    this.#marks = new Uint8Array(0);
  }

  search(state: State, options: SearchOptions): Match[] | undefined {
    const partition = this.#partitions.get(state.partition);
    return partition ? this.#searcher.search(partition, state, options) : [];
  }

  #newSearcher(): Searcher {
    return new Searcher({
      vocabulary: this.#vocabulary,
      terms: this.#terms,
      memory: this.#memory,
      postings: this.#postings,
    });
  }

  #partitionFor(name: string | undefined): Partition {
    const known = this.#partitions.get(name);
    if (known) return known;
    const partition = new Partition(this.#freePartitions.pop() ?? this.#byNumber.length, name);
    this.#partitions.set(name, partition);
    this.#byNumber[partition.number] = partition;
    return partition;
  }

  #partitionWith(id: number): Partition {
    const partition = id >= 0 && id < this.#ids ? this.#byNumber[this.#partitionOf[id]!] : undefined;
    if (!partition) {
      throw new JitRLError("invalid-input", `Expected the id of a state in the index, found ${id}.`);
    }
    return partition;
  }

  readonly #newSpace = (): number => this.#freeSpaces.pop() ?? this.#spaces++;

  /** Writes what the state would be as a record; its terms are then known, if only for it. @returns the length */
  #readRecord(state: State, schema: Schema): number {
    const { features } = schema;
    let length = 1 + features.length;
    for (const { name } of features) length += state.features[name]!.tokens.length;
    this.#record = grown(Int32Array, this.#record, length);
    const record = this.#record;
    record[0] = schema.number;
    let at = 1 + features.length;
    for (let part = 0; part < features.length; part++) {
      const { tokens } = state.features[features[part]!.name]!;
      record[1 + part] = tokens.length;
      this.#readBag(tokens, features[part]!, at);
      at += tokens.length;
    }
    return length;
  }

  #readBag(tokens: readonly string[], feature: FeatureSpace, from: number): void {
    const vocabulary = this.#vocabulary;
    const record = this.#record;
    this.#numbers = grown(Int32Array, this.#numbers, tokens.length);
    vocabulary.intern(tokens, this.#numbers);
    const terms = this.#terms;
    terms.reserve(vocabulary.limit);
    const { spaces } = feature;
    const numbers = this.#numbers;
    for (let i = 0; i < tokens.length; i++) {
      const number = numbers[i]!;
      const occurrence = terms.meet(number);
      if (occurrence === spaces.length) spaces.push(this.#newSpace());
      const term = terms.find(spaces[occurrence]!, number);
      record[from + i] = term >= 0 ? term : this.#addTerm(spaces[occurrence]!, number, true);
    }
    for (let i = 0; i < tokens.length; i++) terms.leave(numbers[i]!);
  }

  #addTerm(space: number, key: number, isToken: boolean): number {
    const term = this.#terms.add(space, key);
    this.#postings.open(term);
    if (isToken) this.#vocabulary.retain(key);
    return term;
  }

  #removeTerm(term: number, slot: number, partition: Partition, isToken: boolean): void {
    this.#postings.remove(term, slot, partition);
    if (this.#postings.count(term) > 0) return;
    if (isToken) this.#vocabulary.release(this.#terms.key(term));
    this.#terms.remove(term);
  }

  #insert(partition: Partition, schema: Schema, length: number, hash: number): number {
    const record = this.#record;
    const address = this.#memory.allocate(length);
    const page = this.#memory.pages[this.#memory.page(address)]!;
    const head = this.#memory.offset(address);
    for (let at = 0; at < length; at++) page[head + at] = record[at]!;
    const id = this.#freeIds.pop() ?? this.#ids++;
    const slot = partition.open(id, address);
    this.#partitionOf = grown(Int32Array, this.#partitionOf, id + 1);
    this.#slotOf = grown(Int32Array, this.#slotOf, id + 1);
    this.#partitionOf[id] = partition.number;
    this.#slotOf[id] = slot;
    schema.states++;
    const { features } = schema;
    for (let part = 0; part < features.length; part++) {
      const size = record[1 + part]!;
      const feature = features[part]!;
      feature.set(slot, size);
      if (size === 0) continue;
      let term = this.#terms.find(feature.sizeSpace, size);
      if (term < 0) term = this.#addTerm(feature.sizeSpace, size, false);
      this.#postings.add(term, slot, partition);
    }
    this.#postings.addAll(record, 1 + features.length, length, slot, partition);
    this.#table.add(hash, id);
    return id;
  }

  /** Is this state the one in the room for the state that is added? */
  #isRecord(id: number, partition: Partition, schema: Schema, length: number): boolean {
    if (this.#partitionOf[id] !== partition.number) return false;
    const record = this.#record;
    const address = partition.addresses[this.#slotOf[id]!]!;
    const page = this.#memory.pages[this.#memory.page(address)]!;
    const head = this.#memory.offset(address);
    const terms = 1 + schema.features.length;
    for (let at = 0; at < terms; at++) if (page[head + at] !== record[at]) return false;
    // A bag as terms is a set: of two with equal sizes, it is enough that one holds the other.
    this.#marks = grown(Uint8Array, this.#marks, this.#terms.limit);
    for (let at = terms; at < length; at++) this.#marks[record[at]!] = 1;
    let isEqual = true;
    for (let at = terms; at < length; at++) isEqual &&= this.#marks[page[head + at]!] === 1;
    for (let at = terms; at < length; at++) this.#marks[record[at]!] = 0;
    return isEqual;
  }
}

function checkSize({ features }: State): void {
  let tokens = 0;
  for (const name in features) tokens += features[name]!.tokens.length;
  if (tokens > MAX_STATE_TOKENS) {
    throw new JitRLError(
      "oversized-state",
      `Expected a state of at most ${MAX_STATE_TOKENS} tokens, found ${tokens}.`,
      { details: { tokens, limit: MAX_STATE_TOKENS } },
    );
  }
}

/** The same for the same terms in any order. */
function hashOf(record: Int32Array, length: number, schema: Schema, partition: Partition): number {
  let sum = 0;
  for (let at = 1 + schema.features.length; at < length; at++) {
    let x = Math.imul(record[at]! ^ (record[at]! >>> 16), 0x45d9f3b);
    x ^= x >>> 16;
    x = Math.imul(x, 0x45d9f3b);
    sum = (sum + (x ^ (x >>> 16))) | 0;
  }
  return (
    Math.imul(sum ^ Math.imul(schema.number + 1, 0x9e3779b1), 0x85ebca6b) ^
    Math.imul(partition.number, 0xc2b2ae35)
  );
}

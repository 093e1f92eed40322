import { JitRLError } from "../errors.js";
import { MAX_STATE_TOKENS, type State } from "../state.js";
import { grown } from "./grown.js";
import { IntegerPages } from "./integer-pages.js";
import { Lister } from "./lister.js";
import { type FeatureSpace, Partition, type Schema } from "./partition.js";
import { Postings } from "./postings.js";
import { StateTable } from "./state-table.js";
import { Terms } from "./terms.js";
import { Vocabulary } from "./vocabulary.js";

/** States that are entered into lists and columns at a time: to a search that follows, a few milliseconds. */
const BATCH = 4096;

/**
 * The states of an index and all that leads to them. A state is kept once, as a record of integers: the number of its
 * schema, the size of each bag, the terms bag by bag.
 */
export class Contents {
  vocabulary = new Vocabulary();
  terms = new Terms();
  readonly memory = new IntegerPages();
  readonly postings = new Postings(this.memory);
  readonly table = new StateTable();
  readonly partitions = new Map<string | undefined, Partition>();
  readonly byNumber: (Partition | undefined)[] = [];
  readonly freePartitions: number[] = [];
  /** Number of each state's partition, and slot there, by id; −1 where there is no state. */
  partitionOf = new Int32Array(0);
  slotOf = new Int32Array(0);
  /** Ids are below this. */
  ids = 0;
  readonly freeIds: number[] = [];
  /** Numbers of spaces are below this. */
  spaces = 0;
  readonly freeSpaces: number[] = [];
  readonly #lister = new Lister(2 ** 18);
  // Room for the state that is added.
  #record = new Int32Array(64);
  #numbers = new Int32Array(64);
  #marks = new Uint8Array(0);

  /** @throws JitRLError `oversized-state` */
  add(state: State): number {
    checkSize(state);
    const partition = this.partitions.get(state.partition) ?? this.#newPartition(state.partition);
    const schema = partition.schemaOf(state.features, this.newSpace);
    const end = this.#read(state, schema);
    const hash = hashOf(this.#record, 0, end, schema, partition);
    const known = this.find(hash, this.#record, 0, end, partition);
    if (known >= 0) return known;
    const id = this.freeIds.length > 0 ? this.freeIds.pop()! : this.ids++;
    const slot = partition.open(id);
    this.enter(id, slot, this.#record, 0, end, schema, partition);
    this.table.add(hash, id);
    for (let part = 0; part < schema.features.length; part++) {
      const size = this.#record[1 + part]!;
      if (size > 0) this.#openSize(schema.features[part]!, size);
    }
    if (slot < partition.listed) this.#enterTerms(slot, end, schema, partition);
    else if (partition.slots - partition.listed === BATCH) this.list(partition);
    return id;
  }

  /** Enters all states into the lists and columns of their terms: {@link add} leaves the last ones out. */
  list(partition: Partition): void {
    if (partition.listed < partition.slots) this.#lister.list(partition, this);
  }

  remove(id: number): void {
    const partition = this.partitionWith(id);
    this.list(partition);
    const slot = this.slotOf[id]!;
    const record = this.record(partition, slot);
    const schema = partition.schemas[record[0]!]!;
    const parts = schema.features.length;
    this.table.remove(hashOf(record, 0, record.length, schema, partition), id);
    for (let at = 1 + parts; at < record.length; at++) this.#removeTerm(record[at]!, slot, partition, true);
    schema.features.forEach(({ sizeSpace }, part) => {
      const size = record[1 + part]!;
      if (size > 0) this.#removeTerm(this.terms.find(sizeSpace, size), slot, partition, false);
    });
    partition.unsetSizes(slot, schema);
    this.memory.release(partition.addresses[slot]!, record.length);
    partition.close(slot);
    this.partitionOf[id] = -1;
    this.freeIds.push(id);
    if (--schema.states === 0) partition.drop(schema, (space) => this.freeSpaces.push(space));
    if (partition.count === 0) {
      this.partitions.delete(partition.name);
      this.byNumber[partition.number] = undefined;
      this.freePartitions.push(partition.number);
    }
  }

  /** @throws JitRLError `invalid-input` for an id that no state has */
  partitionWith(id: number): Partition {
    const partition = id >= 0 && id < this.ids ? this.byNumber[this.partitionOf[id]!] : undefined;
    if (!partition) {
      throw new JitRLError("invalid-input", `Expected the id of a state in the index, found ${id}.`);
    }
    return partition;
  }

  /** The record of a state, in place: it holds until something is added or removed. */
  record(partition: Partition, slot: number): Int32Array {
    const address = partition.addresses[slot]!;
    const page = this.memory.pages[this.memory.page(address)]!;
    const head = this.memory.offset(address);
    const parts = partition.schemas[page[head]!]!.features.length;
    let end = head + 1 + parts;
    for (let part = 0; part < parts; part++) end += page[head + 1 + part]!;
    return page.subarray(head, end);
  }

  /** @returns the id of the state whose record is this part of an array, or −1 */
  find(hash: number, words: Int32Array, from: number, to: number, partition: Partition): number {
    const { table } = this;
    for (let place = table.first(hash); ; place = table.next(hash, place)) {
      const id = table.id(place);
      if (id < 0 || this.#isRecord(id, words.subarray(from, to), partition)) return id;
    }
  }

  /**
   * Enters a new state with its record, but not its hash and postings; the slot has been opened for it, and its terms
   * are there.
   */
  enter(
    id: number,
    slot: number,
    words: Int32Array,
    from: number,
    to: number,
    schema: Schema,
    partition: Partition,
  ): void {
    const address = this.memory.allocate(to - from);
    const page = this.memory.pages[this.memory.page(address)]!;
    for (let at = from, target = this.memory.offset(address); at < to; ) page[target++] = words[at++]!;
    partition.addresses[slot] = address;
    this.reserve(id + 1);
    this.partitionOf[id] = partition.number;
    this.slotOf[id] = slot;
    schema.states++;
    partition.setSizes(slot, schema, words, from + 1);
  }

  /** Makes room for so many ids, none of which is that of a state. */
  reserve(ids: number): void {
    const length = this.partitionOf.length;
    if (ids <= length) return;
    this.slotOf = grown(Int32Array, this.slotOf, ids);
    this.partitionOf = grown(Int32Array, this.partitionOf, ids).fill(-1, length);
  }

  readonly newSpace = (): number => this.freeSpaces.pop() ?? this.spaces++;

  /** Enters the record that was read last into the lists and columns of its terms. */
  #enterTerms(slot: number, end: number, { features }: Schema, partition: Partition): void {
    const record = this.#record;
    for (let part = 0; part < features.length; part++) {
      const size = record[1 + part]!;
      if (size > 0) this.postings.add(this.terms.find(features[part]!.sizeSpace, size), slot, partition);
    }
    for (let at = 1 + features.length; at < end; at++) this.postings.add(record[at]!, slot, partition);
  }

  #newPartition(name: string | undefined): Partition {
    const partition = new Partition(this.freePartitions.pop() ?? this.byNumber.length, name);
    this.partitions.set(name, partition);
    this.byNumber[partition.number] = partition;
    return partition;
  }

  /** Writes the record of a state into the room for it; its terms are then there. @returns its length */
  #read(state: State, schema: Schema): number {
    const { features } = schema;
    let length = 1 + features.length;
    for (const { name } of features) length += state.features[name]!.tokens.length;
    if (length > this.#record.length) this.#record = grown(Int32Array, this.#record, length);
    this.#record[0] = schema.number;
    let at = 1 + features.length;
    for (let part = 0; part < features.length; part++) {
      const { tokens } = state.features[features[part]!.name]!;
      this.#record[1 + part] = tokens.length;
      this.#readBag(tokens, features[part]!, at);
      at += tokens.length;
    }
    return length;
  }

  #readBag(tokens: readonly string[], { spaces }: FeatureSpace, from: number): void {
    const { vocabulary, terms } = this;
    if (tokens.length > this.#numbers.length) this.#numbers = grown(Int32Array, this.#numbers, tokens.length);
    const numbers = this.#numbers;
    vocabulary.intern(tokens, numbers);
    terms.reserve(vocabulary.limit);
    const record = this.#record;
    if (terms.readBag(numbers, tokens.length, spaces, record, from) === 0) return;
    for (let i = 0; i < tokens.length; i++) {
      if (record[from + i]! >= 0) continue;
      const occurrence = ~record[from + i]!;
      if (occurrence === spaces.length) spaces.push(this.newSpace());
      record[from + i] = this.#addTerm(spaces[occurrence]!, numbers[i]!, true);
    }
  }

  /** Sees to it that there is a term of all bags of this size. */
  #openSize({ sizeSpace }: FeatureSpace, size: number): void {
    if (this.terms.find(sizeSpace, size) < 0) this.#addTerm(sizeSpace, size, false);
  }

  #addTerm(space: number, key: number, isToken: boolean): number {
    const term = this.terms.add(space, key);
    this.postings.open(term);
    if (isToken) this.vocabulary.retain(key);
    return term;
  }

  #removeTerm(term: number, slot: number, partition: Partition, isToken: boolean): void {
    this.postings.remove(term, slot, partition);
    if (this.postings.count(term) > 0) return;
    if (isToken) this.vocabulary.release(this.terms.key(term));
    this.terms.remove(term);
  }

  #isRecord(id: number, record: Int32Array, partition: Partition): boolean {
    if (this.partitionOf[id] !== partition.number) return false;
    const other = this.record(partition, this.slotOf[id]!);
    const terms = 1 + partition.schemas[record[0]!]!.features.length;
    if (other.length !== record.length) return false;
    for (let at = 0; at < terms; at++) if (other[at] !== record[at]) return false;
    // A bag as terms is a set: of two with equal sizes, it is enough that one holds the other.
    this.#marks = grown(Uint8Array, this.#marks, this.terms.limit);
    for (let at = terms; at < record.length; at++) this.#marks[record[at]!] = 1;
    let isEqual = true;
    for (let at = terms; at < record.length; at++) isEqual &&= this.#marks[other[at]!] === 1;
    for (let at = terms; at < record.length; at++) this.#marks[record[at]!] = 0;
    return isEqual;
  }
}

/** Of the record that is this part of an array; the same for the same terms in any order. */
export function hashOf(
  words: Int32Array,
  from: number,
  to: number,
  schema: Schema,
  partition: Partition,
): number {
  let sum = 0;
  for (let at = from + 1 + schema.features.length; at < to; at++) {
    let x = Math.imul(words[at]! ^ (words[at]! >>> 16), 0x45d9f3b);
    x ^= x >>> 16;
    x = Math.imul(x, 0x45d9f3b);
    sum = (sum + (x ^ (x >>> 16))) | 0;
  }
  const seed = Math.imul(schema.number + 1, 0x9e3779b1) ^ Math.imul(partition.number, 0xc2b2ae35);
  return Math.imul(sum ^ seed, 0x85ebca6b);
}

function checkSize({ features }: State): void {
  let tokens = 0;
  for (const name in features) if (Object.hasOwn(features, name)) tokens += features[name]!.tokens.length;
  if (tokens <= MAX_STATE_TOKENS) return;
  throw new JitRLError(
    "oversized-state",
    `Expected a state of at most ${MAX_STATE_TOKENS} tokens, found ${tokens}.`,
    { details: { tokens, limit: MAX_STATE_TOKENS } },
  );
}

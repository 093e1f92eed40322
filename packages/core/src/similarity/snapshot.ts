import { MAX_STATE_TOKENS } from "../state.js";
import { Contents, hashOf } from "./contents.js";
import { Lister } from "./lister.js";
import { type FeatureSpace, Partition } from "./partition.js";
import { corrupt, SnapshotReader } from "./snapshot-reader.js";
import { SnapshotWriter } from "./snapshot-writer.js";
import { Terms } from "./terms.js";
import { Vocabulary } from "./vocabulary.js";

// What is written: the strings, the terms, the partitions with their features and schemas, and the records of all
// states with id, slot and recency. Lists, columns, sizes and the table of states follow from the records.

export function writeSnapshot(contents: Contents): Uint8Array {
  const { vocabulary, terms, byNumber, spaces, ids, table } = contents;
  const writer = new SnapshotWriter();
  writer.int(vocabulary.limit);
  for (const string of vocabulary.strings()) {
    writer.int(string === undefined ? 0 : 1);
    if (string !== undefined) writer.string(string);
  }
  writer.int(spaces);
  writer.int(terms.limit);
  writer.ints(terms.pairs());
  writer.int(byNumber.length);
  for (const partition of byNumber) {
    writer.int(partition ? 1 : 0);
    if (partition) writePartition(writer, partition);
  }
  writer.int(ids);
  writer.int(table.size);
  for (const partition of byNumber) {
    for (let slot = 0; slot < (partition?.slots ?? 0); slot++) {
      if (partition!.ids[slot]! < 0) continue;
      writer.int(partition!.number);
      writer.int(slot);
      writer.int(partition!.ids[slot]!);
      writer.float(partition!.recencies[slot]!);
      writer.ints(contents.record(partition!, slot));
    }
  }
  return writer.finish();
}

function writePartition(writer: SnapshotWriter, partition: Partition): void {
  writer.int(partition.name === undefined ? 0 : 1);
  if (partition.name !== undefined) writer.string(partition.name);
  writer.int(partition.slots);
  const features = [...partition.features.values()];
  writer.int(features.length);
  for (const feature of features) {
    writer.string(feature.name);
    writer.int(feature.sizeSpace);
    writer.int(feature.spaces.length);
    writer.ints(Int32Array.from(feature.spaces));
  }
  writer.int(partition.schemas.length);
  for (const schema of partition.schemas) {
    writer.int(schema ? schema.features.length : 0);
    schema?.features.forEach((feature, i) => {
      writer.int(features.indexOf(feature));
      writer.float(schema.weights[i]!);
    });
  }
}

/** Most ids and slots that are believed, so that a forged number cannot take all memory. */
const MOST = 2 ** 27;

/** What a space is for. */
interface Owner {
  readonly partition: Partition;
  readonly feature: FeatureSpace;
  readonly isSize: boolean;
}

/** @throws JitRLError `store-corrupt` */
export function readSnapshot(bytes: Uint8Array): Contents {
  const reader = new SnapshotReader(bytes);
  const contents = new Contents();
  const strings = Array.from({ length: reader.count(1) }, () =>
    reader.int(0, 1) === 1 ? reader.string() : undefined,
  );
  const vocabulary = Vocabulary.from(strings);
  if (!vocabulary) throw corrupt("a string stands twice");
  contents.vocabulary = vocabulary;
  contents.spaces = reader.int(0, 2 ** 30);
  const pairs = reader.ints(2 * reader.count(2));
  const terms = Terms.from(pairs);
  if (!terms) throw corrupt("a term stands twice");
  terms.reserve(vocabulary.limit);
  contents.terms = terms;
  const owners = readPartitions(reader, contents);
  checkTerms(contents, owners, strings);
  const first = reader.position;
  const rows = countStates(reader, contents, owners);
  reader.end();
  openTerms(contents, owners, rows);
  reader.position = first;
  readStates(reader, contents);
  return contents;
}

function readPartitions(reader: SnapshotReader, contents: Contents): Map<number, Owner> {
  const owners = new Map<number, Owner>();
  const count = reader.count(1);
  for (let number = 0; number < count; number++) {
    if (reader.int(0, 1) === 1) {
      readPartition(reader, number, contents, owners);
    } else {
      contents.byNumber.push(undefined);
      contents.freePartitions.push(number);
    }
  }
  if (owners.size > contents.spaces) throw corrupt("there are more spaces than numbers for them");
  for (let space = 0; space < Math.min(contents.spaces, 2 * owners.size + 2 ** 16); space++) {
    if (!owners.has(space)) contents.freeSpaces.push(space);
  }
  return owners;
}

function readPartition(
  reader: SnapshotReader,
  number: number,
  contents: Contents,
  owners: Map<number, Owner>,
): void {
  const name = reader.int(0, 1) === 1 ? reader.string() : undefined;
  if (contents.partitions.has(name)) throw corrupt("a partition stands twice");
  const partition = new Partition(number, name);
  contents.byNumber.push(partition);
  contents.partitions.set(name, partition);
  partition.reopen(reader.int(0, MOST));
  const own = (space: number, feature: FeatureSpace, isSize: boolean) => {
    if (owners.has(space)) throw corrupt("a space has two owners");
    owners.set(space, { partition, feature, isSize });
    return space;
  };
  const features = Array.from({ length: reader.count(3) }, () => {
    const name = reader.string();
    if (partition.features.has(name)) throw corrupt("a feature stands twice");
    const feature = partition.addFeature(name, reader.int(0, contents.spaces - 1));
    own(feature.sizeSpace, feature, true);
    const spaces = reader.count(1);
    for (let i = 0; i < spaces; i++)
      feature.spaces.push(own(reader.int(0, contents.spaces - 1), feature, false));
    return feature;
  });
  const schemas = reader.count(1);
  for (let i = 0; i < schemas; i++) {
    const entries = Array.from({ length: reader.count(3) }, (): [string, number] => {
      const feature = features[reader.int(0, features.length - 1)]!;
      return [feature.name, reader.float()];
    });
    if (entries.some(([name], at) => at > 0 && entries[at - 1]![0] >= name))
      throw corrupt("names are not in order");
    if (entries.some(([, weight]) => !(weight >= 0))) throw corrupt("a weight is not a number");
    if (!partition.reopenSchema(i, entries)) throw corrupt("a schema stands twice");
  }
  if (features.some((feature) => feature.schemas === 0)) throw corrupt("a feature is not used");
}

function checkTerms(
  { terms, vocabulary }: Contents,
  owners: ReadonlyMap<number, Owner>,
  strings: readonly (string | undefined)[],
): void {
  for (let term = 0; term < terms.limit; term++) {
    const space = terms.space(term);
    if (space < 0) continue;
    const owner = owners.get(space);
    const key = terms.key(term);
    if (!owner) throw corrupt("a term belongs nowhere");
    if (owner.isSize ? key < 1 || key > MAX_STATE_TOKENS : strings[key] === undefined) {
      throw corrupt("a term has no token");
    }
    if (!owner.isSize) vocabulary.retain(key);
  }
}

// A row for each term: the state it was met in last, how often it was met, the number of its feature or −1.
const ROW = 4;
const LAST = 0;
const COUNT = 1;
const FEATURE = 2;

/** Checks all records and counts how many states each term has. */
function countStates(
  reader: SnapshotReader,
  contents: Contents,
  owners: ReadonlyMap<number, Owner>,
): Int32Array {
  const { terms, byNumber } = contents;
  const numbers = new Map<FeatureSpace, number>();
  for (const { feature } of owners.values()) if (!numbers.has(feature)) numbers.set(feature, numbers.size);
  const rows = new Int32Array(ROW * terms.limit);
  for (let term = 0; term < terms.limit; term++) {
    const owner = owners.get(terms.space(term));
    rows[ROW * term + FEATURE] = owner && !owner.isSize ? numbers.get(owner.feature)! : -1;
  }
  const ids = reader.int(0, MOST);
  const states = reader.count(6);
  const taken = new Uint8Array(ids);
  let before: { readonly number: number; slot: number } = { number: -1, slot: -1 };
  for (let state = 1; state <= states; state++) {
    const number = reader.int(Math.max(0, before.number), byNumber.length - 1);
    const partition = byNumber[number];
    if (!partition) throw corrupt("a state is in no partition");
    if (number !== before.number) before = { number, slot: -1 };
    before.slot = reader.int(before.slot + 1, partition.slots - 1);
    const id = reader.int(0, taken.length - 1);
    if (taken[id] === 1) throw corrupt("an id stands twice");
    taken[id] = 1;
    if (Number.isNaN(reader.float())) throw corrupt("a recency is not a number");
    const schema = partition.schemas[reader.int(0, partition.schemas.length - 1)];
    if (!schema) throw corrupt("a state has no schema");
    const { features } = schema;
    const sizes = reader.skip(features.length);
    for (let part = 0; part < features.length; part++) {
      const size = reader.words[sizes + part]!;
      if (size < 0 || size > MAX_STATE_TOKENS) throw corrupt("a bag has no size");
      const feature = features[part]!;
      const bag = reader.skip(size);
      if (!countBag(reader.words, bag, bag + size, rows, numbers.get(feature)!, state))
        throw corrupt("a bag is not one of its feature");
      if (size === 0) continue;
      const term = terms.find(feature.sizeSpace, size);
      if (term < 0) throw corrupt("a size is not known");
      rows[ROW * term + COUNT]!++;
    }
  }
  contents.ids = taken.length;
  for (let id = taken.length - 1; id >= 0; id--) if (taken[id] === 0) contents.freeIds.push(id);
  return rows;
}

function countBag(
  words: Int32Array,
  from: number,
  to: number,
  rows: Int32Array,
  feature: number,
  state: number,
): boolean {
  let isSound = true;
  for (let at = from; at < to; at++) {
    const row = ROW * words[at]!;
    if (row < 0 || row >= rows.length) return false;
    if (rows[row + FEATURE] !== feature || rows[row + LAST] === state) isSound = false;
    rows[row + LAST] = state;
    rows[row + COUNT]!++;
  }
  return isSound;
}

function openTerms(
  { terms, postings }: Contents,
  owners: ReadonlyMap<number, Owner>,
  rows: Int32Array,
): void {
  for (let term = 0; term < terms.limit; term++) {
    postings.open(term);
    if (terms.space(term) < 0) continue;
    const count = rows[ROW * term + COUNT]!;
    if (count === 0) throw corrupt("a term is not used");
    postings.expect(term, count, owners.get(terms.space(term))!.partition);
  }
}

const ENTRY = 4;

function readStates(reader: SnapshotReader, contents: Contents): void {
  const { byNumber, table } = contents;
  reader.int(0, MOST);
  const states = reader.count(6);
  contents.reserve(contents.ids);
  table.reserve(states);
  const { words } = reader;
  const entries = new Int32Array(ENTRY * states);
  for (let i = 0; i < states; i++) {
    const partition = byNumber[reader.int(0, byNumber.length - 1)]!;
    const slot = reader.int(0, partition.slots - 1);
    const id = reader.int(0, contents.ids - 1);
    partition.recencies[slot] = reader.float();
    const from = reader.position;
    const schema = partition.schemas[words[from]!]!;
    const { features } = schema;
    let to = from + 1 + features.length;
    for (let part = 0; part < features.length; part++) to += words[from + 1 + part]!;
    reader.position = to;
    partition.ids[slot] = id;
    partition.count++;
    contents.enter(id, slot, words, from, to, schema, partition);
    entries[ENTRY * i] = hashOf(words, from, to, schema, partition);
    entries[ENTRY * i + 1] = id;
    entries[ENTRY * i + 2] = from;
    entries[ENTRY * i + 3] = to;
  }
  enterHashes(contents, entries, words);
  const lister = new Lister(2 ** 21);
  for (const partition of byNumber) {
    if (partition) lister.list(partition, contents);
    partition?.listFree();
    if (partition?.count === 0) throw corrupt("a partition is empty");
    if (partition?.schemas.some((schema) => schema?.states === 0)) throw corrupt("a schema is not used");
  }
}

/**
 * Of each state its hash, id, and where its record begins and ends: in a loop of its own, so that the processor waits
 * for many places of the table at a time.
 */
function enterHashes(contents: Contents, entries: Int32Array, words: Int32Array): void {
  for (let at = 0; at < entries.length; at += ENTRY) {
    const hash = entries[at]!;
    const id = entries[at + 1]!;
    const partition = contents.partitionWith(id);
    if (contents.find(hash, words, entries[at + 2]!, entries[at + 3]!, partition) >= 0) {
      throw corrupt("a state stands twice");
    }
    contents.table.add(hash, id);
  }
}

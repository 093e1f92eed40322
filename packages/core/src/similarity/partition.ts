import type { State } from "../state.js";
import { ColumnMatrix } from "./column-matrix.js";
import { grown } from "./grown.js";

/** A feature of one partition: the spaces of its terms and the sizes of its bags. */
export class FeatureSpace {
  readonly name: string;
  /** Space of the first, second, … occurrence of a token. */
  readonly spaces: number[] = [];
  /** Space of the terms "has a bag of this size". */
  readonly sizeSpace: number;
  /** Size of the bag by slot; 0 where the state lacks the feature. */
  sizes = new Uint16Array(0);
  /** Number of states by size, from 1. */
  histogram = new Int32Array(0);
  /** Number of states with a bag that is not empty. */
  filled = 0;
  /** Number of schemas that have it. */
  schemas = 0;

  constructor(name: string, sizeSpace: number) {
    this.name = name;
    this.sizeSpace = sizeSpace;
  }

  set(slot: number, size: number): void {
    if (slot >= this.sizes.length) this.sizes = grown(Uint16Array, this.sizes, slot + 1);
    if (size >= this.histogram.length) this.histogram = grown(Int32Array, this.histogram, size + 1);
    this.sizes[slot] = size;
    this.histogram[size]!++;
    if (size > 0) this.filled++;
  }

  unset(slot: number): void {
    const size = this.sizes[slot]!;
    this.sizes[slot] = 0;
    this.histogram[size]!--;
    if (size > 0) this.filled--;
  }
}

/** Names and weights of the features that a state has, in ascending order of names: part of what a state is. */
export interface Schema {
  readonly number: number;
  readonly key: string;
  readonly features: readonly FeatureSpace[];
  readonly weights: readonly number[];
  /** Number of states that have it. */
  states: number;
}

type Entries = readonly (readonly [name: string, weight: number])[];

function isOf(entries: Entries, features: State["features"]): boolean {
  let known = 0;
  for (const name in features) {
    if (!Object.hasOwn(features, name)) continue;
    const entry = entries[known++];
    if (!entry || entry[0] !== name || features[name]!.weight !== entry[1]) return false;
  }
  return known === entries.length;
}

/** The states of one partition, by slot. Terms and slots of one partition mean nothing in another. */
export class Partition {
  readonly number: number;
  readonly name: string | undefined;
  readonly features = new Map<string, FeatureSpace>();
  readonly schemas: (Schema | undefined)[] = [];
  /** Slots are below this. */
  slots = 0;
  /** The states below this slot are in the lists and columns of their terms. */
  listed = 0;
  /** Number of states. */
  count = 0;
  /** Id of the state by slot; −1 in a free slot. */
  ids = new Int32Array(0);
  /** Where the state's record is. */
  addresses = new Uint32Array(0);
  recencies = new Float64Array(0);
  /** The bits of its common terms. */
  readonly columns = new ColumnMatrix();
  readonly #free: number[] = [];
  readonly #freeSchemas: number[] = [];
  readonly #byKey = new Map<string, Schema>();
  #latest: { readonly entries: Entries; readonly schema: Schema } | undefined;

  constructor(number: number, name: string | undefined) {
    this.number = number;
    this.name = name;
  }

  /** A slot for the state with this id. */
  open(id: number): number {
    const slot = this.#free.length > 0 ? this.#free.pop()! : this.slots++;
    if (slot >= this.ids.length) this.#fit(slot + 1);
    this.ids[slot] = id;
    this.recencies[slot] = 0;
    this.count++;
    return slot;
  }

  #fit(slots: number): void {
    this.ids = grown(Int32Array, this.ids, slots);
    this.addresses = grown(Uint32Array, this.addresses, slots);
    this.recencies = grown(Float64Array, this.recencies, slots);
  }

  close(slot: number): void {
    this.ids[slot] = -1;
    this.#free.push(slot);
    this.count--;
  }

  /** The schema of these features, a new one if need be; mostly it is that of the state before. */
  schemaOf(features: State["features"], newSpace: () => number): Schema {
    if (this.#latest && isOf(this.#latest.entries, features)) return this.#latest.schema;
    const entries = Object.entries(features).map(([name, { weight }]): [string, number] => [name, weight]);
    const schema = this.schemaWith(
      [...entries].sort(([a], [b]) => (a < b ? -1 : 1)),
      newSpace,
    );
    this.#latest = { entries, schema };
    return schema;
  }

  /** @param entries names and weights in ascending order of names */
  schemaWith(entries: Entries, newSpace: () => number): Schema {
    const key = JSON.stringify(entries);
    const known = this.#byKey.get(key);
    if (known) return known;
    const number = this.#freeSchemas.pop() ?? this.schemas.length;
    return this.#addSchema(number, key, entries, newSpace);
  }

  #addSchema(number: number, key: string, entries: Entries, newSpace: () => number): Schema {
    const features = entries.map(([name]) => {
      const feature = this.features.get(name) ?? new FeatureSpace(name, newSpace());
      this.features.set(name, feature);
      feature.schemas++;
      return feature;
    });
    const schema = { number, key, features, weights: entries.map(([, weight]) => weight), states: 0 };
    this.schemas[number] = schema;
    this.#byKey.set(key, schema);
    return schema;
  }

  /** Takes a schema that no state has any more out. */
  drop(schema: Schema, freeSpace: (space: number) => void): void {
    this.schemas[schema.number] = undefined;
    this.#freeSchemas.push(schema.number);
    this.#byKey.delete(schema.key);
    if (this.#latest?.schema === schema) this.#latest = undefined;
    for (const feature of schema.features) {
      if (--feature.schemas > 0) continue;
      this.features.delete(feature.name);
      for (const space of [feature.sizeSpace, ...feature.spaces]) freeSpace(space);
    }
  }

  // What is read from a snapshot is entered with these.

  /** So many slots, all of them without a state. */
  reopen(slots: number): void {
    this.#fit(slots);
    this.ids.fill(-1);
    this.slots = slots;
  }

  /** @param entries of features that are there, or none for a number that is free; @returns false for a known schema */
  reopenSchema(number: number, entries: Entries): boolean {
    if (entries.length === 0) {
      this.schemas[number] = undefined;
      this.#freeSchemas.push(number);
      return true;
    }
    const key = JSON.stringify(entries);
    if (this.#byKey.has(key)) return false;
    this.#addSchema(number, key, entries, () => -1);
    return true;
  }

  /** All slots without a state can be opened. */
  listFree(): void {
    for (let slot = this.slots - 1; slot >= 0; slot--) if (this.ids[slot]! < 0) this.#free.push(slot);
  }
}

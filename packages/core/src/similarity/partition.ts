import type { State } from "../state.js";
import { BagSizes } from "./bag-sizes.js";
import { ColumnMatrix } from "./column-matrix.js";
import { grown } from "./grown.js";

/** A feature of one partition: the spaces of its terms and how large its bags are. */
export class FeatureSpace {
  readonly name: string;
  /** Where the sizes of its bags stand among those of a state, in {@link Partition.sizes}. */
  readonly place: number;
  /** Space of the first, second, … occurrence of a token. */
  readonly spaces: number[] = [];
  /** Space of the terms "has a bag of this size". */
  readonly sizeSpace: number;
  /** Number of states by size, from 1. */
  histogram = new Int32Array(0);
  /** Number of states with a bag that is not empty. */
  filled = 0;
  /** Number of schemas that have it. */
  schemas = 0;

  constructor(name: string, place: number, sizeSpace: number) {
    this.name = name;
    this.place = place;
    this.sizeSpace = sizeSpace;
  }

  count(size: number): void {
    if (size >= this.histogram.length) this.histogram = grown(Int32Array, this.histogram, size + 1);
    this.histogram[size]!++;
    if (size > 0) this.filled++;
  }

  discount(size: number): void {
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
  readonly sizes = new BagSizes();
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
    this.sizes.fit(this.ids.length);
  }

  /** Size of the bag of this feature, 0 if the state lacks it. */
  sizeOf(slot: number, { place }: FeatureSpace): number {
    return this.sizes.values[slot * this.sizes.stride + place]!;
  }

  /** Enters the sizes of a state's bags. */
  setSizes(slot: number, { features }: Schema, words: Int32Array, from: number): void {
    const { values, stride } = this.sizes;
    for (let part = 0; part < features.length; part++) {
      const feature = features[part]!;
      values[slot * stride + feature.place] = words[from + part]!;
      feature.count(words[from + part]!);
    }
  }

  unsetSizes(slot: number, { features }: Schema): void {
    const { values, stride } = this.sizes;
    for (const feature of features) {
      const at = slot * stride + feature.place;
      feature.discount(values[at]!);
      values[at] = 0;
    }
  }

  /** A feature that is not there yet. */
  addFeature(name: string, sizeSpace: number): FeatureSpace {
    const feature = new FeatureSpace(name, this.sizes.open(), sizeSpace);
    this.features.set(name, feature);
    return feature;
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
      const feature = this.features.get(name) ?? this.addFeature(name, newSpace());
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
      this.sizes.close(feature.place);
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

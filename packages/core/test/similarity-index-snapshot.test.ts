import { JitRLError, type State, seededRandom } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactSimilarityIndex } from "../src/similarity/exact-similarity-index.js";
import { checksum } from "../src/similarity/snapshot-header.js";

const OPTIONS = { k: 20, minSimilarity: 0, budget: 1e12 };

function states(count: number, seed: number): State[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    features: {
      text: {
        tokens: Array.from({ length: Math.floor(random() * 12) }, () => `t${Math.floor(60 ** random())}`),
        weight: 0.7,
      },
      ...(i % 3 === 0 ? { "ü\ud800": { tokens: [`\udc00${i % 7}`, "", "a"], weight: 0.3 } } : {}),
    },
    ...(i % 5 === 0 ? { partition: i % 2 === 0 ? "" : "tenant" } : {}),
  }));
}

/** An index with gaps: some states, partitions and tokens were taken out again. */
function filled(count = 1500): { index: ExactSimilarityIndex; held: State[] } {
  const index = new ExactSimilarityIndex();
  const all = states(count, 5);
  const ids = all.map((state, i) => {
    const id = index.add(state);
    index.touch(id, i * 1.5);
    return id;
  });
  const gone = new Set(ids.filter((_, i) => i % 4 === 1));
  for (const id of gone) index.remove(id);
  return { index, held: all.filter((_, i) => !gone.has(ids[i]!)) };
}

function expectSame(one: ExactSimilarityIndex, other: ExactSimilarityIndex): void {
  expect(other.size).toBe(one.size);
  for (const query of states(40, 6)) {
    for (const minSimilarity of [0, 0.5]) {
      const options = { ...OPTIONS, minSimilarity };
      expect(other.search(query, options)).toEqual(one.search(query, options));
    }
  }
}

describe("a snapshot", () => {
  test("holds all states with ids and recencies", () => {
    const { index } = filled();
    expectSame(index, ExactSimilarityIndex.fromBytes(index.toBytes()));
  });

  test("of an empty index is an empty index", () => {
    const index = ExactSimilarityIndex.fromBytes(new ExactSimilarityIndex().toBytes());
    expect(index.size).toBe(0);
    expect(index.add({ features: { text: { tokens: ["a"], weight: 1 } } })).toBe(0);
  });

  test("goes on like the index that it was taken of", () => {
    const { index, held } = filled();
    const other = ExactSimilarityIndex.fromBytes(index.toBytes());
    for (const state of held.slice(0, 200)) expect(other.add(state)).toBe(index.add(state));
    for (const state of held.slice(0, 100)) {
      const id = index.add(state);
      if (id === other.add(state)) {
        index.remove(id);
        other.remove(id);
      }
    }
    for (const [i, state] of states(300, 8).entries()) {
      index.touch(index.add(state), 1e6 + i);
      other.touch(other.add(state), 1e6 + i);
    }
    expect(other.size).toBe(index.size);
    for (const query of states(40, 6)) {
      const similarities = (one: ExactSimilarityIndex) =>
        one.search(query, OPTIONS)!.map(({ similarity }) => similarity);
      expect(similarities(other)).toEqual(similarities(index));
    }
  });

  test("knows which ids no state has", () => {
    const index = new ExactSimilarityIndex();
    const [first, second] = states(2, 9).map((state) => index.add(state));
    index.remove(first!);
    const other = ExactSimilarityIndex.fromBytes(index.toBytes());
    expect(() => other.touch(first!, 1)).toThrow(JitRLError);
    expect(() => other.remove(first!)).toThrow(JitRLError);
    other.remove(second!);
    expect(other.size).toBe(0);
  });

  test("is read at any place in a buffer", () => {
    const { index } = filled(50);
    const bytes = index.toBytes();
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expectSame(index, ExactSimilarityIndex.fromBytes(shifted.subarray(1)));
  });

  test("of a large index that was mostly emptied is read", () => {
    const index = new ExactSimilarityIndex();
    const all = Array.from(
      { length: 3000 },
      (_, i): State => ({ features: { text: { tokens: ["common", `t${i}`], weight: 1 } } }),
    );
    const ids = all.map((state) => index.add(state));
    for (const id of ids.slice(0, -2)) index.remove(id);
    const copy = ExactSimilarityIndex.fromBytes(index.toBytes());
    expectSame(index, copy);
    for (const i of [2998, 2999]) {
      expect(copy.search(all[i]!, { ...OPTIONS, k: 1 })).toEqual([{ id: ids[i], similarity: 1 }]);
      expect(copy.add(all[i]!)).toBe(ids[i]);
    }
    expect(copy.size).toBe(2);
  });
});

describe("what is no snapshot is refused", () => {
  const refused = (bytes: Uint8Array) => {
    try {
      return ExactSimilarityIndex.fromBytes(bytes);
    } catch (error) {
      expect(JitRLError.isInstance(error) && error.code).toBe("store-corrupt");
      return undefined;
    }
  };

  test("something else, another version, a part, too much", () => {
    const bytes = filled(50).index.toBytes();
    const changed = (at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    expect(refused(new Uint8Array(0))).toBeUndefined();
    expect(refused(new TextEncoder().encode('{"id":"an episode, not an index"}  '))).toBeUndefined();
    expect(() => ExactSimilarityIndex.fromBytes(changed(4))).toThrow(/version/);
    expect(() => ExactSimilarityIndex.fromBytes(changed(0))).toThrow(/something else/);
    expect(() => ExactSimilarityIndex.fromBytes(bytes.subarray(0, bytes.length - 4))).toThrow(/cut off/);
    expect(refused(Uint8Array.of(...bytes, 0, 0, 0, 0))).toBeUndefined();
  });

  test("any changed bytes are found by the checksum", () => {
    const bytes = filled(50).index.toBytes();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        (changes) => {
          const changed = bytes.slice();
          for (const [at, by] of changes) changed[at]! ^= by;
          if (changed.some((byte, i) => byte !== bytes[i])) expect(refused(changed)).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  test("with a checksum that matches, changed bytes are refused or make an index that works", () => {
    const { index, held } = filled(60);
    const bytes = index.toBytes();
    const words = bytes.length / 4;
    const change = fc.tuple(
      fc.integer({ min: 4, max: words - 1 }),
      fc.oneof(
        fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)),
        fc.integer({ min: -3, max: 3 }),
        fc.integer(),
      ),
      fc.boolean(),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const forged = new Int32Array(bytes.slice().buffer);
        for (const [at, value, isRelative] of changes) forged[at] = isRelative ? forged[at]! + value : value;
        forged[3] = checksum(forged);
        const other = refused(new Uint8Array(forged.buffer));
        if (!other) return;
        read++;
        for (const query of held.slice(0, 10)) {
          const found = other.search(query, OPTIONS)!;
          expect(found.every(({ similarity }) => similarity >= 0 && similarity <= 1)).toBe(true);
          expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
        }
        for (const state of held) other.touch(other.add(state), 1);
        for (const state of held) expect(other.search(state, { ...OPTIONS, k: 1 })![0]!.similarity).toBe(1);
        for (const id of new Set(held.map((state) => other.add(state)))) other.remove(id);
      }),
      { numRuns: 1500 },
    );
    expect(read).toBeGreaterThan(0);
  });
});

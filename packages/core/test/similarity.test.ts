import {
  bag,
  jaccard,
  LinearSimilarityIndex,
  type Match,
  type SearchOptions,
  type State,
  similarity,
  stateKey,
  words,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomState, randomTokens } from "./random-state.js";
import { thrown } from "./thrown.js";

/** Σ min / Σ max over the counts, as the definition reads. */
function naiveJaccard(a: readonly string[], b: readonly string[]): number {
  const count = (tokens: readonly string[], token: string) => tokens.filter((t) => t === token).length;
  const all = [...new Set([...a, ...b])];
  const least = all.reduce((sum, token) => sum + Math.min(count(a, token), count(b, token)), 0);
  const most = all.reduce((sum, token) => sum + Math.max(count(a, token), count(b, token)), 0);
  return most === 0 ? 1 : least / most;
}

const state = (features: State["features"], partition?: string): State =>
  partition === undefined ? { features } : { features, partition };

describe("jaccard", () => {
  test("is Σ min / Σ max of the counts, in [0, 1], symmetric, and 1 exactly for equal bags", () => {
    fc.assert(
      fc.property(randomTokens(12), randomTokens(12), (a, b) => {
        const value = jaccard(a, b);
        expect(value).toBe(naiveJaccard(a, b));
        expect(value).toBe(jaccard(b, a));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(value === 1).toBe([...a].sort().join() === [...b].sort().join());
      }),
      { numRuns: 300 },
    );
  });

  test("is |a ∩ b| / |a ∪ b| for sets", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(12)), fc.uniqueArray(fc.nat(12)), (a, b) => {
        const union = new Set([...a, ...b]).size;
        const shared = a.filter((x) => b.includes(x)).length;
        expect(jaccard(a.map(String), b.map(String))).toBe(union === 0 ? 1 : shared / union);
      }),
    );
  });

  test("counts repeats", () => {
    expect(jaccard(["a", "a", "b"], ["a", "b"])).toBe(2 / 3);
    expect(jaccard(["a", "a"], ["a", "a", "a"])).toBe(2 / 3);
  });

  test("takes two empty bags for equal and an empty one for unlike any other", () => {
    expect(jaccard([], [])).toBe(1);
    expect(jaccard([], ["a"])).toBe(0);
  });

  test("knows tokens that are named like members of objects", () => {
    expect(jaccard(["__proto__", "constructor"], ["__proto__"])).toBe(1 / 2);
    expect(jaccard(["toString"], ["valueOf"])).toBe(0);
  });
});

describe("similarity", () => {
  test("is Σ w J / Σ w over the features of the present state, 0 across partitions", () => {
    fc.assert(
      fc.property(randomState(), randomState(), (present, past) => {
        const features = Object.entries(present.features);
        const weights = features.reduce((sum, [, { weight }]) => sum + weight, 0);
        const sum = features.reduce((total, [name, { tokens, weight }]) => {
          const other = Object.entries(past.features).find(([key]) => key === name)?.[1].tokens ?? [];
          return total + weight * naiveJaccard(tokens, other);
        }, 0);
        const expected = present.partition === past.partition ? sum / weights : 0;
        expect(similarity(present, past)).toBeCloseTo(expected, 12);
      }),
      { numRuns: 300 },
    );
  });

  test("is in [0, 1], and exactly 1 of a state with itself", () => {
    fc.assert(
      fc.property(randomState(), randomState(), (a, b) => {
        expect(similarity(a, a)).toBe(1);
        expect(similarity(a, b)).toBeGreaterThanOrEqual(0);
        expect(similarity(a, b)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  test("takes a feature that the past state lacks for an empty bag, and ignores one that only it has", () => {
    const present = state({ f: bag(["a"]), g: bag([]), h: bag(["b"]) });
    expect(similarity(present, state({ f: bag(["a"]) }))).toBe(2 / 3);
    expect(similarity(state({ f: bag(["a"]) }), present)).toBe(1);
  });

  test("weighs by the present state's weights", () => {
    const present = state({ f: bag(["a"], { weight: 3 }), g: bag(["b"], { weight: 1 }) });
    const past = state({ f: bag(["a"], { weight: 1 }), g: bag(["c"], { weight: 9 }) });
    expect(similarity(present, past)).toBe(3 / 4);
  });

  test("tells an absent partition from an empty one", () => {
    const features = { f: bag(["a"]) };
    expect(similarity(state(features), state(features, ""))).toBe(0);
    expect(similarity(state(features, ""), state(features, ""))).toBe(1);
  });
});

const all: SearchOptions = { k: 1000, minSimilarity: 0, budget: Number.POSITIVE_INFINITY };

describe("LinearSimilarityIndex", () => {
  test("gives an equal state the id that it has, and another state another", () => {
    const index = new LinearSimilarityIndex();
    const id = index.add(state({ f: bag(["a", "b"]) }));
    expect(index.add(state({ f: bag(["b", "a"]) }))).toBe(id);
    expect(index.add(state({ f: bag(["b", "a", "a"]) }))).not.toBe(id);
    expect(index.add(state({ f: bag(["a", "b"]) }, "p"))).not.toBe(id);
    expect(index.size).toBe(3);
  });

  test("finds equal states of one partition only", () => {
    const index = new LinearSimilarityIndex();
    index.add(state({ f: bag(["a"]) }, "p"));
    const id = index.add(state({ f: bag(["a"]) }, "q"));
    expect(index.search(state({ f: bag(["a"]) }, "q"), all)).toEqual([{ id, similarity: 1 }]);
    expect(index.search(state({ f: bag(["a"]) }), all)).toEqual([]);
  });

  test("gives the newest first among equals", () => {
    const index = new LinearSimilarityIndex();
    const ids = ["x", "y", "z"].map((token) => index.add(state({ f: bag(["a", token]) })));
    const query = state({ f: bag(["a"]) });
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      order.forEach((id, recency) => {
        index.touch(ids[id]!, 10 + recency);
      });
      const found = index.search(query, all)?.map(({ id }) => id);
      expect(found).toEqual([...order].reverse().map((id) => ids[id]));
      expect(index.search(query, { ...all, k: 1 })?.map(({ id }) => id)).toEqual([ids[order[2]!]]);
    }
  });

  test.each([
    ["19 of 20 tokens at a floor of 0.95", 19, 20, 0.95],
    ["7 of 10 tokens at a floor of 0.7", 7, 10, 0.7],
    ["1 of 3 tokens at a floor of 1/3", 1, 3, 1 / 3],
  ])("admits %s: a floor is inclusive", (_, shared, size, floor) => {
    const tokens = Array.from({ length: size }, (_, i) => `t${i}`);
    const index = new LinearSimilarityIndex();
    index.add(state({ f: bag(tokens.slice(0, shared)) }));
    const query = state({ f: bag(tokens) });
    expect(index.search(query, { ...all, minSimilarity: floor })).toHaveLength(1);
    expect(index.search(query, { ...all, minSimilarity: floor + 1e-9 })).toEqual([]);
    expect(index.search(query, { ...all, minFeatureSimilarity: { f: floor } })).toHaveLength(1);
    expect(index.search(query, { ...all, minFeatureSimilarity: { f: floor + 1e-9 } })).toEqual([]);
  });

  test("admits an equal state at a floor of 1 whatever the weights", () => {
    const weights = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, (values) => {
        const equal = state(
          Object.fromEntries(values.map((weight, i) => [`f${i}`, bag(["a", `${i}`], { weight })])),
        );
        const index = new LinearSimilarityIndex();
        const id = index.add(equal);
        expect(index.search(equal, { ...all, minSimilarity: 1 })).toEqual([{ id, similarity: 1 }]);
      }),
      { examples: [[[0.6, 0.3, 0.1]], [[0.1, 0.2, 0.3]], [[0.7, 0.1, 0.1, 0.1]]] },
    );
  });

  test("applies the floor of a feature even where it weighs nothing", () => {
    const index = new LinearSimilarityIndex();
    index.add(state({ f: bag(["a"]), task: bag(["x"], { weight: 0 }) }));
    const query = state({ f: bag(["a"]), task: bag(["y"], { weight: 0 }) });
    expect(index.search(query, all)).toHaveLength(1);
    expect(index.search(query, { ...all, minFeatureSimilarity: { task: 0.1 } })).toEqual([]);
  });

  test("ignores floors of features that the present state does not have", () => {
    const index = new LinearSimilarityIndex();
    index.add(state({ f: bag(["a"]) }));
    const floors = { other: 1, toString: 1 };
    expect(index.search(state({ f: bag(["a"]) }), { ...all, minFeatureSimilarity: floors })).toHaveLength(1);
  });

  test("answers undefined, never a part, when the budget is not enough", () => {
    const index = new LinearSimilarityIndex();
    const stored = Array.from({ length: 50 }, (_, i) => state({ f: words(`a b c ${i}`) }));
    for (const one of stored) index.add(one);
    const query = state({ f: words("a b c") });
    const complete = index.search(query, all);
    expect(complete).toHaveLength(50);
    const answers = Array.from({ length: 400 }, (_, budget) =>
      index.search(query, { ...all, budget: budget + 1 }),
    );
    for (const answer of answers) if (answer) expect(answer).toEqual(complete);
    expect(answers[0]).toBeUndefined();
    expect(answers.at(-1)).toEqual(complete);
  });

  test("refuses ids that are not in it", () => {
    const index = new LinearSimilarityIndex();
    const id = index.add(state({ f: bag(["a"]) }));
    index.remove(id);
    expect(thrown(() => index.remove(id)).code).toBe("invalid-input");
    expect(thrown(() => index.touch(id, 1)).code).toBe("invalid-input");
    expect(index.size).toBe(0);
  });

  test("does not take tokens that only a query had for stored ones", () => {
    const index = new LinearSimilarityIndex();
    index.add(state({ f: bag(["a"]) }));
    const query = state({ f: bag(["new", "new", "other"]) });
    expect(index.search(query, all)?.[0]?.similarity).toBe(0);
    expect(index.search(query, all)?.[0]?.similarity).toBe(0);
  });

  test("equals a comparison with every state, after any adds, removals, re-adds and touches", () => {
    const command = fc.oneof(
      fc.record({ type: fc.constant("add" as const), state: randomState(), recency: fc.nat(5) }),
      fc.record({ type: fc.constant("remove" as const), at: fc.nat(20) }),
      fc.record({ type: fc.constant("touch" as const), at: fc.nat(20), recency: fc.nat(5) }),
    );
    const query = fc.record({
      state: randomState(),
      k: fc.integer({ min: 1, max: 8 }),
      minSimilarity: fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      minFeatureSimilarity: fc.dictionary(
        fc.constantFrom("f", "g", "__proto__", "other"),
        fc.constantFrom(0, 0.3, 0.5, 1),
        { maxKeys: 3 },
      ),
    });
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 25 }),
        fc.array(query, { minLength: 1, maxLength: 5 }),
        (commands, queries) => {
          const index = new LinearSimilarityIndex();
          const held = new Map<string, { id: number; state: State; recency: number }>();
          const at = (place: number) => [...held.values()][place];
          for (const command of commands) {
            if (command.type === "add") {
              const id = index.add(command.state);
              const known = held.get(stateKey(command.state));
              if (known) expect(id).toBe(known.id);
              index.touch(id, command.recency);
              held.set(stateKey(command.state), { id, state: command.state, recency: command.recency });
            } else {
              const entry = at(command.at);
              if (!entry) continue;
              if (command.type === "touch") {
                index.touch(entry.id, command.recency);
                entry.recency = command.recency;
              } else {
                index.remove(entry.id);
                held.delete(stateKey(entry.state));
              }
            }
          }
          expect(index.size).toBe(held.size);
          for (const { state: present, k, minSimilarity, minFeatureSimilarity } of queries) {
            const floors = Object.entries(minFeatureSimilarity);
            const expected = [...held.values()]
              .filter((entry) => entry.state.partition === present.partition)
              .filter(({ state: past }) =>
                floors.every(([name, floor]) => {
                  const feature = Object.entries(present.features).find(([key]) => key === name)?.[1];
                  const other = Object.entries(past.features).find(([key]) => key === name)?.[1];
                  return !feature || naiveJaccard(feature.tokens, other?.tokens ?? []) >= floor - 1e-12;
                }),
              )
              .map((entry) => ({ ...entry, similarity: similarity(present, entry.state) }))
              .filter((entry) => entry.similarity >= minSimilarity - 1e-12)
              .sort((a, b) => b.similarity - a.similarity || b.recency - a.recency);
            const found = index.search(present, {
              k,
              minSimilarity,
              minFeatureSimilarity,
              budget: Number.POSITIVE_INFINITY,
            });
            // Ties in both similarity and recency may come in any order, so the ids are looked up rather than compared.
            const shape = (matches: readonly Match[]) =>
              matches.map(({ id, similarity }) => [
                similarity.toFixed(12),
                [...held.values()].find((entry) => entry.id === id)?.recency,
              ]);
            expect(shape(found ?? [])).toEqual(shape(expected.slice(0, k)));
            const admitted = new Map(expected.map(({ id, similarity }) => [id, similarity]));
            expect(new Set(found?.map(({ id }) => id)).size).toBe(found?.length);
            for (const { id, similarity } of found ?? [])
              expect(admitted.get(id)).toBeCloseTo(similarity, 12);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

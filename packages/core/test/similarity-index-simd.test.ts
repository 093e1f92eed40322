import { LinearSimilarityIndex, type State, seededRandom, toState } from "@jitrl/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openSimd } from "../src/similarity/simd-adder.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** Common tokens in all features, so that columns decide; their number grows, so that columns come and go. */
function states(count: number, seed: number): State[] {
  const random = seededRandom(seed);
  const bag = (most: number, size: number) => {
    const tokens = new Set<string>();
    while (tokens.size < size) tokens.add(`t${Math.floor(most ** random())}`);
    return [...tokens];
  };
  return Array.from({ length: count }, (_, i) =>
    toState({
      features: {
        text: { tokens: bag(20 + (i >>> 4), 8 + Math.floor(random() * 8)), weight: 0.7 },
        task: { tokens: bag(12, 3), weight: 0.3 },
      },
    }),
  );
}

/** All that is found while an index grows, shrinks and grows again. */
async function life(): Promise<{ found: unknown[]; expected: unknown[] }> {
  vi.resetModules();
  const { ExactSimilarityIndex } = await import("../src/similarity/exact-similarity-index.js");
  const indexes = [new ExactSimilarityIndex(), new LinearSimilarityIndex()] as const;
  const queries = states(5, 2);
  const found: unknown[] = [];
  const expected: unknown[] = [];
  const look = () => {
    for (const query of queries) {
      for (const minSimilarity of [0, 0.2, 0.5]) {
        const [one, other] = indexes.map((index) =>
          index.search(query, { k: 20, minSimilarity, budget: 1e12 }),
        );
        found.push(one);
        expected.push(other);
      }
    }
  };
  const all = states(14_000, 1);
  const ids = all.map((state, i) => {
    if (i % 3500 === 0) look();
    const [id, other] = indexes.map((index) => index.add(state));
    expect(id).toBe(other);
    for (const index of indexes) index.touch(id!, i);
    return id!;
  });
  look();
  for (const id of new Set(ids.filter((_, i) => i % 3 > 0))) for (const index of indexes) index.remove(id);
  look();
  for (const state of all.slice(0, 7000)) {
    const [id, other] = indexes.map((index) => index.add(state));
    expect(id).toBe(other);
  }
  look();
  return { found, expected };
}

test("this runtime has WebAssembly with SIMD, so that these tests say something", () => {
  expect(openSimd()).toBeDefined();
});

describe("the index finds what comparing every state finds, while it grows, shrinks and grows again", () => {
  test("with WebAssembly", async () => {
    const { found, expected } = await life();
    expect(found).toEqual(expected);
  });

  test("on a runtime that does not know it", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    const { found, expected } = await life();
    expect(found).toEqual(expected);
  });

  test("on a runtime that compiles none", async () => {
    const refuse = () => {
      throw new Error("Wasm code generation disallowed by embedder");
    };
    vi.stubGlobal("WebAssembly", { Module: refuse });
    const { found, expected } = await life();
    expect(found).toEqual(expected);
  });
});

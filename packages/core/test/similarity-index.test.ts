import { LinearSimilarityIndex, type SearchOptions, type State, seededRandom, toState } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactSimilarityIndex } from "../src/similarity/exact-similarity-index.js";
import { MAX_STATE_TOKENS } from "../src/state.js";

const BUDGET = 1e12;

/** An index and the simple one that it must agree with, told the same. */
class Pair {
  readonly fast = new ExactSimilarityIndex();
  readonly plain = new LinearSimilarityIndex();
  readonly states = new Map<number, State>();
  readonly fastIds = new Map<number, number>();
  #clock = 0;

  add(state: State): number {
    const id = this.plain.add(state);
    const fastId = this.fast.add(state);
    const known = this.fastIds.get(id);
    if (known !== undefined) expect(fastId).toBe(known);
    this.fastIds.set(id, fastId);
    this.states.set(id, state);
    this.touch(id, ++this.#clock);
    return id;
  }

  touch(id: number, recency: number): void {
    this.plain.touch(id, recency);
    this.fast.touch(this.fastIds.get(id)!, recency);
  }

  remove(id: number): void {
    this.plain.remove(id);
    this.fast.remove(this.fastIds.get(id)!);
    this.states.delete(id);
    this.fastIds.delete(id);
  }

  check(query: State, options: Partial<SearchOptions>): void {
    const all = { k: 10, minSimilarity: 0.5, budget: BUDGET, ...options };
    const expected = this.plain.search(query, all)!;
    const found = this.fast.search(query, all);
    expect(found).toEqual(expected.map(({ id, similarity }) => ({ id: this.fastIds.get(id), similarity })));
    expect(this.fast.size).toBe(this.plain.size);
  }
}

const token = fc.integer({ min: 0, max: 400 }).map((n) => `t${Math.floor(n ** 2 / 400)}`);
const bag = fc.oneof(
  { weight: 8, arbitrary: fc.array(token, { maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom("a", "b", "a"), { minLength: 1, maxLength: 40 }) },
);
const weight = fc.constantFrom(0, 0.1, 0.3, 0.6, 1, 1, 2.5);
const features = fc
  .dictionary(fc.constantFrom("text", "history", "task", "__proto__x"), fc.record({ tokens: bag, weight }), {
    minKeys: 1,
    maxKeys: 3,
  })
  .map((parts) => {
    const plain = { ...parts };
    if (Object.values(plain).every(({ weight }) => weight === 0))
      plain.text = { tokens: plain.text?.tokens ?? [], weight: 1 };
    return plain;
  });
const state: fc.Arbitrary<State> = fc
  .record({ features, partition: fc.constantFrom(undefined, undefined, "", "p") })
  .map(({ features, partition }) => (partition === undefined ? { features } : { features, partition }));
const options = fc.record(
  {
    k: fc.constantFrom(1, 2, 3, 10, 1000),
    minSimilarity: fc.constantFrom(0, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.8, 1),
    minFeatureSimilarity: fc.dictionary(
      fc.constantFrom("text", "history", "none"),
      fc.constantFrom(0, 0.2, 0.5, 1),
      { maxKeys: 2 },
    ),
  },
  { requiredKeys: ["k", "minSimilarity"] },
);

/** A state like another, with some tokens of one feature exchanged, so that near ones are common. */
function variant(state: State, random: () => number): State {
  const changed = Object.fromEntries(
    Object.entries(state.features).map(([name, { tokens, weight }]) => [
      name,
      { tokens: tokens.map((t) => (random() < 0.2 ? `t${Math.floor(random() * 300)}` : t)), weight },
    ]),
  );
  return { ...state, features: changed };
}

describe("the exact index finds what comparing every state finds", () => {
  test("for any states, features, floors, deletions and re-insertions", () => {
    fc.assert(
      fc.property(
        fc.array(state, { minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(state, options), { minLength: 1, maxLength: 6 }),
        fc.integer(),
        (states, searches, seed) => {
          const random = seededRandom(seed);
          const pair = new Pair();
          const ids: number[] = [];
          for (const one of states) {
            ids.push(pair.add(one));
            if (random() < 0.5) ids.push(pair.add(variant(one, random)));
            if (random() < 0.1) ids.push(pair.add(one));
            if (random() < 0.2) {
              const id = ids[Math.floor(random() * ids.length)]!;
              if (pair.states.has(id)) pair.remove(id);
            }
          }
          for (const [query, wanted] of searches) {
            pair.check(query, wanted);
            const like = [...pair.states.values()][Math.floor(random() * pair.states.size)];
            if (like) pair.check(variant(like, random), wanted);
          }
        },
      ),
      { numRuns: 800 },
    );
  });
});

/** Draws numbers from 0 on, the small ones often, as words are used. */
function zipf(random: () => number, size: number): number {
  return Math.floor(size ** random()) - 1;
}

describe("in collections with common and rare tokens", () => {
  for (const shape of [
    { name: "one feature", sizes: [14], spread: 8, weights: [1] },
    { name: "three features", sizes: [12, 6, 3], spread: 4, weights: [0.6, 0.3, 0.1] },
    { name: "unequal weights", sizes: [3, 20], spread: 2, weights: [0.7, 0.3] },
    { name: "bags with repeats", sizes: [30], spread: 20, weights: [1], vocabulary: 60 },
    { name: "a feature that mostly is empty", sizes: [10, 0], spread: 3, weights: [0.4, 0.6] },
    {
      name: "many features",
      sizes: [9, 9, 9, 9, 9, 9, 9, 9, 9],
      spread: 3,
      weights: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    },
  ]) {
    test(`${shape.name}: states, similarities and order are the same`, () => {
      const random = seededRandom(7);
      const draw = (): State => ({
        features: Object.fromEntries(
          shape.sizes.map((size, f) => [
            `f${f}`,
            {
              tokens: Array.from(
                { length: size + Math.floor(random() * shape.spread) },
                () => `t${zipf(random, shape.vocabulary ?? 2000)}`,
              ),
              weight: shape.weights[f]!,
            },
          ]),
        ),
      });
      const pair = new Pair();
      const ids: number[] = [];
      const any = () => ids[Math.floor(random() * ids.length)]!;
      for (let i = 0; i < 4000; i++) {
        const like = ids.length > 0 && random() < 0.6 ? pair.states.get(any()) : undefined;
        ids.push(pair.add(like ? variant(like, random) : draw()));
        if (i > 3000 && random() < 0.5) {
          const id = any();
          if (pair.states.has(id)) pair.remove(id);
        }
      }
      for (let i = 0; i < 24; i++) {
        const like = pair.states.get(any());
        const query = i % 2 && like ? variant(like, random) : draw();
        for (const minSimilarity of [0, 0.3, 0.5, 0.8]) {
          pair.check(query, { minSimilarity, k: i % 3 === 0 ? 1 : 10 });
          pair.check(query, { minSimilarity, minFeatureSimilarity: { f0: 0.4 } });
        }
      }
    });
  }
});

describe("in families of near variants, where thousands of states are candidates", () => {
  for (const { name, sizes, vocabulary } of [
    { name: "one feature", sizes: [30], vocabulary: 3000 },
    { name: "bags with many repeats", sizes: [40], vocabulary: 80 },
    { name: "three features", sizes: [18, 9, 4], vocabulary: 3000 },
    { name: "more tokens than a byte can count", sizes: [300], vocabulary: 3000 },
  ]) {
    test(`${name}: states, similarities and order are the same, before and after many are removed`, () => {
      const random = seededRandom(11);
      const fresh = () => `t${zipf(random, vocabulary)}`;
      const draw = (): State => ({
        features: Object.fromEntries(
          sizes.map((size, f) => [
            `f${f}`,
            { tokens: Array.from({ length: size }, fresh), weight: sizes.length - f },
          ]),
        ),
      });
      const near = (state: State, share: number): State => ({
        features: Object.fromEntries(
          Object.entries(state.features).map(([name, { tokens, weight }]) => [
            name,
            { tokens: tokens.map((token) => (random() < share ? fresh() : token)), weight },
          ]),
        ),
      });
      const pair = new Pair();
      const count = sizes[0]! > 100 ? 1500 : 4000;
      const roots = Array.from({ length: 4 }, draw);
      const any = () => [...pair.states.values()][Math.floor(random() * pair.states.size)]!;
      const ids = Array.from({ length: count }, (_, i) =>
        pair.add(i % 3 === 0 ? draw() : near(roots[i % 4]!, 0.3 * random())),
      );
      const checkAll = () => {
        for (let i = 0; i < 12; i++) {
          const query = i % 3 === 0 ? near(any(), 0.1) : near(roots[i % 4]!, 0.05 * i);
          for (const minSimilarity of [0, 0.25, 0.5, 0.65, 0.8]) {
            pair.check(query, { minSimilarity, k: i % 2 === 0 ? 100 : 5 });
          }
          pair.check(query, { minSimilarity: 0.3, minFeatureSimilarity: { f0: 0.5 } });
        }
      };
      checkAll();
      for (const id of ids) if (random() < 0.6 && pair.states.has(id)) pair.remove(id);
      for (let i = 0; i < 200; i++) pair.add(near(roots[i % 4]!, 0.2));
      checkAll();
    });
  }
});

describe("in collections of any make: tokens of all states, of many and of few, and bags of odd sizes", () => {
  for (let seed = 1; seed <= 24; seed++) {
    test(`collection ${seed}: states, similarities and order are the same`, () => {
      const random = seededRandom(seed);
      const pick = <T>(...items: T[]): T => items[Math.floor(random() * items.length)]!;
      const parts = Array.from({ length: pick(1, 1, 2, 3) }, (_, f) => ({
        name: `f${f}`,
        weight: pick(1, 1, 3, 6),
        universal: pick(0, 0, 1, 2, 8),
        // The share of states that have each of the common tokens.
        common: Array.from({ length: pick(0, 8, 20) }, () => pick(0.04, 0.06, 0.1, 0.3, 0.6, 0.95)),
        rare: pick(0, 1, 5),
        odd: pick(0, 0.01, 0.03),
      }));
      const draw = (): State => ({
        features: Object.fromEntries(
          parts.map(({ name, weight, universal, common, rare, odd }) => {
            const isOdd = random() < odd;
            const tokens = [
              ...Array.from({ length: universal }, (_, i) => `u${i}`),
              ...common.flatMap((share, i) => (random() < (isOdd ? share / 4 : share) ? [`c${i}`] : [])),
              ...Array.from({ length: isOdd ? 0 : rare }, () => `r${Math.floor(random() ** 2 * 600)}`),
            ];
            return [name, { tokens, weight }];
          }),
        ),
      });
      const pair = new Pair();
      const ids = Array.from({ length: 1600 }, () => pair.add(draw()));
      const check = () => {
        for (let i = 0; i < 6; i++) {
          const known = pair.states.get(pick(...ids));
          const query = i % 2 === 0 && known ? variant(known, random) : draw();
          for (const minSimilarity of [0, 0.2, 0.5, 0.7, 0.9]) {
            pair.check(query, { minSimilarity, k: pick(1, 10, 100) });
          }
          pair.check(query, { minSimilarity: pick(0, 0.4), minFeatureSimilarity: { f0: pick(0.1, 0.5) } });
        }
      };
      check();
      for (const id of ids) if (random() < 0.3 && pair.states.has(id)) pair.remove(id);
      check();
      // From here on no token is that of all states.
      pair.add({ features: { f0: { tokens: ["alone"], weight: 1 } } });
      check();
    });
  }
});

test("a small bag is found by one more common token than larger bags could be found by", () => {
  const random = seededRandom(1);
  const common = Array.from({ length: 20 }, (_, i) => `c${i}`);
  const bag = (tokens: string[], size: number, name: string) =>
    toState({
      features: {
        text: {
          tokens: [...tokens, ...Array.from({ length: size - tokens.length }, (_, i) => `${name} ${i}`)],
          weight: 1,
        },
      },
    });
  const index = new ExactSimilarityIndex();
  for (let i = 0; i < 20_000; i++) {
    const some = common.filter((_, at) => random() < (at < 8 ? 0.035 : 0.04));
    index.add(bag(some, 20, `state ${i}`));
  }
  const small = index.add(bag(["c0", ...common.slice(8)], 17, "small"));
  const found = index.search(bag(common, 20, ""), { k: 10, minSimilarity: 0.5, budget: BUDGET });
  expect(found).toEqual([{ id: small, similarity: 13 / 24 }]);
});

test("tokens with equal hashes are told apart, also when some are taken out", () => {
  // Of so many, dozens are alike in all bits of their hashes that the vocabulary holds.
  const count = 200_000;
  const states = Array.from({ length: count }, (_, i) =>
    toState({ features: { text: { tokens: [`${i}`], weight: 1 } } }),
  );
  const index = new ExactSimilarityIndex();
  const ids = states.map((state) => index.add(state));
  expect(index.size).toBe(count);
  for (let i = 0; i < count; i += 3) index.remove(ids[i]!);
  const found = states.map((state) => index.search(state, { k: 2, minSimilarity: 0.5, budget: BUDGET }));
  const expected = ids.map((id, i) => (i % 3 === 0 ? [] : [{ id, similarity: 1 }]));
  expect(found).toEqual(expected);
});

describe("while the newest states are in no list yet", () => {
  for (const seed of [1, 2, 3]) {
    test(`in walk ${seed} of adding and removing: states, similarities and order are the same`, () => {
      const random = seededRandom(seed);
      const pair = new Pair();
      const draw = (partition: string): State => {
        const tokens = Array.from({ length: 3 + Math.floor(random() * 8) }, () => `t${zipf(random, 3000)}`);
        return { features: { text: { tokens, weight: 1 } }, partition };
      };
      for (let phase = 0; phase < 24; phase++) {
        const count = [1, 40, 700, 4500][Math.floor(random() * 4)]!;
        for (let i = 0; i < count; i++) pair.add(draw(random() < 0.9 ? "large" : "small"));
        // Some are removed before they were ever in a list, and what comes next takes their places.
        const ids = [...pair.states.keys()];
        const share = [0, 0.02, 0.4][Math.floor(random() * 3)]!;
        for (const id of ids) if (random() < share) pair.remove(id);
        if (random() < 0.4) continue;
        for (const partition of ["large", "small"]) {
          pair.check(draw(partition), { minSimilarity: [0, 0.3, 0.6][phase % 3]! });
        }
      }
      const rest = [...pair.states.values()];
      for (let i = 0; i < 20; i++)
        pair.check(rest[Math.floor(random() * rest.length)]!, { minSimilarity: 0.3 });
    }, 20_000);
  }

  test("the largest states are entered a few at a time", () => {
    const pair = new Pair();
    const large = (first: number): State => {
      const tokens = Array.from({ length: MAX_STATE_TOKENS }, (_, i) => `t${first + i}`);
      return { features: { text: { tokens, weight: 1 } } };
    };
    for (let i = 0; i < 30; i++) pair.add(large(2000 * i));
    for (const floor of [0, 0.5, 0.9]) pair.check(large(21_000), { minSimilarity: floor });
  });
});

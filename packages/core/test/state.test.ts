import {
  bag,
  buckets,
  jaccard,
  MAX_STATE_TOKENS,
  ngrams,
  type State,
  stateKey,
  toState,
  words,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomState } from "./random-state.js";
import { thrown } from "./thrown.js";

describe("words", () => {
  test("are a set: repeats count once", () => {
    expect(words("to be or not to be").tokens).toEqual(["to", "be", "or", "not"]);
  });

  test("lose the punctuation at their edges, not inside", () => {
    expect(words(`"Hello," (she) said: it's node.js... [v1.2] *now*!`).tokens).toEqual([
      "hello",
      "she",
      "said",
      "it's",
      "node.js",
      "v1.2",
      "now",
    ]);
  });

  test("keep masks and quantities whole", () => {
    expect(words("Refund order #123: €500, 50 % within 30 days.").tokens).toEqual([
      "refund",
      "order",
      "<id>",
      "€500",
      "50",
      "%",
      "within",
      "30",
      "days",
    ]);
  });

  test("are taken as they stand without normalization", () => {
    expect(words("Order #123, NOW now", { normalize: false }).tokens).toEqual([
      "Order",
      "#123,",
      "NOW",
      "now",
    ]);
  });

  test("may be normalized by a function of one's own", () => {
    expect(words("a1 b2", { normalize: (text) => text.replace(/\d/g, "") }).tokens).toEqual(["a", "b"]);
  });

  test("weigh 1 unless told otherwise", () => {
    expect(words("a").weight).toBe(1);
    expect(words("a", { weight: 0.3 }).weight).toBe(0.3);
  });

  test("of nothing are none", () => {
    expect(words(" ... ").tokens).toEqual([]);
  });
});

describe("ngrams", () => {
  test("are a multiset of runs of words", () => {
    expect(ngrams("go north go north go", 2).tokens).toEqual([
      "go north",
      "north go",
      "go north",
      "north go",
    ]);
  });

  test("of characters count code points, spaces included", () => {
    expect(ngrams("a😀 b", 2, { unit: "character" }).tokens).toEqual(["a😀", "😀 ", " b"]);
  });

  test("of a text shorter than n are one run", () => {
    expect(ngrams("go north", 4).tokens).toEqual(["go north"]);
    expect(ngrams("ab", 3, { unit: "character" }).tokens).toEqual(["ab"]);
    expect(ngrams("", 3).tokens).toEqual([]);
    expect(ngrams("", 3, { unit: "character" }).tokens).toEqual([]);
  });

  test("number units − n + 1", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        (units, n) => {
          const expected = units.length === 0 ? 0 : Math.max(1, units.length - n + 1);
          expect(ngrams(units.join(" "), n).tokens).toHaveLength(expected);
          expect(ngrams(units.join(""), n, { unit: "character" }).tokens).toHaveLength(expected);
        },
      ),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuse n = %s", (n) => {
    expect(thrown(() => ngrams("a b", n)).code).toBe("invalid-input");
  });
});

test("a bag keeps its tokens as they are, repeats included", () => {
  expect(bag(new Set(["A", "b"])).tokens).toEqual(["A", "b"]);
  expect(bag(["x", "x"], { weight: 2 })).toEqual({ tokens: ["x", "x"], weight: 2 });
});

describe("buckets", () => {
  test("name the one interval that holds a number; an edge belongs to the interval above it", () => {
    const edges = { days: [14, 30] };
    const of = (days: number) => buckets({ days }, edges).tokens;
    expect(of(13.9)).toEqual(["days<14"]);
    expect(of(14)).toEqual(["14≤days<30"]);
    expect(of(29)).toEqual(["14≤days<30"]);
    expect(of(30)).toEqual(["days≥30"]);
    expect(of(45)).toEqual(of(31));
    expect(of(Number.POSITIVE_INFINITY)).toEqual(["days≥30"]);
    expect(of(Number.NEGATIVE_INFINITY)).toEqual(["days<14"]);
  });

  test("agree for two numbers exactly when no edge lies between them", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: -25, max: 25 }),
        fc.integer({ min: -25, max: 25 }),
        (edges, a, b) => {
          edges.sort((x, y) => x - y);
          const token = (x: number) => buckets({ x }, { x: edges }).tokens[0];
          const apart = edges.some((edge) => a < edge !== b < edge);
          expect(token(a) === token(b)).toBe(!apart);
        },
      ),
    );
  });

  test("refuse NaN, unordered edges and numbers without edges", () => {
    expect(thrown(() => buckets({ x: Number.NaN }, { x: [1] })).code).toBe("invalid-input");
    expect(thrown(() => buckets({ x: 1 }, { x: [2, 1] })).code).toBe("invalid-input");
    expect(thrown(() => buckets({ x: 1 }, { x: [1, 1] })).code).toBe("invalid-input");
    expect(thrown(() => buckets({ x: 1 }, { x: [Number.NaN] })).code).toBe("invalid-input");
    expect(thrown(() => buckets({ x: 1 }, { x: [] })).code).toBe("invalid-input");
    expect(thrown(() => buckets({ toString: 1 }, {})).code).toBe("invalid-input");
  });
});

describe("toState", () => {
  test("reads a plain text as one feature of its words", () => {
    expect(toState("Hello, hello world")).toEqual({
      features: { text: { tokens: ["hello", "world"], weight: 1 } },
    });
  });

  test("gives a copy that later changes do not reach", () => {
    const tokens = ["a"];
    const state = toState({ features: { f: { tokens, weight: 1 } }, partition: "p" });
    tokens.push("b");
    expect(state).toEqual({ features: { f: { tokens: ["a"], weight: 1 } }, partition: "p" });
  });

  test("copies documented fields only", () => {
    const state = JSON.parse(`{"features":{"f":{"tokens":["a"],"weight":1,"more":1}},"more":2}`) as State;
    expect(toState(state)).toEqual({ features: { f: { tokens: ["a"], weight: 1 } } });
  });

  test("takes __proto__, constructor and toString for names like any other", () => {
    const state = JSON.parse(
      `{"features":{"__proto__":{"tokens":["a"],"weight":1},"constructor":{"tokens":["b"],"weight":2}}}`,
    ) as State;
    const read = toState(state);
    expect(Object.keys(read.features)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(read.features)).toBe(Object.prototype);
    expect(stateKey(read)).not.toBe(
      stateKey(toState({ features: { constructor: bag(["b"], { weight: 2 }) } })),
    );
    expect(stateKey(toState(read))).toBe(stateKey(read));
  });

  test.each([
    ["null", "null"],
    ["a number", "7"],
    ["an array", "[]"],
    ["no features", "{}"],
    ["features as an array", `{"features":[]}`],
    ["an empty object of features", `{"features":{}}`],
    ["a feature that is null", `{"features":{"f":null}}`],
    ["tokens as a text", `{"features":{"f":{"tokens":"a b","weight":1}}}`],
    ["a token that is a number", `{"features":{"f":{"tokens":[1],"weight":1}}}`],
    ["no weight", `{"features":{"f":{"tokens":[]}}}`],
    ["a negative weight", `{"features":{"f":{"tokens":[],"weight":-1},"g":{"tokens":[],"weight":2}}}`],
    ["weights that are all 0", `{"features":{"f":{"tokens":["a"],"weight":0}}}`],
    ["a weight beyond numbers", `{"features":{"f":{"tokens":[],"weight":1e999}}}`],
    [
      "weights whose sum is beyond numbers",
      `{"features":{"f":{"tokens":[],"weight":1e308},"g":{"tokens":[],"weight":1e308}}}`,
    ],
    ["a partition that is no text", `{"features":{"f":{"tokens":[],"weight":1}},"partition":5}`],
  ])("refuses %s", (_, json) => {
    expect(thrown(() => toState(JSON.parse(json) as State)).code).toBe("invalid-input");
  });

  test("names the field that is wrong", () => {
    const error = thrown(() => toState({ features: { plot: { tokens: ["a"], weight: Number.NaN } } }));
    expect(error.message).toContain("state.features.plot.weight");
    expect(error.message).toContain("NaN");
  });

  test("refuses more tokens than the limit over all features, and admits the limit", () => {
    const tokens = (n: number) => bag(Array.from({ length: n }, (_, i) => `t${i}`));
    const half = MAX_STATE_TOKENS / 2;
    expect(() => toState({ features: { a: tokens(half), b: tokens(half) } })).not.toThrow();
    const error = thrown(() => toState({ features: { a: tokens(half), b: tokens(half + 1) } }));
    expect(error.code).toBe("oversized-state");
    expect(error.details).toEqual({ tokens: MAX_STATE_TOKENS + 1, limit: MAX_STATE_TOKENS });
  });
});

describe("stateKey", () => {
  const shuffled = <T>(items: readonly T[], by: readonly number[]): T[] =>
    items
      .map((item, i) => [by[i] ?? 0, item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);

  test("does not see the order of tokens or features", () => {
    fc.assert(
      fc.property(randomState(), fc.array(fc.double({ noNaN: true })), (state, by) => {
        const features = Object.entries(state.features).map(
          ([name, { tokens, weight }]) => [name, { tokens: shuffled(tokens, by), weight }] as const,
        );
        const other: State = { ...state, features: Object.fromEntries(shuffled(features, by)) };
        expect(stateKey(other)).toBe(stateKey(state));
      }),
    );
  });

  test("is equal only for equal bags, names, weights and partitions", () => {
    const same = (a: State, b: State) => {
      const [names, others] = [Object.keys(a.features), Object.keys(b.features)];
      return (
        a.partition === b.partition &&
        names.length === others.length &&
        names.every((name) => {
          const [f, g] = [a.features[name], b.features[name]];
          return (
            f && g && f.weight === g.weight && [...f.tokens].sort().join() === [...g.tokens].sort().join()
          );
        })
      );
    };
    fc.assert(
      fc.property(randomState(), randomState(), (a, b) => {
        expect(stateKey(a) === stateKey(b)).toBe(same(a, b));
      }),
      { numRuns: 500 },
    );
  });

  test("tells a bag from a set, an absent partition from an empty one, and joined tokens from separate ones", () => {
    const key = (tokens: string[], partition?: string) =>
      stateKey({ features: { f: bag(tokens) }, ...(partition === undefined ? {} : { partition }) });
    expect(key(["a", "a"])).not.toBe(key(["a"]));
    expect(key(["a"], "")).not.toBe(key(["a"]));
    expect(key(["a"], "null")).not.toBe(key(["a"]));
    expect(key(["a,b"])).not.toBe(key(["a", "b"]));
    expect(key([`a","b`])).not.toBe(key(["a", "b"]));
    expect(key(["\ud800"])).not.toBe(key(["\ud801"]));
  });

  test("equal states have similarity 1 in every feature", () => {
    expect(jaccard(words("a b").tokens, words("B, A").tokens)).toBe(1);
    expect(stateKey(toState("a b"))).toBe(stateKey(toState("B, A")));
  });
});

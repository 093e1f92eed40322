import { logitsFromFrequencies, logitsFromLogprobs, logitsFromScores, softmax } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { thrown } from "./thrown.js";

function expectShares(logits: readonly number[], shares: readonly number[]): void {
  softmax(logits).forEach((p, a) => {
    expect(p).toBeCloseTo(shares[a]!, 10);
  });
}

describe("logitsFromScores", () => {
  test("turn scores into their shares: softmax(z) = score / Σ scores", () => {
    const score = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 10 }), (scores) => {
        const top = Math.max(...scores);
        const total = scores.reduce((sum, s) => sum + s / top, 0);
        const logits = logitsFromScores(scores);
        expectShares(
          logits,
          scores.map((s) => s / top / total),
        );
        // ln of the shares themselves: the probabilities of these logits sum to 1 without a softmax.
        expect(logits.reduce((sum, z) => sum + Math.exp(z), 0)).toBeCloseTo(1, 10);
        expect(logits.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  test("do not see the scale of the scores", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0.01, 3, 1e200, 1e-200),
        (scores, scale) => {
          const scaled = logitsFromScores(scores.map((s) => s * scale));
          logitsFromScores(scores).forEach((z, a) => {
            expect(scaled[a]).toBeCloseTo(z, 9);
          });
        },
      ),
    );
  });

  test("lift zeros to a tenth of the smallest positive score", () => {
    expectShares(logitsFromScores([100, 50, 0]), [100 / 155, 50 / 155, 5 / 155]);
    expectShares(logitsFromScores([1, 0, 0]), [1 / 1.2, 0.1 / 1.2, 0.1 / 1.2]);
    expectShares(logitsFromScores([-0, 1]), [0.1 / 1.1, 1 / 1.1]);
  });

  test("are all equal when all scores are 0", () => {
    expectShares(logitsFromScores([0, 0, 0, 0]), [0.25, 0.25, 0.25, 0.25]);
    expect(softmax(logitsFromScores([0]))).toEqual([1]);
  });

  test("stay finite and in order at the ends of the range of numbers", () => {
    const scores = [1e308, 1e308, 1, 5e-324, 0];
    const logits = logitsFromScores(scores);
    expect(logits.every(Number.isFinite)).toBe(true);
    expect(logits[0]).toBe(logits[1]);
    expectShares(logits, [0.5, 0.5, 0, 0, 0]);
    for (let a = 2; a < scores.length; a++) expect(logits[a]).toBeLessThan(logits[a - 1]!);
    expectShares(logitsFromScores([5e-324, 5e-324, 0]), [1 / 2.1, 1 / 2.1, 0.1 / 2.1]);
  });

  test.each([
    ["none", []],
    ["NaN", [1, Number.NaN]],
    ["a negative score", [1, -1]],
    ["an infinite score", [1, Number.POSITIVE_INFINITY]],
  ])("refuse %s", (_, scores) => {
    expect(thrown(() => logitsFromScores(scores)).code).toBe("invalid-input");
    expect(thrown(() => logitsFromFrequencies(scores)).code).toBe("invalid-input");
  });

  test("name the score that is wrong", () => {
    expect(thrown(() => logitsFromScores([1, 2, -3])).message).toMatch(/scores\[2\].*-3/);
    expect(thrown(() => logitsFromFrequencies([-3])).message).toMatch(/counts\[0\].*-3/);
  });
});

test("logitsFromFrequencies turn counts into their shares, with zeros lifted", () => {
  expectShares(logitsFromFrequencies([3, 1]), [0.75, 0.25]);
  expectShares(logitsFromFrequencies([4, 1, 0]), [4 / 5.1, 1 / 5.1, 0.1 / 5.1]);
});

describe("logitsFromLogprobs", () => {
  test("are the log-probabilities as they stand", () => {
    expect(logitsFromLogprobs([-0.1, -2.5, 0])).toEqual([-0.1, -2.5, 0]);
  });

  test("lift probabilities of 0 to the floor", () => {
    expect(logitsFromLogprobs([-0.1, Number.NEGATIVE_INFINITY, -9999])).toEqual([-0.1, -20, -20]);
    expect(logitsFromLogprobs([-0.1, -9999], { floor: -7 })).toEqual([-0.1, -7]);
  });

  test("tolerate a rounding error above 0", () => {
    expect(logitsFromLogprobs([1e-7])[0]).toBeCloseTo(0, 6);
  });

  test.each([
    ["none", []],
    ["NaN", [Number.NaN]],
    ["+Infinity", [Number.POSITIVE_INFINITY]],
    ["a probability above 1", [-1, 0.5]],
  ])("refuse %s", (_, logprobs) => {
    expect(thrown(() => logitsFromLogprobs(logprobs)).code).toBe("invalid-input");
  });
});

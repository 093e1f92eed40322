import { betaWithinBudget, klDivergence, logSoftmax, seededRandom, softmax, updateLogits } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const anyLogit = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(1e308, -1e308, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 5e-324),
);
const logit = fc.double({ min: -10, max: 10, noNaN: true });
const sum = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0);

/** Base logits and advantages of 2–8 actions. */
const problem = fc.integer({ min: 2, max: 8 }).chain((n) =>
  fc.record({
    logits: fc.array(logit, { minLength: n, maxLength: n }),
    advantages: fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: n, maxLength: n }),
  }),
);

describe("softmax", () => {
  test("sums to 1 for any logits, ±1e308 and infinities included", () => {
    fc.assert(
      fc.property(fc.array(anyLogit, { minLength: 1, maxLength: 10 }), (logits) => {
        const p = softmax(logits);
        expect(sum(p)).toBeCloseTo(1, 12);
        expect(p.every((x) => x >= 0 && x <= 1)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test("keeps the order of the logits, and equal ones equal", () => {
    fc.assert(
      fc.property(anyLogit, anyLogit, anyLogit, (a, b, c) => {
        const [p, q] = softmax([a, b, c]);
        if (a === b) expect(p).toBe(q);
        else expect(a > b ? p! >= q! : p! <= q!).toBe(true);
      }),
    );
  });

  test("shares the whole among infinite logits, and among equally impossible ones", () => {
    const infinity = Number.POSITIVE_INFINITY;
    expect(softmax([infinity, 0, infinity])).toEqual([0.5, 0, 0.5]);
    expect(softmax([-infinity, -infinity])).toEqual([0.5, 0.5]);
    expect(softmax([-infinity, 3])).toEqual([0, 1]);
  });

  test("logSoftmax is its logarithm, finite even where the probability is too small for a number", () => {
    fc.assert(
      fc.property(fc.array(logit, { minLength: 1, maxLength: 8 }), (logits) => {
        const p = softmax(logits);
        logSoftmax(logits).forEach((l, a) => {
          expect(l).toBeCloseTo(Math.log(p[a]!), 9);
        });
      }),
    );
    expect(logSoftmax([0, -5000])[1]).toBe(-5000);
    fc.assert(
      fc.property(fc.array(anyLogit, { minLength: 1 }), (logits) => {
        expect(logSoftmax(logits).every((l) => Number.isFinite(l) && l <= 0)).toBe(true);
      }),
    );
  });
});

describe("updateLogits", () => {
  test("is z + βA, and the base policy at β = 0", () => {
    expect(updateLogits([1, 2], [3, -4], 0.5)).toEqual([2.5, 0]);
    fc.assert(
      fc.property(problem, ({ logits, advantages }) => {
        expect(softmax(updateLogits(logits, advantages, 0))).toEqual(softmax(logits));
      }),
    );
  });

  test("stays finite", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        (z, a, beta) => {
          expect(updateLogits([z], [a], beta).every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });

  test("a constant added to all advantages changes no probability", () => {
    fc.assert(
      fc.property(
        problem,
        fc.double({ min: -100, max: 100, noNaN: true }),
        logit,
        ({ logits, advantages }, c, b) => {
          const beta = Math.abs(b);
          const one = softmax(updateLogits(logits, advantages, beta));
          const other = softmax(
            updateLogits(
              logits,
              advantages.map((a) => a + c),
              beta,
            ),
          );
          other.forEach((p, a) => {
            expect(p).toBeCloseTo(one[a]!, 9);
          });
        },
      ),
    );
  });
});

describe("the closed form", () => {
  /** E_π[A] − KL(π ‖ π₀)/β, written out from probabilities, independently of the code under test. */
  const objective = (
    pi: readonly number[],
    base: readonly number[],
    advantages: readonly number[],
    beta: number,
  ) =>
    sum(pi.map((p, a) => p * advantages[a]!)) -
    sum(pi.map((p, a) => (p > 0 ? p * Math.log(p / base[a]!) : 0))) / beta;

  test("is beaten by no other policy on E_π[A] − KL(π ‖ π₀)/β", () => {
    fc.assert(
      fc.property(
        problem,
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        fc.nat(),
        ({ logits, advantages }, beta, seed) => {
          const random = seededRandom(seed);
          const base = softmax(logits);
          const best = softmax(updateLogits(logits, advantages, beta));
          const value = objective(best, base, advantages, beta);
          const normalized = (weights: readonly number[]) => weights.map((w) => w / sum(weights));
          const others = [
            base,
            // point masses
            ...logits.map((_, a) => logits.map((_, b) => (a === b ? 1 : 0))),
            // Dirichlet-like policies, from even to nearly pure
            ...[1, 4, 16].flatMap((power) =>
              Array.from({ length: 10 }, () =>
                normalized(logits.map(() => (-Math.log(1 - random())) ** power)),
              ),
            ),
            // neighbours of the optimum, from near to far
            ...[1e-4, 1e-2, 0.3].flatMap((size) =>
              Array.from({ length: 10 }, () =>
                normalized(best.map((p) => p * Math.exp(size * (2 * random() - 1)))),
              ),
            ),
            // other strengths of learning
            ...[0.5, 0.99, 1.01, 2].map((factor) => softmax(updateLogits(logits, advantages, factor * beta))),
          ];
          for (const other of others) {
            expect(objective(other, base, advantages, beta)).toBeLessThanOrEqual(value + 1e-9);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test("reaches ln E_π₀[exp(βA)] / β, the largest value there is", () => {
    fc.assert(
      fc.property(problem, fc.double({ min: 0.05, max: 5, noNaN: true }), ({ logits, advantages }, beta) => {
        const base = softmax(logits);
        const best = softmax(updateLogits(logits, advantages, beta));
        const bound = Math.log(sum(base.map((p, a) => p * Math.exp(beta * advantages[a]!)))) / beta;
        expect(objective(best, base, advantages, beta)).toBeCloseTo(bound, 8);
      }),
    );
  });
});

describe("klDivergence", () => {
  test("is Σ π ln(π/π₀), 0 only between equal policies", () => {
    fc.assert(
      fc.property(problem, ({ logits, advantages }) => {
        const [p, q] = [softmax(advantages), softmax(logits)];
        expect(klDivergence(advantages, logits)).toBeCloseTo(
          sum(p.map((x, a) => x * Math.log(x / q[a]!))),
          9,
        );
        expect(klDivergence(logits, logits)).toBe(0);
        expect(klDivergence(advantages, logits)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("does not see a constant added to logits", () => {
    expect(klDivergence([1, 2], [11, 12])).toBeCloseTo(0, 12);
  });

  test("is a finite number ≥ 0 for any logits", () => {
    const pair = fc.integer({ min: 1, max: 6 }).chain((n) => {
      const some = fc.array(anyLogit, { minLength: n, maxLength: n });
      return fc.tuple(some, some);
    });
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const kl = klDivergence(a, b);
        expect(Number.isFinite(kl) && kl >= 0).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test("grows with β", () => {
    const beta = fc.double({ min: 0, max: 10, noNaN: true });
    fc.assert(
      fc.property(problem, beta, beta, ({ logits, advantages }, a, b) => {
        const kl = (beta: number) => klDivergence(updateLogits(logits, advantages, beta), logits);
        expect(kl(Math.min(a, b))).toBeLessThanOrEqual(kl(Math.max(a, b)) + 1e-9);
      }),
    );
  });
});

describe("betaWithinBudget", () => {
  const budget = fc.oneof(fc.constantFrom(0, 1e-6, 0.01, 0.1, 1), fc.double({ min: 0, max: 3, noNaN: true }));
  const beta = fc.double({ min: 0, max: 100, noNaN: true });

  test("never exceeds the budget, and is the largest β' ≤ β that does not", () => {
    fc.assert(
      fc.property(problem, beta, budget, ({ logits, advantages }, asked, nats) => {
        const kl = (b: number) => klDivergence(updateLogits(logits, advantages, b), logits);
        const within = betaWithinBudget(logits, advantages, asked, nats);
        expect(within).toBeGreaterThanOrEqual(0);
        expect(within).toBeLessThanOrEqual(asked);
        expect(kl(within)).toBeLessThanOrEqual(nats);
        if (within < asked && nats > 1e-7) {
          expect(kl(Math.min(asked, within * (1 + 1e-5)))).toBeGreaterThan(nats - 1e-12);
          expect(kl(within)).toBeGreaterThan(nats * (1 - 1e-3) - 1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("is β itself where the budget is enough, and without one", () => {
    expect(betaWithinBudget([0, 0], [1, -1], 2, 5)).toBe(2);
    expect(betaWithinBudget([0, 0], [1e308, -1e308], 2, Number.POSITIVE_INFINITY)).toBe(2);
    expect(betaWithinBudget([0, 0], [3, 3], 7, 0)).toBe(7);
  });

  test("ends, and within the budget, for extreme advantages", () => {
    for (const size of [1e-300, 1e-10, 1e10, 1e100, 1e300]) {
      const within = betaWithinBudget([0, 1], [size, -size], 1, 0.1);
      expect(klDivergence(updateLogits([0, 1], [size, -size], within), [0, 1])).toBeLessThanOrEqual(0.1);
      if (size > 1) expect(within).toBeGreaterThan(0);
    }
  });
});

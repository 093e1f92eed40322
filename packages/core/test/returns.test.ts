import {
  discountedReturns,
  type Episode,
  parseEpisode,
  type Reward,
  type RewardKind,
  stepReturns,
  stepRewards,
  toState,
} from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const gamma = fc.oneof(fc.constantFrom(0, 0.1, 0.5, 0.9, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const amount = fc.double({ min: -100, max: 100, noNaN: true });

/** An episode whose steps happen at the given times. */
function episode(times: readonly number[], rewards: readonly Partial<Reward>[]): Episode {
  return parseEpisode({
    id: "e",
    revision: 1,
    at: 0,
    end: "done",
    steps: times.map((t, i) => ({ id: `${i}`, t, state: toState("s"), action: "a", chosenBy: "base" })),
    rewards: rewards.map((reward, i) => ({ id: `r${i}`, value: 1, source: "human", at: 0, ...reward })),
    metadata: {},
    describedBy: "",
  });
}

function expectClose(found: readonly number[] | undefined, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  found?.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected[i]!)));
  });
}

describe("discountedReturns", () => {
  test("are the double sum Σ γ^(u−t) r_u", () => {
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 20 }), gamma, (rewards, γ) => {
        const expected = rewards.map((_, t) => rewards.slice(t).reduce((sum, r, d) => sum + γ ** d * r, 0));
        expectClose(discountedReturns(rewards, γ), expected);
      }),
    );
  });

  test("discount by the time that passed, not by the number of steps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(amount, fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 12 }),
        gamma,
        (pairs, γ) => {
          let now = 0;
          const times = pairs.map(([, gap]) => (now += gap));
          const rewards = pairs.map(([reward]) => reward);
          const expected = times.map((t, i) =>
            rewards.slice(i).reduce((sum, r, d) => sum + γ ** (times[i + d]! - t) * r, 0),
          );
          expectClose(discountedReturns(rewards, γ, times), expected);
        },
      ),
    );
  });

  test("do not change when rewards of 0 follow", () => {
    fc.assert(
      fc.property(
        fc.array(amount, { minLength: 1, maxLength: 10 }),
        fc.nat(5),
        gamma,
        (rewards, zeros, γ) => {
          const longer = discountedReturns([...rewards, ...new Array<number>(zeros).fill(0)], γ);
          expect(longer.slice(0, rewards.length)).toEqual(discountedReturns(rewards, γ));
        },
      ),
    );
  });

  test("are the rewards themselves at γ = 0 and their later sums at γ = 1", () => {
    expect(discountedReturns([1, 2, 3], 0)).toEqual([1, 2, 3]);
    expect(discountedReturns([1, 2, 3], 1)).toEqual([6, 5, 3]);
    expect(discountedReturns([], 0.9)).toEqual([]);
  });
});

describe("stepReturns", () => {
  test("of an episode that nobody rewarded are undefined, not zeros", () => {
    expect(stepReturns(episode([0, 1], []), 0.9)).toBeUndefined();
    expect(stepRewards(episode([0, 1], []))).toBeUndefined();
    expect(stepReturns(episode([0, 1], [{ value: 0 }]), 0.9)).toEqual([0, 0]);
  });

  test("carry a reward without a step back from the last time step", () => {
    expectClose(stepReturns(episode([0, 1, 2], [{ value: 1 }]), 0.5), [0.25, 0.5, 1]);
  });

  test("see gaps in t", () => {
    expectClose(stepReturns(episode([3, 4, 10], [{ value: 1 }]), 0.5), [0.5 ** 7, 0.5 ** 6, 1]);
  });

  test("of parallel calls share what follows, and each keeps what it earned itself", () => {
    const rewards = [
      { step: 0, value: 10 },
      { step: 1, value: -10 },
      { step: 2, value: 4 },
    ];
    expectClose(stepReturns(episode([0, 0, 1], rewards), 0.5), [12, -8, 4]);
  });

  test("give all calls of the last time step what it earned as a whole, once", () => {
    const rewards = [{ value: 8 }, { step: 1, value: 1 }, { step: 2, value: 2 }];
    expectClose(stepReturns(episode([0, 1, 1], rewards), 0.5), [(8 + 1 + 2) / 2, 9, 10]);
  });

  test("are the double sum over times, for any times and rewards of one kind", () => {
    const steps = fc.array(fc.nat(3), { minLength: 1, maxLength: 8 });
    const given = fc.array(fc.record({ value: amount, step: fc.option(fc.nat(7), { nil: undefined }) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, given, gamma, (gaps, rewards, γ) => {
        let now = 0;
        const times = gaps.map((gap) => (now += gap));
        const last = times.at(-1)!;
        const placed = rewards.map(({ value, step }) =>
          step === undefined ? { value } : { value, step: step % times.length },
        );
        const earned = (wanted: (step: number | undefined) => boolean) =>
          placed.filter(({ step }) => wanted(step)).reduce((sum, { value }) => sum + value, 0);
        const expected = times.map((t, i) => {
          const own = earned((step) => step === i) + (t === last ? earned((step) => step === undefined) : 0);
          const later = [...new Set(times.filter((u) => u > t))].reduce(
            (sum, u) =>
              sum + γ ** (u - t) * earned((step) => (step === undefined ? u === last : times[step] === u)),
            0,
          );
          return own + later;
        });
        expectClose(stepReturns(episode(times, placed), γ), expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe("stepRewards", () => {
  test("at each step the highest kind counts: human, then environment, then judge", () => {
    const kind = fc.constantFrom<RewardKind>("human", "environment", "judge");
    const given = fc.array(
      fc.record({ value: amount, step: fc.nat(2), kind, who: fc.constantFrom("", ":x") }),
      {
        minLength: 1,
        maxLength: 10,
      },
    );
    fc.assert(
      fc.property(given, (rewards) => {
        const expected = [0, 1, 2].map((step) => {
          const here = rewards.filter((reward) => reward.step === step);
          const counts = (["human", "environment", "judge"] as const).find((k) =>
            here.some((r) => r.kind === k),
          );
          return here.filter((r) => r.kind === counts).reduce((sum, { value }) => sum + value, 0);
        });
        const found = stepRewards(
          episode(
            [0, 1, 2],
            rewards.map(({ value, step, kind, who }) => ({
              value,
              step,
              source: who ? (`${kind}:x` as const) : kind,
            })),
          ),
        );
        expectClose(found?.own, expected);
        expect(found?.last).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("a person who says 0 overrules a judge who says 5", () => {
    const rewards: Partial<Reward>[] = [
      { step: 0, value: 5, source: "judge" },
      { step: 0, value: 0, source: "human" },
    ];
    expect(stepRewards(episode([0], rewards))?.own).toEqual([0]);
  });

  test("a person's word on one step leaves the environment's on the others", () => {
    const rewards: Partial<Reward>[] = [
      { step: 0, value: 5, source: "environment" },
      { step: 1, value: 6, source: "environment:tool" },
      { step: 1, value: -1, source: "human" },
    ];
    expect(stepRewards(episode([0, 1], rewards))?.own).toEqual([5, -1]);
  });

  test("a reward without a step is judged together with the last step's own", () => {
    const rewards: Partial<Reward>[] = [
      { step: 1, value: 5, source: "environment" },
      { value: -1, source: "human" },
    ];
    expect(stepRewards(episode([0, 1], rewards))).toEqual({ own: [0, -1], last: 0 });
  });

  test("where the last time step has several calls, a reward without a step belongs to it as a whole", () => {
    const rewards: Partial<Reward>[] = [
      { step: 1, value: 5, source: "environment" },
      { value: -1, source: "human" },
      { value: 3, source: "judge" },
    ];
    expect(stepRewards(episode([0, 1, 1], rewards))).toEqual({ own: [0, 5, 0], last: -1 });
  });

  test("the same id counts once", () => {
    const { steps } = episode([0], []);
    const reward: Reward = { id: "same", value: 2, source: "human", at: 0 };
    expect(stepRewards({ steps, rewards: [reward, reward, { ...reward, id: "other" }] })?.own).toEqual([4]);
    expect(episode([0], [reward, reward]).rewards).toEqual([reward]);
  });

  test("a name that merely begins like a kind is no source", () => {
    expect(() => episode([0], [{ source: "humanoid" as Reward["source"] }])).toThrow(/source/);
  });
});

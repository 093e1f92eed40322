import { describe, expect, test } from "vitest";
import { CASES, coverageOf } from "./offline-coverage.js";

// The command test/learning/offline/coverage.ts runs 1,000 longer logs of each. Of so few as here, chance alone leaves
// the band of 93 to 97 %, so the bounds are wider: three standard errors of a share of 95 %.
const RUNS = 16;
const LENGTH = 0.6;
const REACH = 3 * Math.sqrt((0.95 * 0.05) / RUNS);

describe("95 % intervals, against the truth in simulation", () => {
  test.each(CASES.map((one) => [one.name, one] as const))("hold it for %s", async (_, one) => {
    const { refused, estimators } = await coverageOf({ ...one, episodes: LENGTH * one.episodes }, RUNS);
    expect(refused).toBeLessThanOrEqual(2);
    for (const { covered, bias, width } of Object.values(estimators)) {
      expect(covered).toBeGreaterThanOrEqual(0.95 - REACH);
      // An interval that is wide enough for anything would hold the truth too.
      expect(width).toBeLessThan(1.5);
      expect(Math.abs(bias)).toBeLessThan(width / 4);
    }
  });
});

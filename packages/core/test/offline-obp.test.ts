import { evaluateOffline } from "@jitrl/core/offline";
import { describe, expect, test } from "vitest";
import { episodesOf, readVectors, TARGETS } from "../../../test/learning/offline/obp-vectors.js";

// Written by `node scripts/run.mjs test/learning/offline/compare.ts PYTHON`.
const vectors = await readVectors();
const episodes = episodesOf(vectors);

describe(`the figures of ${vectors.library} on the same logs`, () => {
  test("are about every target", () => {
    expect(Object.keys(vectors.figures)).toEqual(Object.keys(TARGETS));
  });

  test.each(Object.entries(vectors.figures))("are ours for the target %s", async (name, theirs) => {
    const ours = await evaluateOffline(episodes, TARGETS[name]!, { minEffectiveEpisodes: 2 });
    if (ours.status === "refused") throw new Error(ours.refusals[0]?.message);
    expect(ours.episodes).toBe(400);
    for (const estimator of ["ips", "snips", "dr"] as const) {
      expect(Math.abs(ours[estimator].value - theirs[estimator].value)).toBeLessThan(1e-9);
    }
    // They draw anew from the terms w·G of SNIPS without their shares in Σ w, so only the others' intervals compare.
    for (const estimator of ["ips", "dr"] as const) {
      const width = theirs[estimator].high - theirs[estimator].low;
      expect(Math.abs(ours[estimator].low - theirs[estimator].low)).toBeLessThan(0.05 * width);
      expect(Math.abs(ours[estimator].high - theirs[estimator].high)).toBeLessThan(0.05 * width);
    }
  });
});

import { type EpisodeInput, seededRandom } from "@jitrl/core";
import { searchSettings } from "@jitrl/core/offline";
import { describe, expect, test } from "vitest";
import { logOf } from "./offline-log.js";
import { createWorld, logEpisodes, type World } from "./offline-world.js";
import { rejected } from "./thrown.js";

const world = createWorld(3);
/** A world in which it makes no difference what is done. */
const indifferent: World = { ...world, rewards: world.rewards.map((row) => row.map(() => 0)) };

describe("a search over settings", () => {
  test("recommends what beats the baseline on episodes that had no part in the choice", async () => {
    const episodes = logEpisodes(world, 260, seededRandom(1));
    const found = await searchSettings(
      episodes,
      { beta: [0.2, 1], selection: ["sample"] },
      { baseline: { estimator: "plain", beta: 0, selection: "sample" } },
    );
    expect(found.outcome).toBe("better");
    expect(found.recommended).toEqual({ beta: 1, selection: "sample" });
    expect(found.heldOut?.difference?.low).toBeGreaterThan(0);
    expect(found.reason).toContain('{"beta":1,"selection":"sample"} beats the baseline');
    // The better first; each against the baseline, on the first half.
    expect(found.tried.map(({ settings }) => settings.beta)).toEqual([1, 0.2]);
    const [best] = found.tried;
    if (best?.verdict.status !== "estimated" || found.baseline.status !== "estimated")
      throw new Error(found.reason);
    expect(best.difference?.value).toBeCloseTo(best.verdict.dr.value - found.baseline.dr.value, 12);
  });

  test("keeps the baseline where nothing beats it", async () => {
    const outcomes: string[] = [];
    for (let seed = 0; seed < 4; seed++) {
      const episodes = logEpisodes(indifferent, 100, seededRandom(100 + seed));
      const grid = { beta: [0.2, 1] };
      const found = await searchSettings(episodes, grid, {
        baseline: { estimator: "plain", selection: "sample", beta: 0.5 },
        minEffectiveEpisodes: 20,
      });
      outcomes.push(found.outcome);
      if (found.outcome !== "not-better") continue;
      expect(found.recommended).toEqual({});
      expect(found.heldOut?.difference?.low).toBeLessThanOrEqual(0);
      expect(found.reason).toContain("Keep the baseline.");
    }
    // By chance one search in forty finds something where there is nothing.
    expect(outcomes.filter((outcome) => outcome === "not-better").length).toBeGreaterThanOrEqual(3);
  });

  test("that finds settings which do the same finds nothing", async () => {
    const episodes = logEpisodes(world, 80, seededRandom(2));
    const baseline = { estimator: "plain" as const, selection: "sample" as const };
    const found = await searchSettings(
      episodes,
      { searchBudget: [1e8, 1e9] },
      { baseline, minEffectiveEpisodes: 20 },
    );
    expect(found).toMatchObject({ outcome: "not-better", recommended: {} });
    expect(found.heldOut?.difference).toEqual({ value: 0, low: 0, high: 0, standardError: 0 });
  });

  test("leaves exploring out of account unless a setting names it", async () => {
    const episodes = logEpisodes(world, 80, seededRandom(2));
    const selection = "sample" as const;
    const silent = await searchSettings(
      episodes,
      { beta: [2] },
      { baseline: { estimator: "plain", selection } },
    );
    const named = await searchSettings(
      episodes,
      { beta: [2] },
      { baseline: { estimator: "plain", selection, explorationBonus: 0 } },
    );
    const exploring = await searchSettings(
      episodes,
      { beta: [2] },
      { baseline: { estimator: "plain", selection, explorationBonus: 5 } },
    );
    expect(named.tried).toEqual(silent.tried);
    expect(exploring.tried).not.toEqual(silent.tried);
  });

  test("cannot tell from greedy logs, and says why", async () => {
    const greedy: EpisodeInput[] = logOf(
      Array.from({ length: 200 }, (_, i) => ({ action: "a", reward: i % 2 === 0 ? -1 : 1, propensity: 1 })),
    );
    const sampling = await searchSettings(
      greedy,
      { beta: [1, 2] },
      { baseline: { estimator: "plain", selection: "sample" } },
    );
    expect(sampling).toMatchObject({ outcome: "cannot-tell", recommended: {}, heldOut: undefined });
    expect(sampling.reason).toContain("the baseline can be valued: ");
    expect(sampling.reason).toContain('Log with selection "sample" or "epsilon-greedy"');
  });

  test("cannot tell from few episodes", async () => {
    const episodes = logEpisodes(world, 60, seededRandom(2));
    const found = await searchSettings(
      episodes,
      { beta: [1, 2] },
      { baseline: { estimator: "plain", selection: "sample" } },
    );
    expect(found).toMatchObject({ outcome: "cannot-tell", recommended: {} });
    expect(found.baseline).toMatchObject({ status: "refused", refusals: [{ code: "too-few" }] });
  });

  test("refuses what is no grid", async () => {
    const numbers = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const grid of [{}, { beta: [] }, { k: numbers, beta: numbers }]) {
      expect((await rejected(searchSettings([], grid))).message).toContain("grid");
    }
    expect((await rejected(searchSettings([], { beta: [1] }, { heldOut: 1 }))).message).toContain("heldOut");
    const log = logEpisodes(world, 2, seededRandom(1));
    expect((await rejected(searchSettings(log, { k: [0] }))).message).toContain("k to be");
  });
});

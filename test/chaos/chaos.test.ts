import { expect, test } from "vitest";
import { describeWithRedis } from "../../packages/redis/test/servers/describe-with-redis.js";
import { runChaos } from "./run-chaos.js";
import { appendOnlyScene, failoverScene } from "./scene.js";

const nothing = { lost: [], doubled: [], resurrected: [], invented: [] };

describeWithRedis("replicas among faults", () => {
  for (const [title, open] of [
    ["a server that stalls, dies and restarts, and connections that are cut", () => appendOnlyScene(300)],
    ["a primary that fails over", failoverScene],
  ] as const) {
    test(`lose, double and resurrect nothing, and agree: ${title}`, { timeout: 300_000 }, async () => {
      const report = await runChaos(await open(), { seconds: 4, seed: 1, workers: 2 });
      expect(report.verdict).toEqual(nothing);
      expect(report.divergent).toEqual([]);
      expect(report.failures).toEqual({});
      // It did happen.
      for (const [name, count] of Object.entries(report.faults))
        expect([name, count > 0]).toEqual([name, true]);
      expect(report.operations.acknowledged).toBeGreaterThan(100);
    });
  }
});

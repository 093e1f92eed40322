import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { describeWithRedis } from "../../../packages/redis/test/servers/describe-with-redis.js";
import { sharedServer } from "../../../packages/redis/test/servers/index.js";
import { runReplicas } from "../src/run-replicas.js";

describeWithRedis("three processes on one Redis", () => {
  it("get better together, though only one is told how its tickets ended", async () => {
    const server = await sharedServer();
    try {
      const runs = await runReplicas({ url: server.url, namespace: randomUUID(), tickets: 90 });
      const right = (from: number, to: number) =>
        runs.map((run) => run.right.slice(from, to).filter(Boolean).length);
      expect(runs.map((run) => run.right.length)).toEqual([90, 90, 90]);
      const [before, after] = [right(0, 15), right(60, 90)];
      for (const [index, late] of after.entries()) {
        expect(late / 30).toBeGreaterThan(0.6);
        expect(late / 30).toBeGreaterThan(before[index]! / 15);
      }
    } finally {
      await server.stop();
    }
  }, 60_000);
});

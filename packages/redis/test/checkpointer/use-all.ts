import { createPolicy } from "@jitrl/core";
import { expect } from "vitest";
import type { RedisExperienceCheckpointer } from "../../src/index.js";
import { approvalGraph } from "./approval-graph.js";

/** Uses all that the package does: a graph that stops and is read, listed, deleted; experience learned and forgotten. */
export async function useAll(checkpointer: RedisExperienceCheckpointer): Promise<void> {
  await checkpointer.memory.ready();
  const graph = approvalGraph(checkpointer);
  const config = { configurable: { thread_id: "t" } };
  await graph.invoke({ note: "tea" }, config);
  expect((await graph.getState(config)).next).toEqual(["ask"]);
  let listed = 0;
  for await (const _ of checkpointer.list({})) listed++;
  expect(listed).toBeGreaterThan(1);
  const policy = createPolicy({ memory: checkpointer.memory });
  const learned = await policy.learn({
    threadId: "t",
    end: "done",
    steps: [{ state: "s", action: "a" }],
    rewards: [{ id: "r", value: 1, source: "environment", at: 0 }],
  });
  await policy.feedback({ threadId: "t" }, { reward: -1 });
  await policy.forget({ episodeId: learned.episodeId });
  await checkpointer.deleteThread("t");
  expect(await checkpointer.getTuple(config)).toBeUndefined();
}

import { readFileSync } from "node:fs";
import { type BaseCheckpointSaver, Command, MemorySaver } from "@langchain/langgraph";
import { transform } from "esbuild";
import { expect, it } from "vitest";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { approvalGraph } from "./approval-graph.js";
import { withCheckpointers } from "./with-checkpointers.js";

type CopyThread = (from: BaseCheckpointSaver, to: BaseCheckpointSaver, threadId: string) => Promise<void>;

/** The function as the guide prints it. */
async function copyThreadOfTheGuide(): Promise<CopyThread> {
  const guide = readFileSync(new URL("../../../../docs/guides/redis.md", import.meta.url), "utf8");
  const [code] = guide.split("```ts\n").flatMap((part) => {
    const block = part.split("\n```")[0] ?? "";
    return block.includes("function copyThread") ? [block] : [];
  });
  if (!code) throw new Error("docs/guides/redis.md has no function copyThread.");
  const { code: plain } = await transform(code, { loader: "ts" });
  const module = await import(`data:text/javascript,${encodeURIComponent(plain)}`);
  return module.copyThread;
}

describeWithRedis("moving from another checkpointer", () => {
  const { open } = withCheckpointers();

  it("copies a thread that is interrupted, and it goes on", async () => {
    const [before, after] = [new MemorySaver(), await open()];
    const config = { configurable: { thread_id: "t" } };
    await approvalGraph(before).invoke({ note: "tea" }, config);
    await (await copyThreadOfTheGuide())(before, after, "t");
    const [graph, other] = [approvalGraph(after), approvalGraph(before)];
    expect(await graph.getState(config)).toEqual(await other.getState(config));
    const { log } = await graph.invoke(new Command({ resume: "yes" }), config);
    expect(log).toEqual(["proposed tea", "answer yes", "done"]);
  });
});

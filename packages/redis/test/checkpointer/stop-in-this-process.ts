// Runs a graph up to its interrupt, says so, and waits to be killed: faults.test.ts goes on from there.
import { RedisExperienceCheckpointer } from "../../src/index.js";
import { approvalGraph } from "./approval-graph.js";

const [url = "", namespace = "", threadId = ""] = process.argv.slice(2);
const checkpointer = await RedisExperienceCheckpointer.fromUrl(url, { namespace });
await approvalGraph(checkpointer).invoke({ note: "tea" }, { configurable: { thread_id: threadId } });
console.log("stopped");
setInterval(() => {}, 1_000);

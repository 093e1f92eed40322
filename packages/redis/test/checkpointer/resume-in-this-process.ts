// Resumes the interrupted run of a thread: graphs.test.ts starts it as a process of its own.
import { Command } from "@langchain/langgraph";
import { RedisExperienceCheckpointer } from "../../src/index.js";
import { approvalGraph } from "./approval-graph.js";

const [url = "", namespace = "", threadId = ""] = process.argv.slice(2);
const checkpointer = await RedisExperienceCheckpointer.fromUrl(url, { namespace });
const graph = approvalGraph(checkpointer);
const { log } = await graph.invoke(new Command({ resume: "yes" }), { configurable: { thread_id: threadId } });
console.log(JSON.stringify(log));
await checkpointer.close();

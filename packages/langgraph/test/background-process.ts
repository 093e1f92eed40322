// A process of its own that runs an agent with a judge in the background, on an experience file, until it is killed.
// It says in one line of JSON each: that the user has the answer, that the judge was asked.

import { writeSync } from "node:fs";
import { createPolicy, openMemory } from "@jitrl/core";
import { FileExperienceStore } from "@jitrl/core/file";
import { llmEvaluator } from "../src/index.js";
import { agentGraph, onThread, say } from "./graphs.js";
import { JudgeModel } from "./judges.js";

const store = await FileExperienceStore.open(process.argv[2] ?? "");
const policy = createPolicy({ memory: await openMemory({ store }), mode: "off" });
const tell = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
const model = new JudgeModel(() => {
  tell({ asked: true });
  // It never answers: the process is killed before that.
  return new Promise(() => setInterval(() => {}, 60_000));
});
const graph = agentGraph({
  experience: { policy },
  evaluator: { reward: llmEvaluator({ model }), background: true },
});
const { messages } = await graph.invoke(say("a b"), onThread("one"));
tell({ answer: messages.at(-1)?.text });

import { chooseModel } from "@jitrl/example-quickstart";
import { runAgents } from "./run-agents.js";

await runAgents("A support desk of createAgent that learns by a middleware.", (env) =>
  chooseModel(env, { calls: "six" }),
);

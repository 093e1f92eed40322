import { parseArgs } from "node:util";
import { createPolicy, openMemory } from "@jitrl/core";
import { compareDesks } from "@jitrl/example-quickstart";
import { chooseTeamModel } from "./choose-team-model.js";
import { deskOf, learningTeam, plainTeam } from "./support-team.js";

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: { offline: { type: "boolean", default: false }, tickets: { type: "string" } },
});
const chosen = await chooseTeamModel(options.offline ? {} : process.env);
const count = options.tickets === undefined ? chosen.tickets : Number(options.tickets);
if (!Number.isInteger(count) || count < 12) {
  console.error(`Expected --tickets to be an integer of at least 12, found ${options.tickets}.`);
  process.exit(2);
}

const memory = await openMemory();
const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });
await compareDesks({
  title: "A supervisor that learns whose ticket it is.",
  chosen,
  count,
  plain: (tickets) => deskOf(plainTeam(chosen.model, tickets)),
  learning: (tickets) => deskOf(learningTeam(chosen.model, tickets, policy)),
});
await memory.close();

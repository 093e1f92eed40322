import { createPolicy, openMemory } from "@jitrl/core";
import { ticketNumber } from "@jitrl/example-quickstart";
import { chooseTeamModel } from "./choose-team-model.js";
import { learningTeam } from "./support-team.js";

const { model } = await chooseTeamModel(process.env);
const tickets = Array.from({ length: 240 }, (_, n) => ticketNumber(n));
const policy = createPolicy({ memory: await openMemory(), beta: 3, minSimilarity: 0.6 });

/** What `langgraph.json` names. What it learns lasts as long as the server. */
export const graph = learningTeam(model, tickets, policy);

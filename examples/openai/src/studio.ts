import { createPolicy, openMemory } from "@jitrl/core";
import { learningAgent } from "@jitrl/example-create-agent";
import { ticketNumber } from "@jitrl/example-quickstart";
import { chooseOpenAI } from "./choose-openai.js";

const { model } = await chooseOpenAI(process.env);
const tickets = Array.from({ length: 240 }, (_, n) => ticketNumber(n));
const policy = createPolicy({ memory: await openMemory(), beta: 3, minSimilarity: 0.6 });

/** What `langgraph.json` names. What it learns lasts as long as the server. */
export const graph = learningAgent(model, tickets, policy).graph;

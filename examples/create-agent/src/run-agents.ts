import { parseArgs } from "node:util";
import { createPolicy, openMemory } from "@jitrl/core";
import type { Environment } from "@jitrl/example-models";
import { type ChosenModel, compareDesks } from "@jitrl/example-quickstart";
import { deskOf, learningAgent, plainAgent } from "./support-agent.js";

/**
 * The command of this example and of those on other models: reads `--tickets` and `--offline`, and compares the agent
 * with and without the middleware.
 *
 * @param choose the model, by the keys that are there
 */
export async function runAgents(
  title: string,
  choose: (env: Environment) => Promise<ChosenModel>,
): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: { offline: { type: "boolean", default: false }, tickets: { type: "string" } },
  });
  const chosen = await choose(values.offline ? {} : process.env);
  const count = values.tickets === undefined ? chosen.tickets : Number(values.tickets);
  if (!Number.isInteger(count) || count < 12) {
    console.error(`Expected --tickets to be an integer of at least 12, found ${values.tickets}.`);
    process.exitCode = 2;
    return;
  }
  const memory = await openMemory();
  const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });
  await compareDesks({
    title,
    chosen,
    count,
    plain: (tickets) => deskOf(plainAgent(chosen.model, tickets)),
    learning: (tickets) => deskOf(learningAgent(chosen.model, tickets, policy)),
  });
  await memory.close();
}

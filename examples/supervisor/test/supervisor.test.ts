import { createPolicy, openMemory } from "@jitrl/core";
import { type Resolution, rightResolution, ticketNumber, workAt } from "@jitrl/example-quickstart";
import { HumanMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import { graph } from "../src/studio.js";
import { deskOf, learningTeam, plainTeam } from "../src/support-team.js";
import { TeamModel } from "../src/team-model.js";

const owners: Readonly<Record<Resolution["tool"], string>> = {
  refund: "transfer_to_refunds",
  decline: "transfer_to_refunds",
  send_replacement: "transfer_to_warehouse",
  escalate: "transfer_to_specialists",
};

test("the supervisor learns whose ticket it is, and leaves the looking up of orders alone", async () => {
  const tickets = Array.from({ length: 40 }, (_, n) => ticketNumber(n, n >= 32));
  const memory = await openMemory();
  const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });
  const model = new TeamModel();
  const plain = await workAt(deskOf(plainTeam(model, tickets)), tickets);
  const learned = await workAt(deskOf(learningTeam(model, tickets, policy)), tickets);

  const right = (resolved: typeof plain) => resolved.slice(20).filter((one) => one.right).length / 20;
  expect(right(learned)).toBeGreaterThan(right(plain) + 0.2);
  for (const { decisions } of learned) {
    expect(decisions.map(({ chosen }) => chosen.action)).toEqual([
      "find_order",
      expect.stringMatching(/^transfer_to_(?:refunds|warehouse|specialists)$/),
    ]);
  }
  // A ticket is resolved by the rules just where it came to those who know them.
  for (const { ticket, right, decisions } of learned) {
    expect(right).toBe(decisions[1]?.chosen.action === owners[rightResolution(ticket).tool]);
  }
});

test("the graph of langgraph.json runs without a key", async () => {
  const { messages } = await graph.invoke({ messages: [new HumanMessage(ticketNumber(0).text)] });
  expect(messages.at(-1)?.text).toBe("The ticket is closed.");
});

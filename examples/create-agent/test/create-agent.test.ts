import { createPolicy, openMemory } from "@jitrl/core";
import { StandInModel, ticketNumber, workAt } from "@jitrl/example-quickstart";
import { HumanMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import { graph } from "../src/studio.js";
import { deskOf, learningAgent, plainAgent } from "../src/support-agent.js";

test("the middleware raises the share of tickets resolved by the rules", async () => {
  const tickets = Array.from({ length: 60 }, (_, n) => ticketNumber(n, n >= 48));
  const memory = await openMemory();
  const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });
  const model = new StandInModel();
  const plain = await workAt(deskOf(plainAgent(model, tickets)), tickets);
  const learned = await workAt(deskOf(learningAgent(model, tickets, policy)), tickets);
  const right = (resolved: typeof plain) => resolved.slice(20).filter((one) => one.right).length / 40;
  expect(right(learned)).toBeGreaterThan(right(plain) + 0.15);
  expect(plain.flatMap(({ decisions }) => decisions)).toEqual([]);
  expect((await memory.stats()).episodes).toBe(60);
});

test("the graph of langgraph.json runs without a key, and also answers what it has no order for", async () => {
  const known = await graph.invoke({ messages: [new HumanMessage(ticketNumber(0).text)] });
  expect(known.messages.at(-1)?.text).toMatch(/^Thank you/);
  const unknown = await graph.invoke({ messages: [new HumanMessage("Topic: Delivery. Where is it?")] });
  expect(unknown.messages.at(-1)?.type).toBe("ai");
});

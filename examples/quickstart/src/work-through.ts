import type { Decision, Policy } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import { isJitRLEvent } from "@jitrl/langgraph";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { learningDesk, plainDesk, wasRight } from "./support-desk.js";
import type { Ticket } from "./tickets.js";

/** What became of one ticket. */
export interface Resolved {
  readonly ticket: Ticket;
  readonly right: boolean;
  /** What the two nodes decided on the way; none for the plain desk. */
  readonly decisions: readonly Decision[];
}

/**
 * Works through tickets one after the other; with a policy by the graph with the two nodes, else by the plain one.
 *
 * @param onResolved called after each ticket
 */
export async function workThrough(
  tickets: readonly Ticket[],
  model: ChatModel,
  policy: Policy | undefined,
  onResolved: (resolved: Resolved) => void = () => {},
): Promise<Resolved[]> {
  const desk = policy ? learningDesk(model, tickets, policy) : plainDesk(model, tickets);
  const all: Resolved[] = [];
  for (const ticket of tickets) {
    const decisions: Decision[] = [];
    let messages: BaseMessage[] = [];
    const input = { messages: [new HumanMessage(ticket.text)] };
    for await (const [mode, chunk] of await desk.stream(input, { streamMode: ["custom", "values"] })) {
      if (mode === "values") messages = chunk.messages;
      else if (isJitRLEvent(chunk) && chunk.type === "jitrl:decision") decisions.push(chunk.decision);
    }
    const resolved = { ticket, right: wasRight(ticket, { messages }), decisions };
    all.push(resolved);
    onResolved(resolved);
  }
  return all;
}

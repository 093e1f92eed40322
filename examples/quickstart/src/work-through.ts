import type { Decision, Policy } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import { isJitRLEvent } from "@jitrl/langgraph";
import { BaseMessage, HumanMessage } from "@langchain/core/messages";
import { learningDesk, plainDesk, wasRight } from "./support-desk.js";
import type { Ticket } from "./tickets.js";

/** What became of one ticket. */
export interface Resolved {
  readonly ticket: Ticket;
  readonly right: boolean;
  /** What JitRL decided on the way; none for the plain desk. */
  readonly decisions: readonly Decision[];
}

/** Handles one ticket, as `stream` with the modes `custom` and `values` tells it. */
export type Desk = (input: {
  messages: BaseMessage[];
}) => Promise<AsyncIterable<readonly [mode: string, chunk: unknown]>>;

/**
 * Works through tickets one after the other; with a policy by the graph with the two nodes, else by the plain one.
 *
 * @param onResolved called after each ticket
 */
export function workThrough(
  tickets: readonly Ticket[],
  model: ChatModel,
  policy: Policy | undefined,
  onResolved?: (resolved: Resolved) => void,
): Promise<Resolved[]> {
  const desk = policy ? learningDesk(model, tickets, policy) : plainDesk(model, tickets);
  return workAt((input) => desk.stream(input, { streamMode: ["custom", "values"] }), tickets, onResolved);
}

/** The same with a desk of any make. */
export async function workAt(
  desk: Desk,
  tickets: readonly Ticket[],
  onResolved: (resolved: Resolved) => void = () => {},
): Promise<Resolved[]> {
  const all: Resolved[] = [];
  for (const ticket of tickets) {
    const decisions: Decision[] = [];
    let messages: BaseMessage[] = [];
    for await (const [mode, chunk] of await desk({ messages: [new HumanMessage(ticket.text)] })) {
      if (mode === "values") messages = messagesIn(chunk);
      else if (isJitRLEvent(chunk) && chunk.type === "jitrl:decision") decisions.push(chunk.decision);
    }
    const resolved = { ticket, right: wasRight(ticket, { messages }), decisions };
    all.push(resolved);
    onResolved(resolved);
  }
  return all;
}

function messagesIn(values: unknown): BaseMessage[] {
  if (typeof values !== "object" || values === null || !("messages" in values)) return [];
  const { messages } = values;
  return Array.isArray(messages) ? messages.filter((message) => BaseMessage.isInstance(message)) : [];
}

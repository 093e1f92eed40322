import type { Policy, State } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import {
  auditOf,
  type Desk,
  describeCall,
  describeTicket,
  deskPrompt,
  deskTools,
  type Ticket,
} from "@jitrl/example-quickstart";
import { verbalizedCandidates } from "@jitrl/langgraph";
import { type AgentState, type JitRLMiddlewareOptions, jitrlMiddleware } from "@jitrl/langgraph/middleware";
import { ToolMessage } from "@langchain/core/messages";
import { createAgent } from "langchain";

/** The support desk as an ordinary agent of langchain, nothing that learns. */
export function plainAgent(model: ChatModel, tickets: readonly Ticket[]) {
  return createAgent({ model, tools: deskTools(tickets), systemPrompt: deskPrompt });
}

/**
 * The same agent with one middleware more.
 *
 * @param options where alternatives come from, which else is the agent's own model, asked in the place of its call;
 * and who judges, which else is the shop's audit
 */
export function learningAgent(
  model: ChatModel,
  tickets: readonly Ticket[],
  policy: Policy,
  options: Pick<JitRLMiddlewareOptions, "candidates" | "reward"> = {},
) {
  const jitrl = jitrlMiddleware({
    policy,
    candidates: verbalizedCandidates({ count: 8 }),
    describeState: describeStage,
    actionKey: describeCall,
    reward: auditOf(tickets),
    ...options,
  });
  return createAgent({
    model,
    tools: deskTools(tickets),
    systemPrompt: deskPrompt,
    middleware: [jitrl],
  });
}

/** Answering is an action here, so a ticket before and after its resolution must not be taken for alike. */
function describeStage(state: AgentState): State {
  const done = state.messages.filter((message) => ToolMessage.isInstance(message));
  return { ...describeTicket(state), partition: `${done.length} calls` };
}

/** An agent as a desk that the quickstart can give tickets to. */
export function deskOf(agent: ReturnType<typeof plainAgent> | ReturnType<typeof learningAgent>): Desk {
  return (input) => agent.stream(input, { streamMode: ["custom", "values"] });
}

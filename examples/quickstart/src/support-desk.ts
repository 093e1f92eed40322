import { bag, buckets, type Policy, type State, words } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import {
  EvaluatorNode,
  type EvaluatorNodeOptions,
  JitRLNode,
  type JitRLNodeOptions,
  type MessagesState,
  type ToolCallSpec,
  verbalizedCandidates,
} from "@jitrl/langgraph";
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import * as z from "zod";
import { isRight, type Resolution, teams, warehouses } from "./company-rules.js";
import type { Ticket } from "./tickets.js";
import { deskTools } from "./tools.js";

/** What the agent is told: the order of its work, and nothing of the company's rules. */
export const deskPrompt = new SystemMessage(
  "You work at the support desk of a furniture shop. Look the order up first, then resolve the ticket with exactly one tool, then answer the customer in one sentence.",
);

/** The desk as an ordinary ReAct graph: the agent, its tools, nothing that learns. */
export function plainDesk(model: ChatModel, tickets: readonly Ticket[]) {
  const tools = deskTools(tickets);
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", agentNode(model, tools))
    .addNode("tools", new ToolNode(tools))
    .addEdge(START, "agent")
    .addConditionalEdges("agent", toolsCondition, { tools: "tools", [END]: END })
    .addEdge("tools", "agent")
    .compile();
}

/**
 * The same graph with two nodes more.
 *
 * @param options where alternatives come from, which else is the model; and who judges, which else is the shop
 */
export function learningDesk(
  model: ChatModel,
  tickets: readonly Ticket[],
  policy: Policy,
  options: Partial<Pick<JitRLNodeOptions, "candidates">> & Pick<EvaluatorNodeOptions, "reward"> = {},
) {
  const tools = deskTools(tickets);
  const { candidates = verbalizedCandidates({ model, tools, count: 8 }), reward = auditOf(tickets) } =
    options;
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", agentNode(model, tools))
    .addNode(
      "jitrl",
      new JitRLNode({
        policy,
        candidates,
        describeState: describeTicket,
        actionKey: describeCall,
      }),
      JitRLNode.options,
    )
    .addNode("tools", new ToolNode(tools))
    .addNode("evaluate", new EvaluatorNode({ policy, reward }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END)
    .compile();
}

/** What the shop finds out days later; nothing for a ticket that it does not know. */
export function auditOf(tickets: readonly Ticket[]) {
  const ticketOf = new Map(tickets.map((ticket) => [ticket.text, ticket]));
  return (state: MessagesState): number | undefined => {
    const ticket = ticketOf.get(state.messages[0]?.text ?? "");
    return ticket && (wasRight(ticket, state) ? 1 : -1);
  };
}

function agentNode(model: ChatModel, tools: ReturnType<typeof deskTools>) {
  const bound = model.bindTools(tools);
  return async ({ messages }: MessagesState) => ({
    messages: [await bound.invoke([deskPrompt, ...messages])],
  });
}

/** What makes two calls the same action: everything but the order that it is about. */
export function describeCall({ name, args }: ToolCallSpec): string {
  return [name, args.warehouse ?? args.team].filter((part) => typeof part === "string").join(" ");
}

/** What makes two tickets alike: the topic, the facts of the order with quantities by size, and the words. */
export function describeTicket({ messages }: MessagesState): State {
  const text = messages.find((message) => HumanMessage.isInstance(message))?.text ?? "";
  const [, topic = "", complaint = ""] = /^Topic: ([^.]*)\.(.*)$/s.exec(text) ?? [];
  return {
    features: {
      topic: bag([topic], { weight: 0.4 }),
      facts: bag(orderFacts(messages), { weight: 0.5 }),
      complaint: words(complaint, { weight: 0.1 }),
    },
  };
}

const foundOrder = z.object({ price_eur: z.number(), country: z.string(), days: z.number() });

/** What was found out about the order so far. */
function orderFacts(messages: readonly BaseMessage[]): string[] {
  const answer = messages.findLast(
    (message) => ToolMessage.isInstance(message) && message.name === "find_order",
  );
  if (!answer?.text.startsWith("{")) return [];
  const { price_eur: price, country, days } = foundOrder.parse(JSON.parse(answer.text));
  return [country, ...buckets({ price, days }, { price: [80], days: [31] }).tokens];
}

/** The tools that resolve a ticket. A supervisor has others as well, to hand it over. */
const resolving = new Set(["refund", "decline", "send_replacement", "escalate"]);

/** True if what was done follows the company's rules, as the shop sees it days later. */
export function wasRight(ticket: Ticket, { messages }: MessagesState): boolean {
  const calls = messages.flatMap((message) =>
    AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [],
  );
  const resolutions = calls.filter(({ name }) => resolving.has(name));
  const [only] = resolutions;
  return resolutions.length === 1 && only !== undefined && isRight(ticket, resolutionOf(only));
}

function resolutionOf({
  name,
  args,
}: {
  name: string;
  args: Record<string, unknown>;
}): Resolution | undefined {
  const warehouse = warehouses.find((one) => one === args.warehouse);
  const team = teams.find((one) => one === args.team);
  if (name === "refund" || name === "decline") return { tool: name };
  if (name === "send_replacement" && warehouse) return { tool: name, warehouse };
  if (name === "escalate" && team) return { tool: name, team };
  return undefined;
}

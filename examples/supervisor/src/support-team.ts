import type { Policy } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import { auditOf, type Desk, describeTicket, deskTools, type Ticket } from "@jitrl/example-quickstart";
import { EvaluatorNode, functionCandidates, JitRLNode, toolNameKey } from "@jitrl/langgraph";
import { END, MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createSupervisor } from "@langchain/langgraph-supervisor";
import { handbooks, specialists } from "./handbooks.js";

const prompt =
  "You supervise a support desk. Look the order up first, then hand the ticket to exactly one of your teams, and once it is done say so in one sentence.";

/** A schema that Studio can read at run time; MessagesAnnotation serves as well. */
const Team = new StateSchema({ messages: MessagesValue });

/** The team without anything that learns. */
export function plainTeam(llm: ChatModel, tickets: readonly Ticket[]) {
  return teamOf(llm, tickets).compile();
}

/** The same team, whose supervisor learns who handles what. */
export function learningTeam(llm: ChatModel, tickets: readonly Ticket[], policy: Policy) {
  const handOffs = specialists.map((name) => ({ call: { name: `transfer_to_${name}`, args: {} } }));
  const routing = new JitRLNode({
    policy,
    // Only whom to hand a ticket to is learned: looking the order up has no alternatives.
    candidates: functionCandidates((_state, { call }) =>
      call?.name.startsWith("transfer_to_") ? handOffs : [],
    ),
    describeState: describeTicket,
    actionKey: toolNameKey,
  });
  const reward = auditOf(tickets);
  return new StateGraph(Team)
    .addNode("team", teamOf(llm, tickets, routing).compile())
    .addNode("evaluate", new EvaluatorNode({ policy, reward }), EvaluatorNode.options)
    .addEdge(START, "team")
    .addEdge("team", "evaluate")
    .addEdge("evaluate", END)
    .compile();
}

function teamOf(llm: ChatModel, tickets: readonly Ticket[], postModelHook?: JitRLNode) {
  const [find, ...resolving] = deskTools(tickets);
  const agents = specialists.map((name) => {
    const { text, tools } = handbooks[name];
    return createReactAgent({
      llm,
      name,
      prompt: text,
      tools: resolving.filter((one) => tools.includes(one.name)),
    });
  });
  return createSupervisor({
    agents,
    llm,
    prompt,
    tools: find ? [find] : [],
    // What was done must be seen by whoever judges it.
    outputMode: "full_history",
    ...(postModelHook ? { postModelHook } : {}),
  });
}

/** A team as a desk that the quickstart can give tickets to. */
export function deskOf(team: ReturnType<typeof plainTeam> | ReturnType<typeof learningTeam>): Desk {
  return (input) => team.stream(input, { streamMode: ["custom", "values"] });
}

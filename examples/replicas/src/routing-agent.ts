import { bag, createPolicy, type Random, words } from "@jitrl/core";
import { EvaluatorNode, functionCandidates, JitRLNode } from "@jitrl/langgraph";
import type { RedisExperienceCheckpointer } from "@jitrl/redis";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { type Team, type Ticket, teams } from "./tickets.js";

const Routing = Annotation.Root({ text: Annotation<string>(), team: Annotation<string>() });
type Routing = typeof Routing.State;

/** What the agent believes without experience: most things are for the repair shop. */
const habits: Readonly<Record<Team, number>> = { billing: 0, repairs: 1, logistics: 0, safety: 0, sales: 0 };

/**
 * An agent that hands tickets to teams.
 *
 * @param feedback what somebody tells it about a finished ticket; undefined for an agent that nobody tells anything
 */
export function routingAgent(
  checkpointer: RedisExperienceCheckpointer,
  random: Random,
  feedback: ((text: string, team: string) => number) | undefined,
) {
  const policy = createPolicy({
    memory: checkpointer.memory,
    beta: 4,
    explorationBonus: 2,
    k: 50,
    minSimilarity: 0.3,
    random,
  });
  const route = new JitRLNode({
    policy,
    candidates: functionCandidates<Routing>(() =>
      teams.map((team) => ({ action: team, logit: habits[team] })),
    ),
    describeState: ({ text }: Routing) => {
      const [thing = "", complaint = ""] = text.split(": ");
      return {
        features: { thing: bag([thing], { weight: 0.1 }), complaint: words(complaint, { weight: 0.9 }) },
      };
    },
    apply: ({ action }) => ({ team: action }),
  });
  const evaluate = new EvaluatorNode({ policy, reward: ({ text, team }: Routing) => feedback?.(text, team) });
  const graph = new StateGraph(Routing)
    .addNode("route", route, JitRLNode.optionsFor(Routing))
    .addNode("evaluate", evaluate, EvaluatorNode.optionsFor(Routing))
    .addEdge(START, "route")
    .addEdge("route", "evaluate")
    .addEdge("evaluate", END)
    .compile({ checkpointer });
  return async ({ text }: Ticket, thread: string): Promise<string> =>
    (await graph.invoke({ text }, { configurable: { thread_id: thread } })).team;
}

import type { ExperienceMemory, Policy } from "@jitrl/core";
import {
  type CandidateSource,
  type Evaluator,
  EvaluatorNode,
  functionCandidates,
  JitRLNode,
  logprobCandidates,
  type MessagesState,
  recalledCandidates,
  sampledCandidates,
  verbalizedCandidates,
} from "@jitrl/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { learningAgent, plainAgent } from "../../examples/create-agent/src/index.js";
import {
  describeCall,
  describeTicket,
  deskPrompt,
  deskTools,
  learningDesk,
  plainDesk,
  type Ticket,
} from "../../examples/quickstart/src/index.js";
import type { CountingModel } from "./counting-model.js";

/** What one agent is made of. */
export interface Parts {
  readonly tickets: readonly Ticket[];
  readonly memory: ExperienceMemory;
  readonly policy: Policy;
  readonly judge: Evaluator;
  /** The agent's model; others count as the same agent's calls. */
  readonly model: CountingModel;
  /** The same model, with five completions to a request. */
  readonly fivefold: CountingModel;
}

/** Handles one ticket. */
export type Run = (input: { messages: BaseMessage[] }, config: RunnableConfig) => Promise<MessagesState>;

/** A way to run the support desk. */
export interface Setup {
  /** As the table says it. */
  readonly candidates: string;
  /** The policy's mode. @default "on" */
  readonly mode?: "shadow" | "off";
  readonly build: (parts: Parts) => Run;
}

export interface AgentKind {
  readonly name: string;
  /** The same agent without JitRL. */
  readonly plain: (parts: Parts) => Run;
  readonly setups: readonly Setup[];
}

type Source = (parts: Parts) => CandidateSource<MessagesState>;

const samples = 5;

/** All ways to resolve a ticket. */
const listed: Source = () =>
  functionCandidates(({ messages }) => {
    const order_id = orderIn(messages);
    return [
      { call: { name: "refund", args: { order_id } } },
      { call: { name: "decline", args: { order_id } } },
      { call: { name: "escalate", args: { order_id, team: "safety" } } },
    ];
  });
const recalled: Source = ({ memory, tickets }) =>
  recalledCandidates({
    memory,
    tools: deskTools(tickets),
    ground: (call, { state }) => ({
      ...call,
      args: { ...call.args, order_id: orderIn(state?.messages ?? []) },
    }),
  });
const lettered: Source = (parts) => logprobCandidates({ model: parts.model, options: listed(parts) });

/** Sources that weigh the agent's own call, which the agent makes first. */
const beside: Readonly<Record<string, Source>> = {
  "`functionCandidates`": listed,
  "`recalledCandidates`": recalled,
  "`logprobCandidates` over `functionCandidates`": lettered,
  "`verbalizedCandidates({ model, tools })`": ({ model, tickets }) =>
    verbalizedCandidates({ model, tools: deskTools(tickets) }),
  "`sampledCandidates({ model, tools })`, 5 in one request": ({ fivefold, tickets }) =>
    sampledCandidates({ model: fivefold, tools: deskTools(tickets), count: samples, prompt: asked }),
  "`sampledCandidates({ model, tools })`, 5 requests": ({ model, tickets }) =>
    sampledCandidates({ model, tools: deskTools(tickets), count: samples, prompt: asked }),
};

/** Sources that ask the agent's own model in the place of its call. */
const inPlace: Readonly<Record<string, Source>> = {
  "`verbalizedCandidates()`, the default": () => verbalizedCandidates(),
  '`verbalizedCandidates({ answer: "stream" })`': () => verbalizedCandidates({ answer: "stream" }),
  "`sampledCandidates()`, 5 at once": () => sampledCandidates({ count: samples }),
};

export const agentKinds: readonly AgentKind[] = [
  {
    name: "A StateGraph with the two nodes",
    plain: ({ model, tickets }) => runOf(plainDesk(model, tickets)),
    setups: setupsOf(beside, (parts, candidates) =>
      runOf(learningDesk(parts.model, parts.tickets, parts.policy, { candidates, reward: parts.judge })),
    ),
  },
  {
    name: "`createAgent` with the middleware",
    plain: ({ model, tickets }) => runOf(plainAgent(model, tickets)),
    setups: [
      ...setupsOf(inPlace, withMiddleware),
      ...(["shadow", "off"] as const).map((mode) => ({
        candidates: `the default, mode \`${mode}\``,
        mode,
        build: (parts: Parts) => withMiddleware(parts, verbalizedCandidates()),
      })),
      ...setupsOf(beside, withMiddleware),
    ],
  },
  {
    name: "`createReactAgent` with `postModelHook`",
    plain: (parts) => runOf(createReactAgent(reactOptions(parts))),
    setups: setupsOf(beside, (parts, candidates) => {
      const { policy, judge } = parts;
      const postModelHook = new JitRLNode({
        policy,
        candidates,
        describeState: describeTicket,
        actionKey: describeCall,
      });
      const graph = new StateGraph(MessagesAnnotation)
        .addNode("agent", createReactAgent({ ...reactOptions(parts), postModelHook }))
        .addNode("evaluate", new EvaluatorNode({ policy, reward: judge }), EvaluatorNode.options)
        .addEdge(START, "agent")
        .addEdge("agent", "evaluate")
        .addEdge("evaluate", END);
      return runOf(graph.compile());
    }),
  },
];

function setupsOf(
  sources: Readonly<Record<string, Source>>,
  build: (parts: Parts, candidates: CandidateSource<MessagesState>) => Run,
): Setup[] {
  return Object.entries(sources).map(([candidates, source]) => ({
    candidates,
    build: (parts) => build(parts, source(parts)),
  }));
}

function withMiddleware(parts: Parts, candidates: CandidateSource<MessagesState>): Run {
  const { model, tickets, policy, judge } = parts;
  return runOf(learningAgent(model, tickets, policy, { candidates, reward: judge }));
}

function reactOptions({ model, tickets }: Parts) {
  return { llm: model, tools: deskTools(tickets), prompt: deskPrompt };
}

function runOf(agent: { invoke: Run }): Run {
  return (input, config) => agent.invoke(input, config);
}

/** What the agent itself is asked with. */
function asked(messages: readonly BaseMessage[]): BaseMessage[] {
  return [deskPrompt, ...messages];
}

function orderIn(messages: readonly BaseMessage[]): string {
  return /A-\d{5}/.exec(messages.map(({ text }) => text).join(" "))?.[0] ?? "unknown";
}

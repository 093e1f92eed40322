import { createPolicy, openMemory, seededRandom } from "@jitrl/core";
import { llmEvaluator } from "@jitrl/langgraph";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ticketNumber } from "../../examples/quickstart/src/index.js";
import { type AgentKind, agentKinds, type Parts, type Run, type Setup } from "./agents.js";
import { type CountedCall, CountingModel } from "./counting-model.js";

/** What a number of episodes cost, as means. */
export interface Cost {
  /** Calls of models at a step that calls a tool. */
  readonly callsAtToolStep: number;
  /** Calls of models at the step that answers the user. */
  readonly callsAtAnswer: number;
  /** Calls of models in an episode, without the judge. */
  readonly calls: number;
  /** Estimated tokens of an episode, without the judge. */
  readonly input: number;
  readonly output: number;
  /** Steps in an episode: each tool call, and the answer. */
  readonly steps: number;
  /** What the judge of an episode costs. */
  readonly judge: CountedCall & { readonly calls: number };
  /** What the agent called, by episode. */
  readonly executed: readonly (readonly string[])[];
}

export interface KindCosts {
  readonly name: string;
  readonly plain: Cost;
  readonly setups: readonly { readonly candidates: string; readonly cost: Cost }[];
}

/** How many tickets each agent gets. */
export const EPISODES = 3;

/** Runs every kind of agent with every source of candidates, and without JitRL, over the same tickets. */
export async function measureAll(kinds: readonly AgentKind[] = agentKinds): Promise<KindCosts[]> {
  const costs: KindCosts[] = [];
  for (const { name, plain, setups } of kinds) {
    const measured: { candidates: string; cost: Cost }[] = [];
    const without = await measure(plain);
    for (const { candidates, build, mode } of setups) {
      measured.push({ candidates, cost: await measure(build, mode) });
    }
    costs.push({ name, plain: without, setups: measured });
  }
  return costs;
}

async function measure(build: (parts: Parts) => Run, mode: Setup["mode"] | "on" = "on"): Promise<Cost> {
  const tickets = Array.from({ length: EPISODES }, (_, n) => ticketNumber(n));
  const steps = new StepCounter();
  const calls: (CountedCall & { readonly step: number })[] = [];
  const judged: CountedCall[] = [];
  const onCall = (call: CountedCall) => calls.push({ ...call, step: steps.toolsDone });
  const memory = await openMemory({ payloads: true });
  const judge = new CountingModel({ onCall: (call) => judged.push(call) });
  const run = build({
    tickets,
    memory,
    // Nothing may be replaced, so that all agents do the same and only their costs differ.
    policy: createPolicy({ memory, guard: { mayReplace: () => false }, mode, random: seededRandom(1) }),
    judge: llmEvaluator({ model: judge }),
    model: new CountingModel({ onCall }),
    fivefold: new CountingModel({ onCall, n: 5 }),
  });

  const executed: string[][] = [];
  const atAnswer: number[] = [];
  for (const { text } of tickets) {
    steps.toolsDone = 0;
    const before = calls.length;
    const { messages } = await run({ messages: [new HumanMessage(text)] }, { callbacks: [steps] });
    executed.push(
      messages.flatMap((message) =>
        AIMessage.isInstance(message)
          ? (message.tool_calls ?? []).map(({ name, args }) => `${name} ${JSON.stringify(args)}`)
          : [],
      ),
    );
    const last = steps.toolsDone;
    atAnswer.push(calls.slice(before).filter(({ step }) => step === last).length);
  }
  // A judge whose answer cannot be used is asked again, which is not what an episode costs.
  const learned = await memory.stats();
  if (judged.length > 0 && learned.steps === 0)
    throw new Error("Expected the episodes to be judged, found none.");
  await memory.close();

  const tools = executed.flat().length;
  const answers = total(atAnswer);
  return {
    callsAtToolStep: (calls.length - answers) / tools,
    callsAtAnswer: answers / EPISODES,
    calls: calls.length / EPISODES,
    input: total(calls.map(({ input }) => input)) / EPISODES,
    output: total(calls.map(({ output }) => output)) / EPISODES,
    steps: tools / EPISODES + 1,
    judge: {
      calls: judged.length / EPISODES,
      input: total(judged.map(({ input }) => input)) / EPISODES,
      output: total(judged.map(({ output }) => output)) / EPISODES,
    },
    executed,
  };
}

/** Tells the steps of a run apart by the tools that were run before them. */
class StepCounter extends BaseCallbackHandler {
  override name = "steps";
  override awaitHandlers = true;
  toolsDone = 0;

  override handleToolEnd(): void {
    this.toolsDone++;
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

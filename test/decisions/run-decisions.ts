import type { Decision } from "@jitrl/core";
import { isJitRLEvent } from "@jitrl/langgraph";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { type Acted, type Agent, randomAgent } from "./agents.js";
import { audit, callsIn, type Outcome, type Rule } from "./audit.js";
import { chance, choose } from "./chance.js";
import type { Call } from "./tool-shapes.js";
import { randomWorld, type World } from "./world.js";

export interface RunOptions {
  readonly count: number;
  readonly seed: number;
  /** @default 200 */
  readonly decisionsAWorld?: number;
  /** Told after each world; it may end the run by giving true. */
  readonly onProgress?: (report: Report) => boolean | undefined;
  /** Makes the agent, so that a test can make a bad one. @default a node or the middleware */
  readonly agentOf?: (world: World) => Agent;
}

export interface Report {
  decisions: number;
  /** What they were like: a check of decisions that are all alike would say little. */
  readonly kinds: Record<string, number>;
  readonly violations: Partial<Record<Rule, number>>;
  /** The first of them: the seed of the world, the number of the decision there, and the rule. */
  readonly examples: string[];
  /** How far the actions taken are from their propensities, in standard deviations; beyond ±5 is no chance. */
  deviation: number;
}

const TASKS = ["the parcel #12 is lost", "the vase is broken, order #4711", "close my account"];

/** Lets random agents decide in random worlds, and checks each decision. */
export async function runDecisions({
  count,
  seed,
  decisionsAWorld = 200,
  onProgress,
  agentOf = randomAgent,
}: RunOptions): Promise<Report> {
  const report: Report = { decisions: 0, kinds: {}, violations: {}, examples: [], deviation: 0 };
  const surprise = { sum: 0, variance: 0 };
  for (let number = 0; report.decisions < count; number++) {
    // Seeds next to each other would share worlds.
    const worldSeed = (Math.imul(seed, 0x9e3779b1) + Math.imul(number, 0x85ebca6b)) >>> 0;
    const world = await randomWorld(worldSeed);
    const agent = agentOf(world);
    const end = Math.min(decisionsAWorld, count - report.decisions);
    for (let i = 0; i < end; i++) {
      const { kind, broken, decision } = await decideOnce(world, agent);
      report.decisions++;
      report.kinds[kind] = (report.kinds[kind] ?? 0) + 1;
      for (const rule of broken) {
        report.violations[rule] = (report.violations[rule] ?? 0) + 1;
        if (report.examples.length < 20) report.examples.push(`${rule}: world ${worldSeed}, decision ${i}`);
      }
      if (decision) weighSurprise(decision, surprise);
    }
    await world.memory.close();
    report.deviation = surprise.variance > 0 ? surprise.sum / Math.sqrt(surprise.variance) : 0;
    if (onProgress?.(report)) break;
  }
  return report;
}

/** Whether the first candidate was executed, less the probability of that: 0 on average, if propensities are right. */
function weighSurprise(
  { candidates: [first], chosen }: Decision,
  surprise: { sum: number; variance: number },
): void {
  const p = first?.propensity ?? 0;
  surprise.sum += (chosen.action === first?.action ? 1 : 0) - p;
  surprise.variance += p * (1 - p);
}

async function decideOnce(
  world: World,
  agent: Agent,
): Promise<{ kind: string; broken: readonly Rule[]; decision?: Decision }> {
  const { random } = world;
  const own = Array.from({ length: chance(0.03, random) ? 2 : 1 }, () => world.ownCall());
  const said = new AIMessage({
    id: "said",
    content: "",
    tool_calls: own.map(({ name, args }, i) => ({
      name,
      args: { ...args },
      id: `call-${i}`,
      type: "tool_call",
    })),
  });
  const asked = new HumanMessage({ id: "asked", content: choose(TASKS, random) });
  const events: unknown[] = [];
  const config = {
    configurable: { thread_id: `thread-${Math.floor(random() * 50)}` },
    writer: (event: unknown) => events.push(event),
  };
  let acted: Acted;
  try {
    acted = await agent.act(asked, said, config);
  } catch {
    return { kind: "failed", broken: ["failed"] };
  }
  const event = events.find((one) => isJitRLEvent(one) && one.type === "jitrl:decision");
  const decision = isJitRLEvent(event) && event.type === "jitrl:decision" ? event.decision : undefined;
  const broken = audit(world, outcomeOf(world, agent, own, acted, decision));
  await teach(world, acted);
  const kind = agent.inPlace ? `${kindOf(decision)}, in place` : kindOf(decision);
  return { kind, broken, ...(decision ? { decision } : {}) };
}

function kindOf(decision: Decision | undefined): string {
  if (!decision) return "undecided";
  const { reason, mode, chosen, baseAction } = decision;
  if (reason !== "learned") return reason;
  if (mode === "shadow") return "learned, in shadow";
  return chosen.action === baseAction ? "learned, the base action" : "learned, another action";
}

function outcomeOf(
  { proposed }: World,
  { inPlace }: Agent,
  own: readonly Call[],
  { message }: Acted,
  decision: Decision | undefined,
): Outcome {
  // Where nothing was executed in its place, what the agent said stands.
  const passed = AIMessage.isInstance(message)
    ? { executed: (message.tool_calls ?? []).map(({ name, args }) => ({ name, args })), text: message.text }
    : { executed: own, text: "" };
  // In the place of the agent's own call the likeliest proposal is the base action.
  const proposedBase = inPlace && decision?.mode === "on";
  if (!proposedBase) return { own, ...passed, decision, proposedBase };
  // Of two proposals under one key, the one that may be executed is the one that was weighed.
  const { chosen, baseAction } = decision;
  const base = chosen.action === baseAction ? chosen : proposed().find(({ action }) => action === baseAction);
  return { own: callsIn(base?.payload), ...passed, decision, proposedBase };
}

/** Experience of any worth with what was done, and now and then with what should never be done. */
async function teach({ random, policy, proposed }: World, acted: Acted): Promise<void> {
  if (!chance(0.3, random)) return;
  const trajectory: { steps?: readonly { state: never; action: string }[]; describedBy?: string } = Object(
    acted.trajectory,
  );
  const step = trajectory.steps?.[0];
  if (!step) return;
  const tempting = proposed();
  const action = tempting.length > 0 && chance(0.5, random) ? choose(tempting, random).action : step.action;
  if (action === "") return;
  const reward = choose([-1, 0, 1, 5, 1000], random) * random();
  await policy.learn({
    describedBy: trajectory.describedBy ?? "",
    steps: [{ state: step.state, action, reward }],
  });
}

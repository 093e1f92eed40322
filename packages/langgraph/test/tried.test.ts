import { adaptiveEstimator, type EstimateInput } from "@jitrl/core";
import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { anyOfAbc, learningAgent, ToolModel } from "./agents.js";
import { agentGraph, experience, onThread, say, walk, walkGraph } from "./graphs.js";

const thread = onThread("one");
const situation = () => "always the same";

/** Experience of the one situation there is, and what the estimator is told of the run in each decision. */
async function watched() {
  const told: Record<string, number | undefined>[] = [];
  const adaptive = adaptiveEstimator();
  const estimator = {
    name: "watched",
    estimate(input: EstimateInput) {
      told.push(Object.fromEntries(input.actions.map((action, a) => [action, input.tried?.[a]])));
      return adaptive.estimate(input);
    },
  };
  const learned = await experience({ estimator });
  for (const describedBy of ["custom", "messages/1"])
    await learned.policy.learn({ describedBy, steps: [{ state: situation(), action: "a", reward: 1 }] });
  return { learned, told };
}

const ofTwoRuns = [
  { a: 0, b: 0, c: 0 },
  { a: 1, b: 0, c: 0 },
  { a: 1, b: 1, c: 0 },
  { a: 2, b: 1, c: 0 },
  { a: 0, b: 0, c: 0 },
  { a: 0, b: 0, c: 1 },
];

describe("what a run has taken in the very same state already is known to its next decision, and to no other run", () => {
  it("in a graph with messages", async () => {
    const { learned, told } = await watched();
    const graph = agentGraph({ experience: learned, jitrl: { describeState: situation } });
    await graph.invoke(say("a b a c"), thread);
    await graph.invoke(say("c a"), thread);
    expect(told.map(short)).toEqual(ofTwoRuns);
  });

  it("in an agent with the middleware", async () => {
    const { learned, told } = await watched();
    const agent = learningAgent({
      experience: learned,
      model: new ToolModel(),
      jitrl: { candidates: anyOfAbc, describeState: situation },
    });
    await agent.invoke({ messages: [new HumanMessage("a b a c")] }, thread);
    await agent.invoke({ messages: [new HumanMessage("c a")] }, thread);
    expect(told.map(short)).toEqual(ofTwoRuns);
  });

  it("in a graph without messages", async () => {
    const { learned, told } = await watched();
    const graph = walkGraph({ experience: learned, jitrl: { describeState: situation } });
    for (let run = 0; run < 2; run++) await graph.invoke(walk(3, "a"), thread);
    expect(told).toEqual([0, 1, 2, 0, 1, 2].map((a) => ({ a })));
  });
});

/** The names of the tools in place of the keys of their calls. */
function short(counts: Record<string, number | undefined>) {
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key.split(/[ #]/u)[0], count]));
}

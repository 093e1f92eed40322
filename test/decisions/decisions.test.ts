import { createPolicy, type Decision } from "@jitrl/core";
import { AIMessage } from "@langchain/core/messages";
import { describe, expect, test } from "vitest";
import { type Agent, nodeAgent, randomAgent, safeNode } from "./agents.js";
import type { Rule } from "./audit.js";
import { runDecisions } from "./run-decisions.js";
import type { World } from "./world.js";

describe("decisions of random agents, offered what they should not do", () => {
  test("break no rule, and are taken as often as their propensities say", async () => {
    const report = await runDecisions({ count: 2_000, seed: 3, decisionsAWorld: 50 });
    expect(report.examples).toEqual([]);
    expect(Math.abs(report.deviation)).toBeLessThan(5);
    // They are not all of one kind.
    const kinds = ["learned, another action", "learned, the base action", "learned, in shadow", "guarded"];
    for (const kind of kinds.flatMap((one) => [one, `${one}, in place`])) {
      expect(report.kinds[kind] ?? 0, kind).toBeGreaterThan(8);
    }
  });

  /** A node whose policy has other settings than those that it is judged by. */
  const withPolicy = (change: (options: Parameters<typeof createPolicy>[0]) => void) => (world: World) => {
    const { neverChosen: _, neverReplaced: __, ...settings } = world.settings;
    const options = { ...settings, memory: world.memory, random: world.random };
    change(options);
    return nodeAgent(safeNode(world, { policy: createPolicy(options) }));
  };

  /** A node whose policy says something else than it decided. */
  const lying = (lie: (decision: Decision) => Partial<Decision>) => (world: World) =>
    randomAgent({
      ...world,
      policy: {
        ...world.policy,
        async decide(input) {
          const decision = await world.policy.decide(input);
          return { ...decision, ...lie(decision) };
        },
      },
    });

  /** An agent that passes on another message than it should. */
  const changing =
    (change: (message: AIMessage) => AIMessage) =>
    (world: World): Agent => {
      const agent = randomAgent(world);
      return {
        ...agent,
        async act(...input) {
          const { message, trajectory } = await agent.act(...input);
          return { trajectory, message: AIMessage.isInstance(message) ? change(message) : message };
        },
      };
    };

  const faults: [string, Rule, (world: World) => Agent][] = [
    [
      "a node that does not know the tools",
      "unbound",
      (world) => nodeAgent(safeNode(world, { tools: undefined })),
    ],
    [
      "a node that does not know the tools",
      "refused",
      (world) => nodeAgent(safeNode(world, { tools: undefined })),
    ],
    ["a policy without its guard", "barred", withPolicy(() => undefined)],
    ["a policy without its KL budget", "budget", withPolicy((options) => delete options.klBudget)],
    [
      "a policy without its floor of evidence",
      "evidence",
      withPolicy((options) => delete options.minActionEvidence),
    ],
    [
      "a policy that acts in shadow",
      "standing",
      lying(({ mode, candidates, chosen, preferredAction }) => {
        const action = candidates.find((candidate) => candidate.action === preferredAction)?.action;
        return mode === "shadow" && action ? { chosen: { ...chosen, action } } : {};
      }),
    ],
    ["a policy with wrong propensities", "propensity", lying(() => ({ propensity: 0.123 }))],
    ["a policy with a wrong divergence", "divergence", lying(({ kl }) => ({ kl: kl / 2 }))],
    [
      "a node that changes what is executed",
      "unproposed",
      changing(
        (message) =>
          new AIMessage({ ...message, tool_calls: [{ id: "1", name: "refund", args: { order: 1 } }] }),
      ),
    ],
    [
      "a node that throws",
      "failed",
      changing(() => {
        throw new Error("as asked");
      }),
    ],
  ];
  test.each(faults)("are seen through: %s breaks the rule %s", async (_, rule, agentOf) => {
    const found = (violations: Partial<Record<Rule, number>>) => (violations[rule] ?? 0) > 0;
    const { violations } = await runDecisions({
      count: 2_000,
      seed: 5,
      decisionsAWorld: 10,
      agentOf,
      onProgress: (report) => found(report.violations),
    });
    expect(violations).toSatisfy(found);
  });

  test("are seen through: draws that are none are far from the propensities", async () => {
    const agentOf = withPolicy((options) => {
      options.random = () => 0;
    });
    const report = await runDecisions({
      count: 2_000,
      seed: 5,
      decisionsAWorld: 10,
      agentOf,
      onProgress: ({ deviation }) => Math.abs(deviation) > 5,
    });
    expect(Math.abs(report.deviation)).toBeGreaterThan(5);
  });

  test("are the same for the same seed", async () => {
    const [one, other] = [
      await runDecisions({ count: 100, seed: 9 }),
      await runDecisions({ count: 100, seed: 9 }),
    ];
    expect(other).toEqual(one);
  });
});

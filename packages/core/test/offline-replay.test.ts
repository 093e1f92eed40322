import {
  createPolicy,
  InMemoryExperienceStore,
  openMemory,
  type PolicyOptions,
  seededRandom,
  summarize,
} from "@jitrl/core";
import { replay } from "@jitrl/core/offline";
import { describe, expect, test } from "vitest";
import { ACTIONS, createWorld } from "./offline-world.js";

const world = createWorld(2);

/** What a policy logs that starts from nothing. */
async function logged(options: Partial<PolicyOptions>, episodes = 60): Promise<InMemoryExperienceStore> {
  const store = new InMemoryExperienceStore();
  const random = seededRandom(4);
  const policy = createPolicy({ ...options, memory: await openMemory({ store }), random });
  for (let at = 0; at < episodes; at++) {
    const x = at % world.situations.length;
    const state = world.situations[x]!;
    const candidates = ACTIONS.map((action, a) => ({ action, logit: world.logits[x]![a]! }));
    const decision = await policy.decide({ state, candidates });
    const { action } = decision.chosen;
    const reward = world.rewards[x]![ACTIONS.indexOf(action)]!;
    const step = { state, action, chosenBy: decision.chosenBy, reward, decision: summarize(decision) };
    await policy.learn({ id: `e${at}`, at, steps: [step] });
  }
  return store;
}

describe("a replay", () => {
  test("with the settings that were used chooses what was chosen", async () => {
    const settings = { estimator: "plain" as const, beta: 2, explorationBonus: 1 };
    const store = await logged({ ...settings, logCandidates: true });
    const { steps, agreement, setAside } = await replay(store.scan(), settings);
    expect(agreement).toBe(1);
    expect(setAside).toEqual({});
    expect(steps.map(({ chosen }) => chosen)).toEqual(steps.map((step) => step.logged));
    expect(steps.filter((step) => step.logged !== step.baseAction).length).toBeGreaterThan(5);
  });

  test("with learning off chooses the base action", async () => {
    const store = await logged({ estimator: "plain", beta: 2, explorationBonus: 1, logCandidates: true });
    const { steps, agreement } = await replay(store.scan(), { mode: "off" });
    expect(steps.map(({ chosen }) => chosen)).toEqual(steps.map(({ baseAction }) => baseAction));
    const same = steps.filter((step) => step.logged === step.baseAction).length;
    expect(same).toBeLessThan(steps.length);
    expect(agreement).toBeCloseTo(same / steps.length, 12);
  });

  test("with another setting agrees as often as it chooses alike", async () => {
    const store = await logged({ estimator: "plain", explorationBonus: 1, selection: "sample" });
    const { steps, agreement } = await replay(store.scan(), {
      estimator: "plain",
      beta: 5,
      explorationBonus: 0,
    });
    expect(steps).toHaveLength(60);
    for (const { logged, chosen, probability } of steps) expect(probability).toBe(logged === chosen ? 1 : 0);
    const same = steps.filter(({ probability }) => probability === 1).length;
    expect(agreement).toBeCloseTo(same / 60, 12);
    expect(same).toBeGreaterThan(0);
    expect(same).toBeLessThan(60);
  });

  test("asks a policy that is a function, whether anybody rewarded the episodes or not", async () => {
    const unrewarded = [];
    for await (const { rewards: _, ...episode } of (await logged({ logCandidates: true }, 5)).scan())
      unrewarded.push(episode);
    const { steps, agreement } = await replay(unrewarded, () => [0, 0, 0, 1]);
    expect(steps.map(({ chosen }) => chosen)).toEqual(Array(5).fill("replace"));
    expect(agreement).toBe(steps.filter(({ logged }) => logged === "replace").length / 5);
  });

  test("counts what cannot be decided again", async () => {
    const { steps, agreement, setAside } = await replay((await logged({}, 4)).scan(), {});
    expect([steps, agreement, setAside]).toEqual([[], 0, { "no-candidates": 4 }]);
  });
});

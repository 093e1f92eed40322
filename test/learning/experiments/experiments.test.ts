import { seededRandom, stateKey, toState } from "@jitrl/core";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { describe, expect, test } from "vitest";
import { ticketNumber } from "../../../examples/quickstart/src/tickets.js";
import { deskTools } from "../../../examples/quickstart/src/tools.js";
import type { Observation } from "../experiment.js";
import { experiments } from "./index.js";
import type { KnownEnvironment, KnownExperiment } from "./known.js";
import { foundOrder } from "./support-desk-environment.js";

/** Everything but the text adventure, whose best play nobody knows. */
const known = experiments.filter((experiment): experiment is KnownExperiment => experiment.name !== "zork1");

type Play = (environment: KnownEnvironment, observation: Observation) => string;

/** One score a seed, as the suite computes it. */
async function scores(
  experiment: KnownExperiment,
  playOf: (seed: number) => Play,
  seeds = experiment.seeds,
): Promise<number[]> {
  const all: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const environment = await experiment.create(seed);
    const play = playOf(seed);
    let total = 0;
    for (let episode = 0; episode < experiment.episodes; episode++) {
      const reward = playEpisode(environment, episode, play).rewards.reduce((sum, one) => sum + one, 0);
      if (episode >= (experiment.from ?? 0)) total += reward;
    }
    const mean = total / (experiment.episodes - (experiment.from ?? 0));
    all.push((mean - experiment.random) / (experiment.best - experiment.random));
  }
  return all;
}

function playEpisode(environment: KnownEnvironment, episode: number, play: Play) {
  const observations: Observation[] = [];
  const actions: string[] = [];
  const rewards: number[] = [];
  let next: Observation | undefined = environment.reset(episode);
  while (next) {
    observations.push(next);
    const action = play(environment, next);
    const outcome = environment.step(action);
    actions.push(action);
    rewards.push(outcome.reward);
    next = outcome.next;
  }
  const steps = observations.map((observation, i) => ({
    observation,
    action: actions[i]!,
    reward: rewards[i],
  }));
  return { observations, rewards, judged: environment.judged?.({ steps }) ?? rewards };
}

const oracle: Play = (environment) => environment.bestAction();

function randomPlay(seed: number): Play {
  const random = seededRandom(seed + 12_345);
  return (_, { candidates }) => candidates[Math.floor(random() * candidates.length)]!.action;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

test("names are unique, and every experiment but the text adventure has at least 20 seeds", () => {
  const names = experiments.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(known.every(({ seeds }) => seeds >= 20)).toBe(true);
  expect(experiments.every(({ best, random }) => best > random)).toBe(true);
});

describe.each(known.map((experiment) => [experiment.name, experiment] as const))("%s", (_, experiment) => {
  test("scores 1 for who always does what is best", async () => {
    for (const score of await scores(experiment, () => oracle, 5)) expect(score).toBeCloseTo(1, 10);
  });

  test("scores 0 for who plays at random", async () => {
    const all = await scores(experiment, randomPlay);
    expect(Math.abs(meanOf(all))).toBeLessThan(4 * standardError(all) + 1e-9);
  });

  test("is the same each time, and the luck of an episode does not depend on what was done before", async () => {
    const [one, other] = [await experiment.create(3), await experiment.create(3)];
    playEpisode(one, 0, oracle);
    playEpisode(other, 0, randomPlay(1));
    const [first, second] = [playEpisode(one, 1, oracle), playEpisode(other, 1, oracle)];
    expect(second).toEqual(first);
    expect(first.judged).toHaveLength(first.rewards.length);
    expect(one.imported?.(0)).toEqual(other.imported?.(0));
    const elsewhere = playEpisode(await experiment.create(4), 1, oracle);
    expect(elsewhere).not.toEqual(first);
  });

  test("gives candidates of finite logits, all different, and refuses other actions", async () => {
    const environment = await experiment.create(5);
    const { candidates } = environment.reset(0);
    expect(new Set(candidates.map(({ action }) => action)).size).toBe(candidates.length);
    expect(candidates.length).toBeGreaterThan(1);
    for (const { logit } of candidates) expect(Number.isFinite(logit)).toBe(true);
    expect(() => environment.step("something else")).toThrow(/candidates/);
  });
});

function knownExperiment(name: string): KnownExperiment {
  const found = known.find((experiment) => experiment.name === name);
  if (!found) throw new Error(`there is no experiment ${name}`);
  return found;
}

describe("the frozen model", () => {
  const frozen: Play = (_, { candidates }) =>
    candidates.reduce((best, one) => (one.logit > best.logit ? one : best)).action;
  const frozenScores = (name: string) => scores(knownExperiment(name), () => frozen);

  test("is right 95 % of the time in good-prior, in every seed", async () => {
    for (const score of await frozenScores("good-prior")) expect(score).toBeCloseTo((0.95 - 0.25) / 0.75, 10);
  });

  test("is worse than random where its prior is wrong", async () => {
    expect(meanOf(await frozenScores("bandit"))).toBeLessThan(-0.7);
    expect(meanOf(await frozenScores("credit"))).toBeLessThan(-0.1);
  });
});

/** All episodes of one seed, as the best policy plays them. */
async function played(name: string) {
  const experiment = knownExperiment(name);
  const environment = await experiment.create(1);
  return Array.from({ length: experiment.episodes }, (_, episode) =>
    playEpisode(environment, episode, oracle),
  );
}

describe("what learners are told", () => {
  test.each([
    ["noisy-judge-20", 0.2],
    ["noisy-judge-40", 0.4],
  ] as const)("%s flips that share of the rewards", async (name, share) => {
    const all = await played(name);
    const flips = all.filter(({ rewards, judged }) => judged[0] === -rewards[0]!).length / all.length;
    expect(Math.abs(flips - share)).toBeLessThan(0.1);
    expect(all.every(({ rewards, judged }) => Math.abs(judged[0] ?? 0) === Math.abs(rewards[0]!))).toBe(true);
  });

  test("judge-only judges the last step alone, few-shot none", async () => {
    for (const { judged } of await played("judge-only")) {
      expect(judged.map((reward) => reward === undefined)).toEqual([true, true, true, true, false]);
    }
    for (const { judged } of await played("few-shot-3")) {
      expect(judged.every((reward) => reward === undefined)).toBe(true);
    }
  });

  test.each([1, 3, 10])("few-shot-%i gives that many episodes before the first", async (given) => {
    const environment = await knownExperiment(`few-shot-${given}`).create(1);
    expect(environment.imported?.(0)).toHaveLength(given);
    expect(environment.imported?.(1)).toHaveLength(0);
  });

  test("one of the three sources in poisoned praises one wrong action in each situation", async () => {
    const environment = await knownExperiment("poisoned").create(1);
    const imported = environment.imported?.(0) ?? [];
    const liars = new Set(imported.filter(({ steps }) => steps[0]?.reward === 3).map(({ source }) => source));
    expect(new Set(imported.map(({ source }) => source)).size).toBe(3);
    expect(liars.size).toBe(1);
    expect(environment.imported?.(120).every(({ source }) => liars.has(source))).toBe(true);
  });
});

test("no state that counts in transfer came before", async () => {
  const { from = 0 } = knownExperiment("transfer");
  const seen = (await played("transfer")).map(({ observations }) =>
    stateKey(toState(observations[0]!.state)),
  );
  const trained = new Set(seen.slice(0, from));
  const unseen = seen.slice(from);
  expect(unseen.filter((state) => trained.has(state))).toEqual([]);
  expect(new Set(unseen).size).toBe(unseen.length);
});

test("the support desk's orders are found as its tool finds them", async () => {
  const ticket = ticketNumber(1);
  const tools: readonly StructuredToolInterface[] = deskTools([ticket]);
  const findOrder = tools.find(({ name }) => name === "find_order");
  const call = {
    type: "tool_call",
    name: "find_order",
    args: { order_id: ticket.order.id },
    id: "1",
  } as const;
  const answer: unknown = await findOrder?.invoke(call);
  expect(answer).toMatchObject({ content: foundOrder(ticket.order) });
});

const zork = experiments.find(({ name }) => name === "zork1");
test.skipIf(!zork)("zork1 starts west of the house, and is the same each time", async () => {
  const environment = await zork?.create(1);
  const first = await environment?.reset(0);
  expect(toState(first!.state).features.scene?.tokens).toContain("house");
  expect(first!.candidates.length).toBeGreaterThan(2);
  const { reward, next } = await environment!.step(first!.candidates[0]!.action);
  expect(reward).toBe(0);
  expect(next?.candidates.length).toBeGreaterThan(0);
  expect(await environment!.reset(0)).toEqual(first);
});

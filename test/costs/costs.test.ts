import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "../package/workspace.js";
import { agentKinds } from "./agents.js";
import { type Cost, type KindCosts, measureAll } from "./measure.js";
import { costTables } from "./table.js";

let costs: readonly KindCosts[] = [];
beforeAll(async () => {
  costs = await measureAll();
});

function costOf(kind: RegExp, candidates: RegExp): { cost: Cost; plain: Cost } {
  const found = costs.find(({ name }) => kind.test(name));
  const setup = found?.setups.find((one) => candidates.test(one.candidates));
  if (!found || !setup) throw new Error(`Nobody measured ${candidates} in ${kind}.`);
  return { cost: setup.cost, plain: found.plain };
}

test("all agents do the same, so that only their costs differ", () => {
  const [first] = costs;
  expect(costs.map(({ setups }) => setups.length)).toEqual(agentKinds.map(({ setups }) => setups.length));
  expect(first?.plain.executed.map((calls) => calls.length)).toEqual([2, 2, 2]);
  for (const { plain, setups } of costs) {
    for (const { executed } of [plain, ...setups.map(({ cost }) => cost)]) {
      expect(executed).toEqual(first?.plain.executed);
    }
  }
});

describe("verbalizedCandidates in the middleware", () => {
  test("add no call to a step", () => {
    const { cost, plain } = costOf(/createAgent/, /the default$/);
    expect(cost.callsAtToolStep).toBe(plain.callsAtToolStep);
    expect(cost.callsAtAnswer).toBe(plain.callsAtAnswer);
    expect(cost.calls).toBe(plain.calls);
  });

  test("add one call where the answer is to be streamed, at steps that answer alone", () => {
    const { cost, plain } = costOf(/createAgent/, /stream/);
    expect(cost.callsAtToolStep).toBe(plain.callsAtToolStep);
    expect(cost.callsAtAnswer).toBe(plain.callsAtAnswer + 1);
  });

  test("add nothing in mode off, and one call a tool step in mode shadow", () => {
    const off = costOf(/createAgent/, /`off`/);
    const unjudged = ({ judge: _judge, ...rest }: Cost) => rest;
    expect(unjudged(off.cost)).toEqual(unjudged(off.plain));
    const shadow = costOf(/createAgent/, /`shadow`/);
    expect(shadow.cost.callsAtToolStep).toBe(shadow.plain.callsAtToolStep + 1);
    expect(shadow.cost.callsAtAnswer).toBe(shadow.plain.callsAtAnswer);
  });
});

test("a judge adds one call an episode, to every agent", () => {
  for (const { plain, setups } of costs) {
    expect(plain.judge.calls).toBe(0);
    for (const { cost } of setups) expect(cost.judge.calls).toBe(1);
  }
});

test("sources without a model add neither calls nor tokens", () => {
  for (const { plain, setups } of costs) {
    const free = setups.filter(({ candidates }) => /^`(?:function|recalled)Candidates`$/.test(candidates));
    expect(free).toHaveLength(2);
    for (const { cost } of free) {
      const { calls, input, output } = plain;
      expect(cost).toMatchObject({ calls, input, output });
    }
  }
});

test("sources with a model of their own add their calls to steps that call tools, and to no answer", () => {
  const added = [
    [/^`logprob/, 1],
    [/^`verbalizedCandidates\(\{ model, tools/, 1],
    [/5 in one request/, 1],
    [/5 requests/, 5],
  ] as const;
  for (const kind of [/StateGraph/, /createAgent/, /createReactAgent/]) {
    for (const [candidates, calls] of added) {
      const { cost, plain } = costOf(kind, candidates);
      expect(cost.callsAtToolStep).toBe(plain.callsAtToolStep + calls);
      expect(cost.callsAtAnswer).toBe(plain.callsAtAnswer);
    }
  }
});

test("five completions to one request read the prompt once", () => {
  const one = costOf(/StateGraph/, /5 in one request/).cost;
  const five = costOf(/StateGraph/, /5 requests/).cost;
  expect(five.input).toBeGreaterThan(one.input * 2);
  expect(five.output).toBe(one.output);
});

test("the guide holds the tables that the command prints", () => {
  const guide = readFileSync(join(root, "docs/guides/costs.md"), "utf8");
  expect(guide).toContain(costTables(costs));
});

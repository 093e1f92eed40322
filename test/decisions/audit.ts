import type { Decision, JsonValue } from "@jitrl/core";
import { ANSWER_ACTION } from "@jitrl/langgraph";
import { admits, type Call } from "./tool-shapes.js";
import type { World } from "./world.js";

/** What must never happen, each with what it means. */
export const RULES = {
  failed: "the node threw",
  unbound: "a tool was called that is not bound",
  refused: "a tool was called with arguments that its schema refuses",
  unproposed: "something was executed that nobody had proposed",
  barred: "learning chose what the guard bars, or replaced what must stand",
  evidence: "learning chose an action with less evidence than its floor",
  budget: "what was executed diverges by more than the KL budget",
  divergence: "the divergence is not what the decision says",
  propensity: "propensities are no probabilities, or do not sum to one",
  standing: "the base action did not stand where it had to",
  message: "the message does not carry what was decided",
} as const;

export type Rule = keyof typeof RULES;

/** What one run of the node did. */
export interface Outcome {
  /** The base action: what was to be executed without learning. */
  readonly own: readonly Call[];
  /** Calls in the message that the node passed on. */
  readonly executed: readonly Call[];
  readonly text: string;
  /** Absent where the own calls stood without a decision. */
  readonly decision: Decision | undefined;
  /** Whether `own` is no call of the agent's, but the likeliest of what was proposed in its place. */
  readonly proposedBase: boolean;
}

/** @returns the rules that were broken */
export function audit(world: World, { own, executed, text, decision, proposedBase }: Outcome): Rule[] {
  const broken = new Set<Rule>();
  const check = (rule: Rule, holds: boolean) => {
    if (!holds) broken.add(rule);
  };
  const stands = canonical(executed) === canonical(own);
  if (!stands) {
    const { neverChosen, neverReplaced } = world.settings;
    const chosen = executed.length > 0 ? executed.map(({ name }) => name) : [ANSWER_ACTION];
    check("barred", !chosen.some((name) => neverChosen.includes(name)));
    check("barred", !own.some(({ name }) => neverReplaced.includes(name)));
    check("standing", decision?.mode === "on" && decision.reason === "learned");
    check("standing", proposedBase || own.length === 1);
  }
  if (!stands || proposedBase) {
    check("unproposed", wasProposed(world, executed, text));
    for (const { name, args } of executed) {
      const shape = world.shapes.get(name);
      check("unbound", shape !== undefined);
      check("refused", shape === undefined || admits(shape, args));
    }
  }
  if (decision) {
    // Under another key the same call may have been proposed once more, so that a choice changes nothing.
    check("message", stands || decision.chosen.action !== decision.baseAction);
    check(
      "message",
      !stands || decision.chosen.action === decision.baseAction || wasProposed(world, own, text),
    );
    auditDecision(world, decision, check);
  }
  return [...broken];
}

function auditDecision(
  { settings }: World,
  decision: Decision,
  check: (rule: Rule, holds: boolean) => void,
): void {
  const { candidates, chosen, baseAction, propensity, kl, evidence, draws, mode } = decision;
  const executed = candidates.find(({ action }) => action === chosen.action);
  for (const of of ["baseProbability", "probability", "propensity"] as const) {
    const all = candidates.map((candidate) => candidate[of]);
    check("propensity", all.every((p) => p >= 0 && p <= 1 + 1e-12) && isNear(sum(all), 1));
  }
  check("propensity", propensity > 0 && propensity === executed?.propensity);
  if (chosen.action !== baseAction) {
    check("standing", decision.chosenBy === "policy");
    const taken = evidence.filter(({ action }) => action === chosen.action).length;
    check("evidence", taken >= settings.minActionEvidence);
    check("barred", executed?.barred === undefined);
  }
  // Anew, from the logits and from how likely each action is. A base action that stands changes nothing.
  const logBase = logShares(candidates.map(({ logit }) => logit));
  const base = candidates.find(({ action }) => action === baseAction);
  const terms = candidates.map(({ propensity: p }, a) => (p > 0 ? p * (Math.log(p) - logBase[a]!) : 0));
  const sampled = mode === "on" && draws.some(({ purpose }) => purpose === "sample");
  check("budget", kl <= settings.klBudget + 1e-9);
  // What chance made the base action stands too, without being a part of the divergence.
  if (draws.some(({ purpose }) => purpose === "base")) return;
  const stands = base !== undefined && isNear(base.propensity, 1) && !sampled;
  const divergence = stands ? 0 : sum(terms);
  check("budget", divergence <= settings.klBudget + 1e-9);
  check("divergence", isNear(kl, divergence));
}

/** `ln softmax(z)`, written anew. */
function logShares(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const logSum = Math.log(sum(logits.map((z) => Math.exp(z - top))));
  return logits.map((z) => Math.max(-Number.MAX_VALUE, z - top - logSum));
}

function wasProposed(world: World, executed: readonly Call[], text: string): boolean {
  return world.proposed().some(({ payload }) => {
    if (executed.length > 0) return canonical(callsIn(payload)) === canonical(executed);
    const { answer }: { answer?: unknown } = Object(payload);
    // An answer that is still to be had comes from the agent.
    return typeof answer === "object" && [undefined, text].includes(Object(answer).text);
  });
}

/** The calls that a payload holds; none in an answer. */
export function callsIn(payload: JsonValue | undefined): Call[] {
  const { calls, name }: { calls?: unknown; name?: unknown } = Object(payload);
  const listed: readonly unknown[] = Array.isArray(calls) ? calls : name === undefined ? [] : [payload];
  return listed.map((call) => {
    const { name, args }: { name?: unknown; args?: object } = Object(call);
    return { name: String(name), args: { ...args } };
  });
}

/** Calls as one text, in which the order of arguments does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

import {
  type Candidate,
  createPolicy,
  type Decision,
  type Estimator,
  type ExperienceMemory,
  type MemoryOptions,
  openMemory,
  type Policy,
  type PolicyOptions,
  type StateInput,
} from "@jitrl/core";

/** One past step: what was done in a state, and what came of it. */
export interface Outcome {
  readonly state?: StateInput;
  readonly action: string;
  readonly return: number;
}

/** A memory of episodes of one step each, in this order, under a clock that ticks with each look at it. */
export async function memoryOf(
  outcomes: readonly Outcome[],
  options: MemoryOptions = {},
): Promise<ExperienceMemory> {
  let now = 0;
  let ids = 0;
  const memory = await openMemory({ now: () => ++now, newId: () => `id-${++ids}`, ...options });
  for (const { state = "here", action, return: reward } of outcomes) {
    await memory.learn({ steps: [{ state, action, reward }] });
  }
  return memory;
}

/** An estimator that gives these advantages whatever the neighbours; they are its values too, over a state value of 0. */
export function given(advantages: readonly number[]): Estimator {
  return {
    name: "given",
    estimate: ({ neighbors, actions }) => ({
      value: 0,
      actions: actions.map((_, a) => ({ q: advantages[a]!, advantage: advantages[a]!, count: 1 })),
      evidence: neighbors.flatMap(({ similarity, actions: [first] }) =>
        first ? [{ ...first.best, action: first.action, similarity }] : [],
      ),
    }),
  };
}

/** Candidates `a0`, `a1`, … with these logits. */
export function candidatesOf(logits: readonly number[]): Candidate[] {
  return logits.map((logit, a) => ({ action: `a${a}`, logit }));
}

/** A policy over one remembered step, which decides by the advantages that are given. */
export async function policyOf(
  advantages: readonly number[],
  options: Partial<PolicyOptions> = {},
): Promise<Policy> {
  const memory = await memoryOf([{ action: "a0", return: 0 }]);
  return createPolicy({ memory, estimator: given(advantages), ...options });
}

/**
 * How often each action is executed, and with which propensity, over all combinations of `n` evenly spread values of
 * each of `dimensions` random draws.
 */
export async function enumerate(
  decide: (random: () => number) => Promise<Decision>,
  n: number,
  dimensions: number,
): Promise<Map<string, { frequency: number; propensities: Set<number> }>> {
  const total = n ** dimensions;
  const outcomes = new Map<string, { frequency: number; propensities: Set<number> }>();
  for (let cell = 0; cell < total; cell++) {
    let rest = cell;
    const decision = await decide(() => {
      const value = ((rest % n) + 0.5) / n;
      rest = Math.floor(rest / n);
      return value;
    });
    const { action } = decision.chosen;
    const outcome = outcomes.get(action) ?? { frequency: 0, propensities: new Set() };
    outcomes.set(action, outcome);
    outcome.frequency += 1 / total;
    outcome.propensities.add(decision.propensity);
  }
  return outcomes;
}

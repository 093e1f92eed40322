import { invalid } from "../check.js";
import { JitRLError } from "../errors.js";
import type { ExperienceMemory } from "../memory.js";
import { createPolicy } from "../policy.js";
import type { PolicyOptions } from "../policy-settings.js";
import { type Random, seededRandom } from "../random.js";
import type { LoggedStep } from "./log.js";

/** Settings of a policy that is looked at through logs: those of `createPolicy`, and γ of its memory. */
export interface TargetSettings
  extends Omit<PolicyOptions, "memory" | "random" | "onError" | "logCandidates"> {
  /** Discount γ in [0, 1] of the returns that the memory of this policy learns from. @default 0.9 */
  gamma?: number;
}

/**
 * A policy that is not made of settings, by the probability of each of the step's candidates, in their order, e.g.
 * `({ candidates }) => candidates.map(() => 1 / candidates.length)`.
 */
export type TargetPolicy = (step: LoggedStep) => readonly number[];

export type Target = TargetSettings | TargetPolicy;

/** What a target does at one step. */
export interface TargetChoice {
  /** The action that it would choose; drawn, where chance decides. */
  readonly action: string;
  /** Probability of each candidate. */
  readonly probabilities: readonly number[];
}

/** A target with a memory: asks it, and never lets it learn by itself. */
export type FrozenTarget = (step: LoggedStep) => Promise<TargetChoice>;

/** γ of the memory that a target needs; `undefined` if it needs none. */
export function gammaOf(target: Target): number | undefined {
  return typeof target === "function" ? undefined : (target.gamma ?? 0.9);
}

/** @param memory what the target knows; needed for settings only */
export function freeze(target: Target, memory: ExperienceMemory | undefined, random: Random): FrozenTarget {
  if (typeof target === "function") {
    return async (step) => {
      const probabilities = checked(target(step), step);
      return { action: drawn(step, probabilities, random), probabilities };
    };
  }
  if (!memory) throw new JitRLError("invalid-input", "Expected a memory for settings, found none.");
  const { gamma: _, ...options } = target;
  // An estimator or a guard that fails would count as the base action, and its fault as what the settings are worth.
  const failed: unknown[] = [];
  const policy = createPolicy({ ...options, memory, random, onError: (error) => failed.push(error) });
  return async ({ state, candidates, baseAction, describedBy, run, steps, index }) => {
    const decision = await policy.decide({
      state,
      candidates: candidates.map(([action, logit]) => ({ action, logit })),
      ...(baseAction === undefined ? {} : { baseAction }),
      describedBy,
      earlier: steps.slice(0, index),
      run,
    });
    if (failed.length > 0) throw failed[0];
    return {
      action: decision.chosen.action,
      probabilities: decision.candidates.map(({ propensity }) => propensity),
    };
  };
}

/** Random numbers that are the same each time. */
export function fixedRandom(): Random {
  return seededRandom(1);
}

function checked(
  probabilities: readonly number[],
  { candidates, episodeId, index }: LoggedStep,
): readonly number[] {
  const sum = probabilities.reduce((total, p) => total + p, 0);
  const valid =
    probabilities.length === candidates.length && probabilities.every((p) => p >= 0 && p <= 1 + 1e-9);
  if (valid && Math.abs(sum - 1) <= 1e-6) return probabilities;
  throw invalid(
    `what the target gives for step ${index} of episode "${episodeId}"`,
    `${candidates.length} probabilities that sum to 1`,
    `[${probabilities.slice(0, 8).join(", ")}]`,
  );
}

function drawn({ candidates }: LoggedStep, probabilities: readonly number[], random: Random): string {
  const at = random();
  let passed = 0;
  const index = probabilities.findIndex((p) => {
    passed += p;
    return at < passed;
  });
  return candidates[index < 0 ? probabilities.findLastIndex((p) => p > 0) : index]![0];
}

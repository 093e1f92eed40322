import { discountedReturns, ExperienceMemory } from "@jitrl/core";
import type { Played } from "../experiment.js";

/** Discount γ of every learner that is no JitRL learner: core's default, so that all learn from the same numbers. */
export const GAMMA = new ExperienceMemory().gamma;

/**
 * The return of each step, as a memory computes them: a step that nobody judged earned 0.
 *
 * @returns `undefined` where nobody judged any step: such an episode teaches nothing
 */
export function judgedReturns({ steps }: Played): number[] | undefined {
  if (steps.every(({ reward }) => reward === undefined)) return undefined;
  return discountedReturns(
    steps.map(({ reward = 0 }) => reward),
    GAMMA,
  );
}

import type { Overlap } from "./estimates.js";
import type { SetAside } from "./log.js";
import type { Sample } from "./samples.js";

/**
 * Why the logs cannot say.
 *
 * | code | meaning |
 * |---|---|
 * | `nothing-to-evaluate` | no step has all that it takes |
 * | `mostly-set-aside` | more than half of the rewarded decisions lack candidates or a propensity: what is left is another population |
 * | `horizon` | an episode has more decisions than `maxHorizon` |
 * | `always-alike` | greedy logs: where the target differs, nothing is known of what would have come |
 * | `no-overlap` | the target does what the log nearly never did: the weights do not come to 1 |
 * | `wrong-propensities` | the weights come to more than 1: the propensities are not those that the actions were drawn with |
 * | `too-few` | fewer than `minEffectiveEpisodes`: an interval would promise too much |
 */
export interface Refusal {
  readonly code:
    | "nothing-to-evaluate"
    | "mostly-set-aside"
    | "horizon"
    | "always-alike"
    | "no-overlap"
    | "wrong-propensities"
    | "too-few";
  /** With the numbers, and what to do. */
  readonly message: string;
}

/** What is refused. */
export interface Limits {
  /** Fewest effective episodes, a number ≥ 2. */
  readonly minEffectiveEpisodes: number;
  /** Largest share of the target's choices that the log can say nothing about, in [0, 1]. */
  readonly maxUnsupported: number;
}

/** Standard errors by which the mean weight may miss 1: weights are skewed, so by chance that is no rarer than one log in a thousand. */
const MISS = 4;

const HOW_TO_LOG =
  'Log with selection "sample" or "epsilon-greedy" on a share of threads, then evaluate the episodes of those.';

export function nothingToEvaluate(setAside: SetAside): Refusal {
  const told = Object.entries(setAside).map(([reason, count]) => `${count} ${reason}`);
  return {
    code: "nothing-to-evaluate",
    message: `Expected rewarded steps of at least two episodes with their propensity and candidates, found too few: ${
      told.length === 0 ? "no steps at all" : told.join(", ")
    }. ${HOW_TO_LOG}`,
  };
}

/** @param evaluated number of steps that can be evaluated */
export function setAsideRefusals(evaluated: number, setAside: SetAside): Refusal[] {
  const lacking = (setAside["no-candidates"] ?? 0) + (setAside["no-propensity"] ?? 0);
  if (lacking <= evaluated) return [];
  return [
    {
      code: "mostly-set-aside",
      message: `${lacking} decisions were logged without candidates or propensity, and only ${evaluated} with both: these are no sample of all. Evaluate the episodes from the day on which logging began, or of the threads that log.`,
    },
  ];
}

export function horizonRefusals(horizon: number, maxHorizon: number): Refusal[] {
  if (horizon <= maxHorizon) return [];
  return [
    {
      code: "horizon",
      message: `Whole episodes can be valued up to ${maxHorizon} decisions each, found one with ${horizon}: their weights multiply. Value single steps (per: "step").`,
    },
  ];
}

/** What the weights say against an estimate. */
export function overlapRefusals(samples: readonly Sample[], overlap: Overlap, limits: Limits): Refusal[] {
  const refusals: Refusal[] = [];
  const { meanWeight, unsupported, effectiveEpisodes, maxWeight } = overlap;
  const never = unsupported > limits.maxUnsupported;
  if (never) {
    refusals.push({
      code: "always-alike",
      message: `At ${percent(unsupported)} of the target's choices the log always acts in one way and the target in another (at most ${percent(limits.maxUnsupported)} may be so): greedy choices, or the base action for want of evidence. ${HOW_TO_LOG}`,
    });
  }
  const miss = meanWeight.value - 1;
  if (Math.abs(miss) > MISS * meanWeight.standardError + 1e-9 + limits.maxUnsupported) {
    if (miss > 0) {
      refusals.push({
        code: "wrong-propensities",
        message: `The weights come to ${meanWeight.value.toFixed(2)} on average where they should come to 1: the logged propensities are not those that the actions were drawn with.`,
      });
    } else if (!never) {
      refusals.push({
        code: "no-overlap",
        message: `The weights come to ${meanWeight.value.toFixed(2)} on average where they should come to 1: the log hardly ever did what the target does in their place. ${HOW_TO_LOG}`,
      });
    }
  }
  if (effectiveEpisodes < limits.minEffectiveEpisodes) {
    refusals.push({
      code: "too-few",
      message: `${samples.length} samples say as much about the target as ${effectiveEpisodes.toFixed(1)} episodes under the target itself (largest weight ${maxWeight.toFixed(1)}); at least ${limits.minEffectiveEpisodes} are needed. Log more episodes, or compare a setting that differs less.`,
    });
  }
  return refusals;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

import { type Estimates, estimatesOf, type Overlap, overlapOf } from "./estimates.js";
import type { SetAside } from "./log.js";
import { type Limits, nothingToEvaluate, overlapRefusals, type Refusal } from "./refusal.js";
import type { Sample } from "./samples.js";

/** Estimates, or what stands against them. */
export type Verdict =
  | ({ readonly status: "estimated"; readonly overlap: Overlap } & Estimates)
  | {
      readonly status: "refused";
      /** All that stands against an estimate; at least one. */
      readonly refusals: readonly Refusal[];
      /** `undefined` where there was nothing to evaluate. */
      readonly overlap: Overlap | undefined;
    };

/** @param against what stands against an estimate already */
export function judge(
  samples: readonly Sample[],
  setAside: SetAside,
  limits: Limits,
  against: readonly Refusal[] = [],
): Verdict {
  if (new Set(samples.map(({ cluster }) => cluster)).size < 2) {
    return { status: "refused", refusals: [...against, nothingToEvaluate(setAside)], overlap: undefined };
  }
  const overlap = overlapOf(samples);
  const refusals = [...against, ...overlapRefusals(samples, overlap, limits)];
  if (refusals.length > 0) return { status: "refused", refusals, overlap };
  return { status: "estimated", ...estimatesOf(samples), overlap };
}

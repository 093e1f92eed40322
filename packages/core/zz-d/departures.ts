import type { Step } from "./episode.js";

/** How a step stands to the base action: a policy kept to it, or left it. */
export type Departure = "kept" | "left";

/** Mean return of some steps. */
export interface MeanReturn {
  readonly count: number;
  readonly mean: number;
}

/** What came of keeping to the base action, and of leaving it, in all that a memory holds. */
export interface Departures {
  readonly kept: MeanReturn;
  readonly left: MeanReturn;
}

/** So many steps that left the base action are assumed to be there before the first… */
const ASSUMED = 3;

/** … and to have brought so many standard deviations less than keeping to it. */
const ASSUMED_LOSS = 1;

/** Leaving the base action is trusted in full where it loses no more standard deviations than this… */
const SMALL_LOSS = 0.1;

/** … and not at all where it loses so many. */
const LARGE_LOSS = 0.6;

/**
 * Whether a step kept to its base action or left it; `undefined` where that says nothing of the base policy: no
 * decision is kept with it, somebody else chose, or chance made one of equal candidates the base action.
 */
export function departureOf({ action, chosenBy, decision }: Step): Departure | undefined {
  if (!decision || decision.baseDrawn || (chosenBy !== "policy" && chosenBy !== "base")) return undefined;
  if (action === decision.baseAction) return "kept";
  return chosenBy === "policy" ? "left" : undefined;
}

/**
 * How far leaving the base action can be trusted to pay, in [0, 1], by what it has brought so far: with the means of
 * the steps that kept to it and of those that left it, in spreads σ of all returns,
 *
 *     δ = (n_left·(left − kept)/σ − 3) / (n_left + 3)        b = (δ + 0.6) / 0.5, at least 0 and at most 1
 *
 * so that it is 0 before the base action was left at all.
 */
export function departureTrust(departures: Departures | undefined, scale: number): number {
  if (!departures) return 0;
  const { kept, left } = departures;
  const gain = (left.count * (left.mean - kept.mean)) / scale;
  const likely = (gain - ASSUMED * ASSUMED_LOSS) / (left.count + ASSUMED);
  return Math.max(0, Math.min(1, (likely + LARGE_LOSS) / (LARGE_LOSS - SMALL_LOSS)));
}

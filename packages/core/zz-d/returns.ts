import type { Episode } from "./episode.js";
import { stepRewards } from "./rewards.js";

/**
 * Discounted returns in one backward pass: `G_t = Σ_{u≥t} γ^(u−t) r_u = r_t + γ G_{t+1}`.
 *
 * @param rewards one a time step, in order
 * @param gamma discount γ in [0, 1]
 * @param times the time of each reward, ascending; @default 0, 1, 2, …
 */
export function discountedReturns(
  rewards: readonly number[],
  gamma: number,
  times: readonly number[] = rewards.map((_, t) => t),
): number[] {
  const returns = new Array<number>(rewards.length);
  let following = 0;
  for (let i = rewards.length - 1; i >= 0; i--) {
    const later = times[i + 1];
    returns[i] = rewards[i]! + (later === undefined ? 0 : gamma ** (later - times[i]!) * following);
    following = returns[i]!;
  }
  return returns;
}

/**
 * The return of each step of an episode. Time is `t`: parallel calls share what follows, and each keeps what it
 * earned itself; what the last time step earned as a whole belongs to all its calls.
 *
 * @returns `undefined` for an episode that nobody rewarded
 */
export function stepReturns(
  episode: Pick<Episode, "steps" | "rewards">,
  gamma: number,
): number[] | undefined {
  const rewards = stepRewards(episode);
  if (!rewards) return undefined;
  const times = [...new Set(episode.steps.map((step) => step.t))];
  const place = new Map(times.map((t, i) => [t, i]));
  const earned = new Array<number>(times.length).fill(0);
  episode.steps.forEach((step, i) => {
    earned[place.get(step.t)!]! += rewards.own[i]!;
  });
  earned[times.length - 1]! += rewards.last;
  const returns = discountedReturns(earned, gamma, times);
  return episode.steps.map((step, i) => {
    const time = place.get(step.t)!;
    const later = times[time + 1];
    const following = later === undefined ? rewards.last : gamma ** (later - step.t) * returns[time + 1]!;
    return rewards.own[i]! + following;
  });
}

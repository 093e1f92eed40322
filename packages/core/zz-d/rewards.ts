import type { Episode } from "./episode.js";
import type { RewardKind } from "./reward.js";

/** Whose judgement counts, the highest first. */
export const REWARD_PRECEDENCE: readonly RewardKind[] = ["human", "environment", "judge"];

/** The rewards of an episode's steps, derived from all that were given. */
export interface StepRewards {
  /** One a step: what that very step earned; 0 where nobody said anything. */
  readonly own: readonly number[];
  /** What the last time step earned as a whole, from rewards that name no step. */
  readonly last: number;
}

/**
 * Which rewards count. At each step the highest of {@link REWARD_PRECEDENCE} that judged it counts and the others
 * are ignored there; rewards of that kind at that step add up; an id counts once. A person who comes back two days
 * later overrules the environment, which overrules a model's scores.
 *
 * A reward that names no step belongs to the last time step; where that has one step, it is judged together with
 * that step's own rewards. Revoked rewards do not count at all.
 *
 * @returns `undefined` for an episode that nobody rewarded: it teaches nothing yet
 */
export function stepRewards(episode: Pick<Episode, "steps" | "rewards">): StepRewards | undefined {
  const { steps } = episode;
  const rewards = episode.rewards.filter(({ revokedAt }) => revokedAt === undefined);
  if (rewards.length === 0) return undefined;
  const lastSteps = steps.filter((step) => step.t === steps.at(-1)?.t).length;
  const last = steps.length; // the slot of rewards that name no step, where the last time step has several
  const slots = new Map<number, { rank: number; sum: number }>();
  const seen = new Set<string>();
  for (const reward of rewards) {
    if (seen.has(reward.id)) continue;
    seen.add(reward.id);
    const slot = reward.step ?? (lastSteps === 1 ? steps.length - 1 : last);
    const rank = REWARD_PRECEDENCE.findIndex(
      (kind) => reward.source === kind || reward.source.startsWith(`${kind}:`),
    );
    const held = slots.get(slot);
    if (!held || rank < held.rank) slots.set(slot, { rank, sum: reward.value });
    else if (rank === held.rank) held.sum += reward.value;
  }
  return {
    own: steps.map((_, i) => slots.get(i)?.sum ?? 0),
    last: slots.get(last)?.sum ?? 0,
  };
}

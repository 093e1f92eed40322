import { invalid } from "./check.js";
import type { Episode } from "./episode.js";
import type { Judgement } from "./memory-options.js";
import { parseReward, type Reward, type RewardSource } from "./reward.js";

// What rewards make of an episode. Each gives the episode itself where nothing changes.

/** Adds rewards with new ids; a source that has spoken is awaited no more. */
export function withRewards(held: Episode, rewards: readonly Reward[]): Episode {
  const known = new Set(held.rewards.map(({ id }) => id));
  const added = rewards.filter(({ id }) => !known.has(id));
  if (added.length === 0) return held;
  const spoken = new Set(added.map(({ source }) => source));
  return { ...notAwaiting(held, spoken), rewards: [...held.rewards, ...added] };
}

/**
 * The rewards of a judgement, under ids that are the same when the same is judged again.
 *
 * @param at when it was given, ms since 1970
 * @throws JitRLError `invalid-input`
 */
export function judgedRewards(
  { source, rewards }: Pick<Judgement, "source" | "rewards">,
  steps: number,
  at: number,
): Reward[] {
  const said = new Map<string, Reward>();
  rewards.forEach(({ respect = "", ...reward }, i) => {
    const place = reward.step === undefined ? "" : `#${reward.step}`;
    const id = `${source}${respect === "" ? "" : `/${respect}`}${place}`;
    if (said.has(id)) throw invalid(`rewards[${i}]`, "the only one of its step and respect", id);
    said.set(id, parseReward({ ...reward, id, source, at }, steps, `rewards[${i}]`));
  });
  return [...said.values()];
}

/**
 * Puts what a source says now in the place of what it said before. What it does not say any more is revoked, and it
 * is awaited no more, even if it has nothing to say.
 *
 * @throws JitRLError `invalid-input`
 */
export function withJudgement(held: Episode, judgement: Judgement, at: number): Episode {
  const { source, onlyIfAwaiting = false } = judgement;
  const awaited = held.awaiting?.includes(source) ?? false;
  if (onlyIfAwaiting && !awaited) return held;
  const rewards = judgedRewards(judgement, held.steps.length, at);
  const said = new Map(rewards.map((reward) => [reward.id, reward]));
  const revised = held.rewards.map((reward) => {
    if (reward.source !== source) return reward;
    const now = said.get(reward.id);
    said.delete(reward.id);
    if (now) return saysTheSame(reward, now) ? reward : now;
    return reward.revokedAt === undefined ? { ...reward, revokedAt: at } : reward;
  });
  const changed = revised.some((reward, i) => reward !== held.rewards[i]);
  if (!awaited && !changed && said.size === 0) return held;
  return { ...notAwaiting(held, new Set([source])), rewards: [...revised, ...said.values()] };
}

/** Revokes what a source said. */
export function withoutSource(held: Episode, source: RewardSource, at: number): Episode {
  if (countOf(held, source) === 0) return held;
  const rewards = held.rewards.map((reward) =>
    reward.source === source && reward.revokedAt === undefined ? { ...reward, revokedAt: at } : reward,
  );
  return { ...held, rewards };
}

/** How many rewards of a source count. */
export function countOf({ rewards }: Episode, source: RewardSource): number {
  return rewards.filter((reward) => reward.source === source && reward.revokedAt === undefined).length;
}

function saysTheSame(before: Reward, now: Reward): boolean {
  return (
    before.step === now.step &&
    before.value === now.value &&
    before.reason === now.reason &&
    before.revokedAt === undefined
  );
}

function notAwaiting(held: Episode, spoken: ReadonlySet<RewardSource>): Episode {
  const { awaiting, ...rest } = held;
  const left = awaiting?.filter((source) => !spoken.has(source)) ?? [];
  return left.length === 0 ? rest : { ...rest, awaiting: left };
}

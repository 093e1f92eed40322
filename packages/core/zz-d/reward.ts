import { finite, integer, invalid, record, string, text } from "./check.js";

/** What kind of judge a reward comes from; see `stepRewards` for which of them counts. */
export type RewardKind = "human" | "environment" | "judge";

/** Provenance of a reward: its kind, and after a colon who it was. @example "environment:tool", "judge:gpt-5" */
export type RewardSource = RewardKind | `${RewardKind}:${string}`;

/** Largest size of a reward: sums and squares of such rewards are still numbers. */
export const MAX_REWARD = 1e100;

/** Longest `Reward.reason`, in characters. */
export const MAX_REASON = 2_000;

/** One judgement of one step. */
export interface Reward {
  /** The same id twice in one episode counts once. */
  readonly id: string;
  /** Index of the step in `steps`; without it the reward belongs to the last time step. */
  readonly step?: number;
  /** Positive for what is worth repeating, negative for what is to be avoided; any scale up to ±{@link MAX_REWARD}. */
  readonly value: number;
  readonly source: RewardSource;
  /** When it was given, ms since 1970. */
  readonly at: number;
  /** Why, in the words of who gave it, up to {@link MAX_REASON} characters. For people who look at the episode: no decision shows it. */
  readonly reason?: string;
  /** When it was revoked, ms since 1970: it counts no more. It stays, so that the same reward arriving again does not count either. */
  readonly revokedAt?: number;
}

/** True for a {@link RewardSource}. */
export function isRewardSource(source: unknown): source is RewardSource {
  return typeof source === "string" && /^(?:human|environment|judge)(?::|$)/u.test(source);
}

/** @throws JitRLError `invalid-input` */
export function parseRewardSource(source: unknown, what: string): RewardSource {
  if (isRewardSource(source)) return source;
  throw invalid(what, `"human", "environment" or "judge", with ":name" after it if you like`, source);
}

/** @throws JitRLError `invalid-input` */
export function parseReward(value: unknown, steps: number, what = "reward"): Reward {
  const reward = record(value, what);
  const source = parseRewardSource(reward.source, `${what}.source`);
  if (reward.step !== undefined && integer(reward.step, `${what}.step`, 0) >= steps) {
    throw invalid(`${what}.step`, `the index of one of the ${steps} steps`, reward.step);
  }
  const { reason, revokedAt } = reward;
  return {
    id: text(reward.id, `${what}.id`),
    ...(reward.step === undefined ? {} : { step: integer(reward.step, `${what}.step`, 0) }),
    value: rewardValue(reward.value, `${what}.value`),
    source,
    at: finite(reward.at, `${what}.at`),
    ...(reason === undefined || reason === "" ? {} : { reason: reasonText(reason, `${what}.reason`) }),
    ...(revokedAt === undefined ? {} : { revokedAt: finite(revokedAt, `${what}.revokedAt`) }),
  };
}

function rewardValue(value: unknown, what: string): number {
  if (Math.abs(finite(value, what)) > MAX_REWARD) throw invalid(what, `between ±${MAX_REWARD}`, value);
  return value as number;
}

function reasonText(value: unknown, what: string): string {
  const { length } = string(value, what);
  if (length > MAX_REASON) throw invalid(what, `up to ${MAX_REASON} characters`, `${length} of them`);
  return value as string;
}

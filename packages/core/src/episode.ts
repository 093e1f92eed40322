import { finite, integer, invalid, list, record, string, text } from "./check.js";
import { canonicalJson, type JsonValue } from "./json.js";
import { parseState, type State, type StateInput, toState } from "./state.js";

/** How an episode ended; `aborted` only where the caller says so. */
export type EpisodeEnd = "done" | "truncated" | "failed" | "aborted";

/** Who chose the action of a step. */
export type ChosenBy = "policy" | "base" | "human" | "fallback";

/** What kind of judge a reward comes from; see `stepRewards` for which of them counts. */
export type RewardKind = "human" | "environment" | "judge";

/** Provenance of a reward: its kind, and after a colon who it was. @example "environment:tool", "judge:gpt-5" */
export type RewardSource = RewardKind | `${RewardKind}:${string}`;

/** Largest size of a reward: sums and squares of such rewards are still numbers. */
export const MAX_REWARD = 1e100;

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
}

/** A decision in short, as it is kept with its step. */
export interface DecisionSummary {
  readonly mode: "on" | "shadow" | "off";
  readonly reason: string;
  /** What the agent would have done without learning. */
  readonly baseAction: string;
  /** Probability with which the executed action was chosen, given the candidates and the recorded draws. */
  readonly propensity: number;
  /** Divergence of what was executed from the base policy, nats. */
  readonly kl: number;
  /** Number of past steps that the estimate rested on. */
  readonly evidence: number;
}

/** One action executed in one state. */
export interface Step {
  /** Unique within the episode. */
  readonly id: string;
  /** Time step; never decreases; parallel calls share one. */
  readonly t: number;
  readonly state: State;
  /** The canonical key of the action **executed**. */
  readonly action: string;
  readonly chosenBy: ChosenBy;
  /** What was executed, e.g. a complete tool call. */
  readonly payload?: JsonValue;
  /** The raw observation; kept only where the caller opts in. */
  readonly observation?: JsonValue;
  readonly decision?: DecisionSummary;
}

/** One run from input to evaluator: the unit that is stored, revised, exported and forgotten. */
export interface Episode {
  readonly id: string;
  /** Counts the versions of this episode from 1; the store assigns it. */
  readonly revision: number;
  readonly threadId?: string;
  /** When the episode began, ms since 1970. */
  readonly at: number;
  readonly end: EpisodeEnd;
  readonly steps: readonly Step[];
  readonly rewards: readonly Reward[];
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
  /** Version of the state features; experience is compared only within equal versions. */
  readonly describedBy: string;
}

/** A step as a caller may give it. */
export interface StepInput {
  readonly state: StateInput;
  readonly action: string;
  /** Shorthand for an `environment` reward of this step. */
  readonly reward?: number;
  /** @default the index of the step */
  readonly id?: string;
  /** @default the index of the step */
  readonly t?: number;
  /** @default "base" */
  readonly chosenBy?: ChosenBy;
  readonly payload?: JsonValue;
  readonly observation?: JsonValue;
  readonly decision?: DecisionSummary;
}

/** An episode as a caller may give it. */
export interface EpisodeInput {
  readonly steps: readonly StepInput[];
  readonly rewards?: readonly Reward[];
  /** @default a new random id */
  readonly id?: string;
  readonly threadId?: string;
  /** @default now */
  readonly at?: number;
  /** @default "done" */
  readonly end?: EpisodeEnd;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  /** @default "" */
  readonly describedBy?: string;
}

const ends: readonly unknown[] = ["done", "truncated", "failed", "aborted"] satisfies EpisodeEnd[];
const choosers: readonly unknown[] = ["policy", "base", "human", "fallback"] satisfies ChosenBy[];

/** True for a {@link RewardSource}. */
export function isRewardSource(source: unknown): source is RewardSource {
  return typeof source === "string" && /^(?:human|environment|judge)(?::|$)/u.test(source);
}

/**
 * Completes and checks an episode.
 *
 * @param context the clock (ms since 1970) and the source of new ids
 * @throws JitRLError `invalid-input` or `oversized-state`, naming what was expected and found
 */
export function toEpisode(input: EpisodeInput, context: { now: () => number; newId: () => string }): Episode {
  record(input, "episode");
  list(input.steps, "episode.steps").forEach((step, i) => {
    record(step, `episode.steps[${i}]`);
  });
  if (input.rewards !== undefined) list(input.rewards, "episode.rewards");
  const at = input.at ?? context.now();
  const shorthand = input.steps.flatMap((step, i): Reward[] =>
    step.reward === undefined
      ? []
      : [{ id: `step-${i}`, step: i, value: step.reward, source: "environment", at }],
  );
  return parseEpisode({
    id: input.id ?? context.newId(),
    revision: 1,
    threadId: input.threadId,
    at,
    end: input.end ?? "done",
    steps: input.steps.map(({ reward: _, ...step }, i) => ({
      ...step,
      id: step.id ?? String(i),
      t: step.t ?? i,
      state: toState(step.state),
      chosenBy: step.chosenBy ?? "base",
    })),
    rewards: [...shorthand, ...(input.rewards ?? [])],
    metadata: input.metadata ?? {},
    describedBy: input.describedBy ?? "",
  });
}

/**
 * Checks what claims to be an episode, from a caller or read back from storage, and copies the documented fields.
 *
 * @throws JitRLError `invalid-input` or `oversized-state`
 */
export function parseEpisode(value: unknown): Episode {
  const episode = record(value, "episode");
  const id = text(episode.id, "episode.id");
  const steps = list(episode.steps, "episode.steps").map((step, i) => parseStep(step, `episode.steps[${i}]`));
  if (steps.length === 0) throw invalid("episode.steps", "at least one step", "none");
  const ids = new Set<string>();
  steps.forEach((step, i) => {
    if (ids.has(step.id)) throw invalid(`episode.steps[${i}].id`, "an id that no other step has", step.id);
    ids.add(step.id);
    if (i > 0 && step.t < steps[i - 1]!.t)
      throw invalid(`episode.steps[${i}].t`, "no less than its predecessor's", step.t);
  });
  const rewards = new Map<string, Reward>();
  list(episode.rewards, "episode.rewards").forEach((reward, i) => {
    const parsed = parseReward(reward, steps.length, `episode.rewards[${i}]`);
    if (!rewards.has(parsed.id)) rewards.set(parsed.id, parsed);
  });
  if (!ends.includes(episode.end)) throw invalid("episode.end", ends.join(", "), episode.end);
  const metadata = Object.entries(record(episode.metadata, "episode.metadata")).flatMap(
    ([key, member]): [string, string | number | boolean][] => {
      if (member === undefined) return [];
      if (typeof member === "string" || typeof member === "boolean" || Number.isFinite(member)) {
        return [[key, member as string | number | boolean]];
      }
      throw invalid(`episode.metadata.${key}`, "a string, a finite number or a boolean", member);
    },
  );
  return {
    id,
    revision: integer(episode.revision, "episode.revision", 1),
    ...(episode.threadId === undefined ? {} : { threadId: text(episode.threadId, "episode.threadId") }),
    at: finite(episode.at, "episode.at"),
    end: episode.end as EpisodeEnd,
    steps,
    rewards: [...rewards.values()],
    metadata: Object.fromEntries(metadata),
    describedBy: string(episode.describedBy, "episode.describedBy"),
  };
}

/** @throws JitRLError `invalid-input` */
export function parseReward(value: unknown, steps: number, what = "reward"): Reward {
  const reward = record(value, what);
  if (!isRewardSource(reward.source)) {
    throw invalid(
      `${what}.source`,
      `"human", "environment" or "judge", with ":name" after it if you like`,
      reward.source,
    );
  }
  if (reward.step !== undefined && integer(reward.step, `${what}.step`, 0) >= steps) {
    throw invalid(`${what}.step`, `the index of one of the ${steps} steps`, reward.step);
  }
  return {
    id: text(reward.id, `${what}.id`),
    ...(reward.step === undefined ? {} : { step: integer(reward.step, `${what}.step`, 0) }),
    value: rewardValue(reward.value, `${what}.value`),
    source: reward.source,
    at: finite(reward.at, `${what}.at`),
  };
}

function parseStep(value: unknown, what: string): Step {
  const step = record(value, what);
  if (!choosers.includes(step.chosenBy))
    throw invalid(`${what}.chosenBy`, choosers.join(", "), step.chosenBy);
  return {
    id: text(step.id, `${what}.id`),
    t: integer(step.t, `${what}.t`, 0),
    state: parseState(step.state),
    action: text(step.action, `${what}.action`),
    chosenBy: step.chosenBy as ChosenBy,
    ...(step.payload === undefined ? {} : { payload: json(step.payload, `${what}.payload`) }),
    ...(step.observation === undefined ? {} : { observation: json(step.observation, `${what}.observation`) }),
    ...(step.decision === undefined ? {} : { decision: parseSummary(step.decision, `${what}.decision`) }),
  };
}

function parseSummary(value: unknown, what: string): DecisionSummary {
  const summary = record(value, what);
  const { mode } = summary;
  if (mode !== "on" && mode !== "shadow" && mode !== "off")
    throw invalid(`${what}.mode`, "on, shadow or off", mode);
  return {
    mode,
    reason: text(summary.reason, `${what}.reason`),
    baseAction: text(summary.baseAction, `${what}.baseAction`),
    propensity: finite(summary.propensity, `${what}.propensity`),
    kl: finite(summary.kl, `${what}.kl`),
    evidence: integer(summary.evidence, `${what}.evidence`, 0),
  };
}

/** The content of an episode without its revision, as one text: equal for equal content. */
export function episodeContent(episode: Episode): string {
  const { revision: _, ...content } = episode;
  return canonicalJson(content, "episode");
}

function json(value: unknown, what: string): JsonValue {
  return JSON.parse(canonicalJson(value, what)) as JsonValue;
}

function rewardValue(value: unknown, what: string): number {
  if (Math.abs(finite(value, what)) > MAX_REWARD) throw invalid(what, `between ±${MAX_REWARD}`, value);
  return value as number;
}

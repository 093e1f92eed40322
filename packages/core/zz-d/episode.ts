import { finite, integer, invalid, list, record, string, text } from "./check.js";
import { type DecisionSummary, parseDecisionSummary } from "./decision-summary.js";
import { canonicalJson, copyJson, type JsonValue } from "./json.js";
import { parseReward, parseRewardSource, type Reward, type RewardSource } from "./reward.js";
import { parseState, type State, type StateInput, toState } from "./state.js";

/** How an episode ended; `aborted` only where the caller says so. */
export type EpisodeEnd = "done" | "truncated" | "failed" | "aborted";

/** Who chose the action of a step. */
export type ChosenBy = "policy" | "base" | "human" | "fallback";

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
  /** Sources whose rewards are still to come, e.g. a judge that works in the background; absent where there are none. */
  readonly awaiting?: readonly RewardSource[];
  /** What a judge may read of the run besides its steps; kept only where the caller opts in. */
  readonly transcript?: JsonValue;
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
  /** @default none */
  readonly awaiting?: readonly RewardSource[];
  /** @default none */
  readonly transcript?: JsonValue;
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
      state: typeof step.state === "string" ? toState(step.state) : step.state,
      chosenBy: step.chosenBy ?? "base",
    })),
    rewards: [...shorthand, ...(input.rewards ?? [])],
    awaiting: input.awaiting,
    transcript: input.transcript,
    metadata: input.metadata ?? {},
    describedBy: input.describedBy ?? "",
  });
}

/**
 * Checks what claims to be an episode, from a caller or read back from storage, and copies the documented fields.
 *
 * @param tokens whether the lists of tokens in states are copied, or taken as they are: by a caller who owns them, or
 * is done with the episode before anybody can change them
 * @throws JitRLError `invalid-input` or `oversized-state`
 */
export function parseEpisode(value: unknown, tokens: "copied" | "taken" = "copied"): Episode {
  const episode = record(value, "episode");
  const id = text(episode.id, "episode.id");
  const steps = list(episode.steps, "episode.steps").map((step, i) =>
    parseStep(step, `episode.steps[${i}]`, tokens),
  );
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
  const awaiting = list(episode.awaiting ?? [], "episode.awaiting").map((source, i) =>
    parseRewardSource(source, `episode.awaiting[${i}]`),
  );
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
    ...(awaiting.length === 0 ? {} : { awaiting: [...new Set(awaiting)].sort() }),
    ...(episode.transcript === undefined
      ? {}
      : { transcript: copyJson(episode.transcript, "episode.transcript") }),
    metadata: Object.fromEntries(metadata),
    describedBy: string(episode.describedBy, "episode.describedBy"),
  };
}

function parseStep(value: unknown, what: string, tokens: "copied" | "taken"): Step {
  const step = record(value, what);
  if (!choosers.includes(step.chosenBy))
    throw invalid(`${what}.chosenBy`, choosers.join(", "), step.chosenBy);
  const parsed = {
    id: text(step.id, `${what}.id`),
    t: integer(step.t, `${what}.t`, 0),
    state: parseState(step.state, tokens),
    action: text(step.action, `${what}.action`),
    chosenBy: step.chosenBy as ChosenBy,
  };
  const { payload, observation, decision } = step;
  if (payload === undefined && observation === undefined && decision === undefined) return parsed;
  return {
    ...parsed,
    ...(payload === undefined ? {} : { payload: copyJson(payload, `${what}.payload`) }),
    ...(observation === undefined ? {} : { observation: copyJson(observation, `${what}.observation`) }),
    ...(decision === undefined ? {} : { decision: parseDecisionSummary(decision, `${what}.decision`) }),
  };
}

/** The content of an episode without its revision, as one text: equal for equal content. */
export function episodeContent(episode: Episode): string {
  const { revision: _, ...content } = episode;
  return canonicalJson(content, "episode");
}

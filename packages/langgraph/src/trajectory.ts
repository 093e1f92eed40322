import type { EpisodeEnd, EpisodeInput, Reward, Step } from "@jitrl/core";

/** The steps of a run so far; checkpointed with the thread. Plain JSON. */
export interface Trajectory {
  readonly episodeId: string;
  /** When the run made its first decision, ms since 1970. */
  readonly at: number;
  /**
   * The checkpoint from which the last decision was made, by the namespace of its graph; in a subgraph also those of
   * the graphs above. What happened to the thread since then tells whether the run still goes on.
   */
  readonly seen: Readonly<Record<string, string>>;
  /** The last message of the user at the last decision; the same, for where checkpoints cannot be read. */
  readonly input: string | undefined;
  readonly describedBy: string;
  readonly steps: readonly Step[];
  /** What the steps have earned so far, where the messages that say so may be gone before the run is judged. */
  readonly rewards?: readonly Reward[];
}

/** A run that new input cut off. */
export type EndedTrajectory = Trajectory & { readonly end: EpisodeEnd };

/** What the private channel `jitrl` holds. */
export interface TrajectoryState {
  /** The run that goes on. */
  readonly current: Trajectory | null;
  /** How that run ended, where a node said so before the evaluator stored it, and the checkpoint that it said so from. */
  readonly end: { readonly end: EpisodeEnd; readonly at: string | undefined } | null;
  /** Runs that new input cut off, until an evaluator has stored them; the last {@link MAX_ENDED}. */
  readonly ended: readonly EndedTrajectory[];
  /** Episodes that could not be stored yet, oldest first; sent again with the next one. */
  readonly unsent: readonly EpisodeInput[];
}

/** Runs that a thread keeps for an evaluator, should none come. */
export const MAX_ENDED = 20;

/** What a node writes to the channel. */
export type TrajectoryUpdate = StepsUpdate | ReviewedUpdate | EndUpdate | SettledUpdate;

/** Steps of the run `trajectory`. */
export interface StepsUpdate {
  readonly type: "steps";
  /** The run, with the new steps only. */
  readonly trajectory: Trajectory;
  /** The id of the run before the thread was forked, if it was. */
  readonly was?: string;
  /** Steps of the run until then that are to be as here: see {@link ReviewedUpdate}. */
  readonly reviewed?: readonly Step[];
  /** The run that was going on until then, `was`, ends under this id and in this way. */
  readonly cutOff?: { readonly was: string; readonly episodeId: string; readonly end: EpisodeEnd };
}

/** Steps of the run that goes on, as somebody left them who looked at them after the decision. */
export interface ReviewedUpdate {
  readonly type: "reviewed";
  readonly steps: readonly Step[];
}

/** The run that goes on ends in this way when the evaluator stores it. */
export interface EndUpdate {
  readonly type: "end";
  readonly end: EpisodeEnd;
  /** The checkpoint from which this was said. */
  readonly at: string | undefined;
}

/** An evaluator has dealt with these steps of these runs, and with what could not be stored before. */
export interface SettledUpdate {
  readonly type: "settled";
  readonly runs: readonly { readonly episodeId: string; readonly steps: readonly string[] }[];
  /** Unsent episodes that are stored now, or given up; see {@link unsentKey}. */
  readonly sent: readonly string[];
  /** Episodes that could not be stored. */
  readonly unsent: readonly EpisodeInput[];
}

export const emptyTrajectoryState: TrajectoryState = { current: null, end: null, ended: [], unsent: [] };

/**
 * Merges by ids: a retried write changes nothing the second time, and the writes of parallel branches lose no step
 * whatever their order.
 */
export function reduceTrajectory(state: TrajectoryState, update: TrajectoryUpdate): TrajectoryState {
  switch (update.type) {
    case "steps":
      return addSteps(review(state, update.reviewed), update);
    case "reviewed":
      return review(state, update.steps);
    case "end":
      return { ...state, end: { end: update.end, at: update.at } };
    case "settled":
      return settle(state, update);
  }
}

function addSteps(state: TrajectoryState, { trajectory, was, cutOff }: StepsUpdate): TrajectoryState {
  const { end } = state;
  let { current, ended } = state;
  if (current && cutOff && current.episodeId === cutOff.was) {
    const { episodeId } = cutOff;
    ended = [...ended, { ...current, episodeId, end: cutOff.end }].slice(-MAX_ENDED);
    current = null;
  }
  if (!current) {
    // What was said of an earlier run is not about this one; what a parallel branch says at the same time is.
    const sameTime = end?.at !== undefined && Object.values(trajectory.seen).includes(end.at);
    return { ...state, current: trajectory, end: sameTime ? end : null, ended };
  }
  // Branches that decide at the same time begin the same run; whoever comes second adds to it.
  const episodeId = current.episodeId === was ? trajectory.episodeId : current.episodeId;
  const { seen, input } = trajectory;
  const steps = withSteps(current.steps, trajectory.steps);
  return { ...state, current: { ...current, episodeId, seen, input, steps }, ended };
}

function review(state: TrajectoryState, reviewed: readonly Step[] = []): TrajectoryState {
  const { current } = state;
  if (!current || reviewed.length === 0) return state;
  const byId = new Map(reviewed.map((step) => [step.id, step]));
  const steps = current.steps.map((step) => byId.get(step.id) ?? step);
  return { ...state, current: { ...current, steps } };
}

function settle(state: TrajectoryState, { runs, sent, unsent }: SettledUpdate): TrajectoryState {
  const settled = new Map(runs.map(({ episodeId, steps }) => [episodeId, new Set(steps)]));
  const { current } = state;
  // A branch may have decided while the evaluator ran: its steps remain.
  const remaining = current?.steps.filter(({ id }) => !settled.get(current.episodeId)?.has(id)) ?? [];
  const left = state.unsent.filter((episode) => !sent.includes(unsentKey(episode)));
  const known = new Set(left.map(unsentKey));
  return {
    current: current && remaining.length > 0 ? { ...current, steps: remaining } : null,
    end: null,
    ended: state.ended.filter(({ episodeId }) => !settled.has(episodeId)),
    unsent: [...left, ...unsent.filter((episode) => !known.has(unsentKey(episode)))],
  };
}

/** Tells episodes apart that wait to be stored: branches may share an id until the store gives them their own. */
export function unsentKey({ id, steps }: EpisodeInput): string {
  return `${id} ${steps.at(-1)?.id}`;
}

function withSteps(steps: readonly Step[], more: readonly Step[]): readonly Step[] {
  const known = new Set(steps.map(({ id }) => id));
  const added = more.filter(({ id }) => !known.has(id));
  return added.length === 0 ? steps : [...steps, ...added];
}

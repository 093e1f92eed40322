import type { EpisodeEnd, EpisodeInput, Step } from "@jitrl/core";

/** The steps of a run so far; checkpointed with the thread. Plain JSON. */
export interface Trajectory {
  readonly episodeId: string;
  /** When the run made its first decision, ms since 1970. */
  readonly at: number;
  /** The checkpoint from which the first decision was made; tells a resumed run from new input. */
  readonly begunAt: string | undefined;
  /** The last message of the user when the run began; the same, for where checkpoints cannot be read. */
  readonly input: string | undefined;
  readonly describedBy: string;
  readonly steps: readonly Step[];
  readonly end: EpisodeEnd;
}

/** What the private channel `jitrl` holds. */
export interface TrajectoryState {
  /** The run that goes on. */
  readonly current: Trajectory | null;
  /** Runs that new input cut off, until the evaluator has stored them. */
  readonly ended: readonly Trajectory[];
  /** Episodes that could not be stored yet, oldest first; sent again with the next one. */
  readonly unsent: readonly EpisodeInput[];
  /** Id of the last message that an evaluator has seen: decisions mirrored on messages count only after it. */
  readonly settledThrough: string | null;
}

/** What a node writes to the channel. */
export type TrajectoryUpdate =
  /** Steps of the run `trajectory`; where `cutOff` names the run that was going on, that one ends. */
  | {
      readonly type: "steps";
      readonly trajectory: Trajectory;
      readonly cutOff?: { readonly episodeId: string; readonly end: EpisodeEnd };
    }
  /** The run that goes on ends in this way when the evaluator stores it. */
  | { readonly type: "end"; readonly end: EpisodeEnd }
  /** The evaluator has dealt with these runs. */
  | {
      readonly type: "settled";
      readonly episodeIds: readonly string[];
      readonly unsent: readonly EpisodeInput[];
      readonly through: string | null;
    };

export const emptyTrajectoryState: TrajectoryState = {
  current: null,
  ended: [],
  unsent: [],
  settledThrough: null,
};

/** Merges by ids, so that a retried or parallel write changes nothing the second time. */
export function reduceTrajectory(state: TrajectoryState, update: TrajectoryUpdate): TrajectoryState {
  switch (update.type) {
    case "end":
      return state.current ? { ...state, current: { ...state.current, end: update.end } } : state;
    case "settled": {
      const settled = new Set(update.episodeIds);
      return {
        current: state.current && settled.has(state.current.episodeId) ? null : state.current,
        ended: state.ended.filter(({ episodeId }) => !settled.has(episodeId)),
        unsent: update.unsent,
        settledThrough: update.through,
      };
    }
    case "steps": {
      const { trajectory, cutOff } = update;
      const cut = cutOff !== undefined && state.current?.episodeId === cutOff.episodeId;
      const ended =
        cut && state.current ? [...state.ended, { ...state.current, end: cutOff.end }] : state.ended;
      const current = cut ? null : state.current;
      // Branches that decide at the same time begin the same run; whoever comes second adds to it.
      return { ...state, ended, current: current ? withSteps(current, trajectory.steps) : trajectory };
    }
  }
}

function withSteps(trajectory: Trajectory, steps: readonly Step[]): Trajectory {
  const known = new Set(trajectory.steps.map(({ id }) => id));
  const added = steps.filter(({ id }) => !known.has(id));
  return added.length === 0 ? trajectory : { ...trajectory, steps: [...trajectory.steps, ...added] };
}

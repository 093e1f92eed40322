/** One run: one learner in one experiment with one seed. */
export interface Task {
  readonly experiment: string;
  readonly learner: string;
  readonly seed: number;
}

/** What became of a task. */
export type TaskOutcome =
  /** The true return of each episode. */
  | { readonly status: "done"; readonly returns: readonly number[] }
  /** It makes no sense, or cannot run, here. */
  | { readonly status: "skipped"; readonly reason: string }
  | { readonly status: "failed"; readonly reason: string };

/** What a worker is asked. */
export interface TaskMessage {
  readonly id: number;
  readonly task: Task;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly type: "ready" }
  | { readonly type: "episode"; readonly id: number; readonly done: number; readonly of: number }
  | { readonly type: "outcome"; readonly id: number; readonly outcome: TaskOutcome };

/** What a replica is started with. */
export interface Settings {
  readonly url: string;
  readonly namespace: string;
  readonly seed: number;
  /** Whether somebody tells it how its tickets ended. */
  readonly getsFeedback: boolean;
}

/** Tickets to work through. */
export interface Job {
  readonly first: number;
  readonly count: number;
}

/** Whether each ticket went to the right team. */
export interface Outcome {
  readonly right: readonly boolean[];
}

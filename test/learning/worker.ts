import type { Experiment } from "./experiment.js";
import { learnerKinds } from "./learners/index.js";
import { LearnerUnavailable } from "./learners/unavailable.js";
import { runExperiment } from "./run-experiment.js";
import { loadExperiments } from "./suite.js";
import type { Task, TaskMessage, TaskOutcome, WorkerMessage } from "./task.js";

// The process that `WorkerPool` starts: one task after the other.

/** Least time between two messages on how far a task is, ms. */
const REPORT_EVERY = 300;

const module = process.argv[2];
if (module === undefined) throw new Error("Expected the path of the module with the experiments.");
// Ctrl-C reaches the whole group of processes; it is for the parent to decide, and without it this one ends.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());

const experiments = await loadExperiments(module);
process.on("message", async ({ id, task }: TaskMessage) => {
  tell({ type: "outcome", id, outcome: await perform(id, task) });
});
tell({ type: "ready" });

async function perform(id: number, task: Task): Promise<TaskOutcome> {
  const experiment = named(experiments, task.experiment);
  const kind = named(learnerKinds, task.learner);
  const reason = kind.skip?.[experiment.name];
  if (reason !== undefined) return { status: "skipped", reason };
  try {
    return {
      status: "done",
      returns: await runExperiment(experiment, kind, task.seed, reporter(id, experiment)),
    };
  } catch (error) {
    if (error instanceof LearnerUnavailable) return { status: "skipped", reason: error.message };
    return {
      status: "failed",
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

function reporter(id: number, { episodes }: Experiment): (done: number) => void {
  let last = Date.now();
  return (done) => {
    const now = Date.now();
    if (now - last < REPORT_EVERY) return;
    last = now;
    tell({ type: "episode", id, done, of: episodes });
  };
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((one) => one.name === name);
  if (!found) throw new Error(`Expected one of ${list.map((one) => one.name).join(", ")}, found ${name}.`);
  return found;
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}

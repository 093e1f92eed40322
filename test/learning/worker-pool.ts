import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Task, TaskMessage, TaskOutcome, WorkerMessage } from "./task.js";

const program = fileURLToPath(new URL("./worker.ts", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

export interface PoolOptions {
  /** Processes at a time, ≥ 1. */
  readonly workers: number;
  /** Path of the module with the experiments. */
  readonly module: string;
  /** Ends all that runs. */
  readonly signal?: AbortSignal;
  /** A task began, or is at an episode. */
  readonly onProgress?: (id: number, episodes: { readonly done: number; readonly of: number }) => void;
  /** A task is over. */
  readonly onOutcome?: (id: number, outcome: TaskOutcome) => void;
}

/**
 * Performs tasks in processes of their own. What comes of a task depends on the task alone, so the outcomes are the
 * same with any number of workers.
 *
 * @returns one outcome a task, in their order
 * @throws the signal's reason when it was aborted
 */
export async function runTasks(tasks: readonly Task[], options: PoolOptions): Promise<TaskOutcome[]> {
  const { workers } = options;
  // The fault of one worker ends the others too.
  const fault = new AbortController();
  const signal = AbortSignal.any([fault.signal, ...(options.signal ? [options.signal] : [])]);
  const outcomes: TaskOutcome[] = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length) {
      signal.throwIfAborted();
      await oneWorker();
    }
  };

  /** A worker until there is nothing left to do or it ends by itself: then the task it was at has failed. */
  function oneWorker(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = start(options.module);
      let current: number | undefined;
      let ready = false;
      const stop = () => child.kill();
      signal.addEventListener("abort", stop, { once: true });
      const settle = (outcome: TaskOutcome) => {
        if (current === undefined) return;
        outcomes[current] = outcome;
        options.onOutcome?.(current, outcome);
        current = undefined;
      };
      const give = () => {
        if (next >= tasks.length || signal.aborted) {
          if (child.connected) child.disconnect();
          return;
        }
        current = next++;
        options.onProgress?.(current, { done: 0, of: 0 });
        child.send({ id: current, task: tasks[current]! } satisfies TaskMessage);
      };
      child.on("message", (message: WorkerMessage) => {
        if (message.type === "episode") options.onProgress?.(message.id, message);
        else {
          if (message.type === "outcome") settle(message.outcome);
          ready = true;
          give();
        }
      });
      child.on("error", reject);
      child.on("exit", (code, killedBy) => {
        signal.removeEventListener("abort", stop);
        if (signal.aborted) return reject(signal.reason);
        settle({ status: "failed", reason: `The worker ended with ${killedBy ?? `code ${code}`}.` });
        if (ready) resolve();
        else reject(new Error(`A worker could not start: it ended with ${killedBy ?? `code ${code}`}.`));
      });
    });
  }

  try {
    await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, work));
    return outcomes;
  } finally {
    fault.abort();
  }
}

function start(module: string): ChildProcess {
  return fork(program, [module], {
    cwd: root,
    execArgv: ["--conditions=@jitrl/source", "--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

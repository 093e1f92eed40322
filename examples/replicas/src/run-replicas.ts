import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Job, Outcome, Settings } from "./protocol.js";

export interface ReplicaRun {
  readonly name: string;
  readonly right: readonly boolean[];
}

const replicas = [
  { name: "replica 1, with feedback", getsFeedback: true },
  { name: "replica 2, without", getsFeedback: false },
  { name: "replica 3, without", getsFeedback: false },
];

/** Lets three processes of the agent work side by side, each on tickets of its own. */
export async function runReplicas(options: {
  readonly url: string;
  readonly namespace: string;
  /** Tickets a process. */
  readonly tickets: number;
  readonly onProgress?: (done: number) => void;
}): Promise<ReplicaRun[]> {
  const { url, namespace, tickets, onProgress } = options;
  const started = replicas.map(({ name, getsFeedback }, index) => {
    const settings: Settings = { url, namespace, seed: index + 1, getsFeedback };
    return { name, child: start(settings), right: [] as boolean[] };
  });
  try {
    await Promise.all(started.map(({ child }) => answer(child)));
    const count = 5;
    for (let first = 0; first < tickets; first += count) {
      await Promise.all(
        started.map(async ({ child, right }) => {
          const outcome = answer<Outcome>(child);
          child.send({ first, count: Math.min(count, tickets - first) } satisfies Job);
          right.push(...(await outcome).right);
        }),
      );
      onProgress?.(Math.min(first + count, tickets));
    }
  } finally {
    await Promise.all(started.map(({ child }) => end(child)));
  }
  return started.map(({ name, right }) => ({ name, right }));
}

function start(settings: Settings): ChildProcess {
  return fork(fileURLToPath(new URL("./replica.ts", import.meta.url)), [JSON.stringify(settings)], {
    execArgv: ["--conditions=@jitrl/source", "--import", "tsx"],
  });
}

/** The next message of a process. @throws Error if it ends instead */
async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const end = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`A replica ended with code ${String(code)}.`);
  });
  // Lost the race: nobody waits for it.
  end.catch(() => {});
  try {
    const [message] = (await Promise.race([once(child, "message"), end])) as [T];
    return message;
  } finally {
    ended.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  if (child.connected) child.disconnect();
  await exit;
}

import { JitRLError, type Step } from "@jitrl/core";
import type { BaseMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { PrivateState, PrivateUpdate } from "./channels.js";
import { findRun, lastInput, namespaceOf, type Run, seenBy } from "./run.js";
import { MAX_ENDED, type Trajectory } from "./trajectory.js";

/** Steps that stand in their run. */
export interface Recorded {
  /** The run, with these steps only. */
  readonly trajectory: Trajectory;
  /** Index of the first of them in the episode. */
  readonly index: number;
  readonly update: PrivateUpdate;
}

/**
 * Gives steps their place in the run: parallel ones share a time, and a retried node gives the same ids.
 *
 * @param begin what a trajectory that begins here is like
 * @param onError told when the run could not be found: then the one that was going on goes on
 */
export async function recordSteps(
  steps: readonly Omit<Step, "id" | "t">[],
  own: PrivateState,
  messages: readonly BaseMessage[] | undefined,
  begin: { readonly describedBy: string; readonly now: () => number },
  onError: (error: unknown) => void,
  config: LangGraphRunnableConfig,
): Promise<Recorded> {
  const run = await findRun(own, messages, config).catch((error: unknown): Run => {
    onError(error);
    return { current: own.jitrl.current, cutOff: null, was: own.jitrl.current?.episodeId };
  });
  const { current, cutOff, was } = run;
  // A subgraph's evaluator may be in the graph above, where its steps do arrive.
  if (cutOff && own.jitrl.ended.length >= MAX_ENDED && namespaceOf(config) === "") onError(overflow());
  const begun = current ?? {
    // Branches that begin a run at the same time stand on the same checkpoint, so they give it the same id.
    episodeId: config.executionInfo?.checkpointId ?? crypto.randomUUID(),
    at: begin.now(),
    describedBy: begin.describedBy,
    steps: [],
  };
  const t = (begun.steps.at(-1)?.t ?? -1) + 1;
  const task = config.executionInfo?.taskId ?? crypto.randomUUID();
  const trajectory: Trajectory = {
    ...begun,
    seen: seenBy(config),
    input: messages && lastInput(messages),
    steps: steps.map((step, i) => ({ ...step, id: i === 0 ? task : `${task}.${i}`, t })),
  };
  const update: PrivateUpdate = {
    jitrl: {
      type: "steps",
      trajectory,
      ...(was === undefined ? {} : { was }),
      ...(cutOff && was !== undefined
        ? { cutOff: { was, episodeId: cutOff.episodeId, end: cutOff.end } }
        : {}),
    },
    jitrlRun: trajectory.episodeId,
  };
  return { trajectory, index: begun.steps.length, update };
}

function overflow(): JitRLError {
  return new JitRLError(
    "store-failed",
    `A run was given up: ${MAX_ENDED} runs of this thread wait for an evaluator. Let every run end in an EvaluatorNode of this graph.`,
  );
}

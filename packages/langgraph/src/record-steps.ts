import { JitRLError } from "@jitrl/core";
import type { BaseMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { PrivateState, PrivateUpdate } from "./channels.js";
import type { Decided, NewStep } from "./decision-options.js";
import { emit, report } from "./events.js";
import { findRun, lastInput, namespaceOf, type Run, seenBy } from "./run.js";
import { traceDecision } from "./trace-decision.js";
import { MAX_ENDED, type Trajectory } from "./trajectory.js";

/** Steps that stand in their run. */
export interface Recorded {
  /** The run, with these steps only. */
  readonly trajectory: Trajectory;
  /** Index of the first of them in the episode. */
  readonly index: number;
  readonly update: PrivateUpdate;
}

/** Where in a thread a decision is made. */
export interface Place {
  readonly own: PrivateState;
  readonly run: Run;
  readonly messages: readonly BaseMessage[] | undefined;
}

/** @param onError told when the run could not be found: then the one that was going on goes on */
export async function placeOf(
  own: PrivateState,
  messages: readonly BaseMessage[] | undefined,
  onError: (error: unknown) => void,
  config: LangGraphRunnableConfig,
): Promise<Place> {
  const run = await findRun(own, messages, config).catch((error: unknown): Run => {
    onError(error);
    return { current: own.jitrl.current, cutOff: null, was: own.jitrl.current?.episodeId };
  });
  return { own, run, messages };
}

/** Records what was decided and tells of it, now that nothing can fail any more. */
export async function recordDecided(
  { steps, decision }: Decided,
  place: Place,
  begin: { readonly describedBy: string; readonly now: () => number },
  onError: ((error: unknown) => void) | undefined,
  config: LangGraphRunnableConfig,
): Promise<Recorded> {
  const told = (error: unknown) => report(error, config, onError);
  const recorded = recordSteps(steps, place, begin, told, config);
  const { index: step, trajectory } = recorded;
  if (decision) {
    const { episodeId } = trajectory;
    emit(config, { type: "jitrl:decision", episodeId, step, decision });
    await traceDecision(decision, { episodeId, step }, config).catch(told);
  }
  return recorded;
}

/**
 * Gives steps their place in the run: parallel ones share a time, and a retried node gives the same ids.
 *
 * @param begin what a trajectory that begins here is like
 * @param onError told when a run is given up that no evaluator came for
 */
export function recordSteps(
  steps: readonly NewStep[],
  { own, run: { current, cutOff, was }, messages }: Place,
  begin: { readonly describedBy: string; readonly now: () => number },
  onError: (error: unknown) => void,
  config: LangGraphRunnableConfig,
): Recorded {
  // A subgraph's evaluator may be in the graph above, where its steps do arrive.
  if (cutOff && own.jitrl.ended.length >= MAX_ENDED && namespaceOf(config) === "") onError(overflow());
  const { rewards: _, ...begun }: Trajectory = current ?? {
    // Branches that begin a run at the same time stand on the same checkpoint, so they give it the same id.
    episodeId: config.executionInfo?.checkpointId ?? crypto.randomUUID(),
    at: begin.now(),
    describedBy: begin.describedBy,
    seen: {},
    input: undefined,
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

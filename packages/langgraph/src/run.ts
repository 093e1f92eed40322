import type { EpisodeEnd } from "@jitrl/core";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import {
  BaseCheckpointSaver,
  type CheckpointTuple,
  type LangGraphRunnableConfig,
  START,
} from "@langchain/langgraph";
import type { PrivateState } from "./channels.js";
import type { Trajectory } from "./trajectory.js";

/** Which run a node finds itself in. */
export interface Run {
  /** The trajectory that goes on, if this is the same run. */
  readonly current: Trajectory | null;
  /** The run that was going on before new input came, and how it ended. */
  readonly cutOff: { readonly trajectory: Trajectory; readonly end: EpisodeEnd } | null;
}

/**
 * An episode is one run from input to evaluator, but a thread may be interrupted and resumed, fail and be resumed,
 * or get new input instead. Within one call of the graph the marker `jitrlRun` tells; at the first decision of a
 * call, whether input came since the trajectory began.
 */
export async function findRun(
  { jitrl: { current }, jitrlRun }: PrivateState,
  messages: readonly BaseMessage[] | undefined,
  config: LangGraphRunnableConfig,
): Promise<Run> {
  if (!current || jitrlRun === current.episodeId) return { current, cutOff: null };
  const end = await endedBefore(current, messages, config);
  return end === null ? { current, cutOff: null } : { current: null, cutOff: { trajectory: current, end } };
}

/** How the trajectory's run ended, or `null` if it goes on. */
async function endedBefore(
  trajectory: Trajectory,
  messages: readonly BaseMessage[] | undefined,
  config: LangGraphRunnableConfig,
): Promise<EpisodeEnd | null> {
  const checkpoints = await readCheckpoints(trajectory, config);
  if (checkpoints) {
    const { begun, now } = checkpoints;
    if (inputsUntil(begun.tuple) === inputsUntil(now.tuple)) return null;
    // Back to the last checkpoint of the old run: it tells whether a node had thrown there.
    let last: CheckpointTuple | undefined = now.tuple;
    while (last && inputsUntil(last) !== inputsUntil(begun.tuple)) {
      last = last.parentConfig && (await now.saver.getTuple(last.parentConfig));
    }
    return last?.pendingWrites?.some(([, channel]) => channel === "__error__") ? "failed" : "truncated";
  }
  // Without readable checkpoints (durability "exit") a new message of the user is the best sign of new input.
  return messages && lastInput(messages) !== trajectory.input ? "truncated" : null;
}

/** Grows with each input that the thread was given, also along a fork. */
function inputsUntil({ checkpoint }: CheckpointTuple): number | string | undefined {
  return checkpoint.channel_versions[START];
}

async function readCheckpoints(trajectory: Trajectory, config: LangGraphRunnableConfig) {
  const { executionInfo, configurable } = config;
  // How LangGraph itself hands the checkpointer down to subgraphs.
  const saver: unknown = configurable?.__pregel_checkpointer;
  if (!isSaver(saver) || !executionInfo?.threadId || trajectory.begunAt === undefined) return null;
  const read = async (checkpoint_id: string) => {
    const checkpoint_ns = graphNamespace(executionInfo.checkpointNs);
    const tuple = await saver.getTuple({
      configurable: { thread_id: executionInfo.threadId, checkpoint_ns, checkpoint_id },
    });
    return tuple && { tuple, saver };
  };
  const begun = await read(trajectory.begunAt);
  const now = await read(executionInfo.checkpointId);
  return begun && now ? { begun, now } : null;
}

/** A saver of any copy of the checkpoint package. */
function isSaver(saver: unknown): saver is BaseCheckpointSaver {
  return (
    saver instanceof BaseCheckpointSaver ||
    (typeof saver === "object" &&
      saver !== null &&
      "getTuple" in saver &&
      typeof saver.getTuple === "function")
  );
}

/** The namespace of the graph that a node runs in: the node's own less its last part. */
export function graphNamespace(nodeNamespace: string): string {
  return nodeNamespace.split("|").slice(0, -1).join("|");
}

/** Id of the user's last message. */
export function lastInput(messages: readonly BaseMessage[]): string | undefined {
  return messages.findLast((message) => HumanMessage.isInstance(message))?.id;
}

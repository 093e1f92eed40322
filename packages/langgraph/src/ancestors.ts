import type { EpisodeEnd } from "@jitrl/core";
import {
  BaseCheckpointSaver,
  type CheckpointTuple,
  type LangGraphRunnableConfig,
  START,
} from "@langchain/langgraph";

/** What a checkpoint tells about the run that led to it. */
export interface Ancestor {
  readonly id: string;
  /** Grows with each input that the thread was given, also along a fork. */
  readonly inputs: number | string | undefined;
  /** True if the thread left here what had come of the parent before. */
  readonly forks: boolean;
  /** True if a node threw that ran from here. */
  readonly failed: boolean;
}

/** What became of a run since one of its checkpoints. */
export interface Lineage {
  /** The same for all checkpoints of one run. */
  readonly inputs: Ancestor["inputs"];
  /** How the run ended, if new input came; `null` if it goes on. */
  readonly end: EpisodeEnd | null;
  /** The last checkpoint at which the thread was forked before the run ended, if it was. */
  readonly forkedAt: string | undefined;
}

/** Longest wait for the checkpoint that a node runs from: under durability `async` it may not be written yet. */
const LONGEST_WAIT = 2000;

/**
 * The checkpoints from the one that a node runs from back to `oldest`, the newest first.
 *
 * @returns `null` where they cannot be read: without a checkpointer, under durability `exit`, which writes none
 * before the call ends, or if `oldest` is no ancestor
 */
export async function readAncestors(
  oldest: string,
  config: LangGraphRunnableConfig,
): Promise<readonly Ancestor[] | null> {
  const { executionInfo, configurable } = config;
  const durability = "durability" in config ? config.durability : undefined;
  // How LangGraph itself hands the checkpointer down to subgraphs.
  const saver: unknown = configurable?.__pregel_checkpointer;
  if (!isSaver(saver) || !executionInfo?.threadId || durability === "exit") return null;
  const thread = {
    thread_id: executionInfo.threadId,
    checkpoint_ns: graphNamespace(executionInfo.checkpointNs),
  };
  const read = (checkpoint_id: string) => saver.getTuple({ configurable: { ...thread, checkpoint_id } });

  const ancestors: Ancestor[] = [];
  let tuple = await waitFor(() => read(executionInfo.checkpointId));
  // Ids of checkpoints grow with time: past `oldest` it cannot come any more.
  while (tuple && tuple.checkpoint.id >= oldest) {
    const { id, channel_versions } = tuple.checkpoint;
    const parent: unknown = tuple.parentConfig?.configurable?.checkpoint_id;
    ancestors.push({
      id,
      inputs: channel_versions[START],
      forks: await forks(tuple, parent, saver, thread),
      failed: tuple.pendingWrites?.some(([, channel]) => channel === "__error__") ?? false,
    });
    if (id === oldest) return ancestors;
    tuple = typeof parent === "string" ? await read(parent) : undefined;
  }
  return null;
}

/** What became of the run that was at the checkpoint `since`; `null` if that is not among the ancestors. */
export function lineageSince(ancestors: readonly Ancestor[], since: string | undefined): Lineage | null {
  const begun = ancestors.findIndex(({ id }) => id === since);
  const inputs = ancestors[begun]?.inputs;
  if (begun < 0) return null;
  const last = ancestors.findIndex((ancestor) => ancestor.inputs === inputs);
  // New input on an older checkpoint is a fork of the run that it cuts off.
  const forkedAt = ancestors.slice(Math.max(0, last - 1), begun).find((ancestor) => ancestor.forks)?.id;
  const end = last === 0 ? null : ancestors[last]?.failed ? "failed" : "truncated";
  return { inputs, end, forkedAt };
}

/** The namespace of the graph that a node runs in: the node's own less its last part. */
export function graphNamespace(nodeNamespace: string): string {
  return nodeNamespace.split("|").slice(0, -1).join("|");
}

/** A fork stands on an older checkpoint; an edit or an input on the newest one goes on from there. */
async function forks(
  { checkpoint: { id }, metadata }: CheckpointTuple,
  parent: unknown,
  saver: BaseCheckpointSaver,
  thread: { thread_id: string; checkpoint_ns: string },
): Promise<boolean> {
  if (metadata?.source === "fork") return true;
  if (metadata?.source !== "update" && metadata?.source !== "input") return false;
  const before = { configurable: { ...thread, checkpoint_id: id } };
  for await (const newest of saver.list({ configurable: thread }, { before, limit: 1 })) {
    return newest.checkpoint.id !== parent;
  }
  return false;
}

async function waitFor<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let waited = 0, pause = 1; ; waited += pause, pause *= 2) {
    const value = await read();
    if (value !== undefined || waited + pause > LONGEST_WAIT) return value;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
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

import {
  type Checkpoint,
  type CheckpointPendingWrite,
  maxChannelVersion,
  TASKS,
} from "@langchain/langgraph-checkpoint";

/**
 * Checkpoints of formats before 4 kept the sends that wait for the next step among the writes of their parent; now
 * they are a channel of the checkpoint itself.
 */
export function withPendingSends(
  checkpoint: Checkpoint,
  parentWrites: readonly CheckpointPendingWrite[],
  firstVersion: number,
): Checkpoint {
  const sends = parentWrites.filter(([, channel]) => channel === TASKS).map(([, , value]) => value);
  const versions = Object.values(checkpoint.channel_versions ?? {});
  const version = versions.length > 0 ? maxChannelVersion(...versions) : firstVersion;
  return {
    ...checkpoint,
    channel_values: { ...checkpoint.channel_values, [TASKS]: sends },
    channel_versions: { ...checkpoint.channel_versions, [TASKS]: version },
  };
}

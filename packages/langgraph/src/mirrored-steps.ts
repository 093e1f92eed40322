import type { Step } from "@jitrl/core";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { DecisionMetadata } from "./events.js";
import type { Trajectory } from "./trajectory.js";

/**
 * The run as it stands on the messages. A private channel ends with the subgraph that it belongs to, so a
 * `JitRLNode` in a subgraph mirrors its steps on the messages, and an evaluator in the graph above finds them here.
 *
 * @param settledThrough id of the last message that an evaluator has already seen
 */
export function mirroredTrajectory(
  messages: readonly BaseMessage[],
  settledThrough: string | null,
): Trajectory | null {
  const from = settledThrough === null ? -1 : messages.findIndex(({ id }) => id === settledThrough);
  const parts = messages.slice(from + 1).flatMap((message) => {
    const mirrored: unknown = AIMessage.isInstance(message) ? message.response_metadata.jitrl : undefined;
    return hasTrajectory(mirrored) ? [mirrored.trajectory] : [];
  });
  const [first] = parts;
  if (!first) return null;
  // Several subgraphs count their time each for itself; here it is the order of the messages.
  const steps = parts.flatMap(({ steps }, t) => steps.map((step): Step => ({ ...step, t })));
  return { ...first, steps };
}

/** Messages may come from anywhere; what is in the steps is checked when the episode is learned. */
function hasTrajectory(metadata: unknown): metadata is Required<Pick<DecisionMetadata, "trajectory">> {
  if (typeof metadata !== "object" || metadata === null || !("trajectory" in metadata)) return false;
  const { trajectory } = metadata;
  return (
    typeof trajectory === "object" &&
    trajectory !== null &&
    "episodeId" in trajectory &&
    typeof trajectory.episodeId === "string" &&
    "steps" in trajectory &&
    Array.isArray(trajectory.steps)
  );
}

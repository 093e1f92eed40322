import type { Step } from "@jitrl/core";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { type Ancestor, lineageSince, readAncestors } from "./ancestors.js";
import type { DecisionMetadata } from "./events.js";
import { annotate } from "./rewrite-tool-call.js";
import { branchId, guess, namespaceOf } from "./run.js";
import type { EndedTrajectory, Trajectory } from "./trajectory.js";

/** What subgraphs left for the evaluator of the graph above. */
export interface MirroredRuns {
  /** The run that ends here, one trajectory for each way in which its states are described. */
  readonly current: readonly Trajectory[];
  /** Runs that new input cut off. */
  readonly cutOff: readonly EndedTrajectory[];
  /** The messages without their steps, which are dealt with once these are stored. */
  readonly messages: readonly AIMessage[];
}

/**
 * Collects the steps that stand on messages. A private channel ends with the subgraph that it belongs to, so a
 * `JitRLNode` in a subgraph mirrors its steps on the messages, and an evaluator in the graph above finds them here.
 */
export async function mirroredRuns(
  messages: readonly BaseMessage[],
  config: LangGraphRunnableConfig,
  onError: (error: unknown) => void,
): Promise<MirroredRuns> {
  const namespace = namespaceOf(config);
  // What was decided in this graph and below it, but not by its caller or by siblings.
  const mirrored = messages
    .filter(hasTrajectory)
    .filter(({ response_metadata }) => namespace in response_metadata.jitrl.trajectory.seen);
  const parts = mirrored
    .map(({ response_metadata }) => response_metadata.jitrl.trajectory)
    // What this graph itself decided is in its channel.
    .filter(({ seen }) => Object.keys(seen).some((key) => key.length > namespace.length));
  const oldest = parts.flatMap(({ seen }) => seen[namespace] ?? []).sort()[0];
  const ancestors =
    oldest === undefined
      ? null
      : await readAncestors(oldest, config).catch((error: unknown) => {
          onError(error);
          return null;
        });

  const runs = new Map<string, { became: ReturnType<typeof becameOf>; parts: Trajectory[] }>();
  for (const part of parts) {
    const became = becameOf(part, messages, namespace, ancestors);
    const key = JSON.stringify([became.run, part.describedBy]);
    const run = runs.get(key) ?? { became, parts: [] };
    runs.set(key, { became, parts: [...run.parts, part] });
  }
  const joined = [...runs.values()].map(({ became, parts }) => ({ ...join(parts, became), end: became.end }));
  return {
    current: joined.flatMap(({ end, ...trajectory }) => (end === null ? [trajectory] : [])),
    cutOff: joined.flatMap(({ end, ...trajectory }) => (end === null ? [] : [{ ...trajectory, end }])),
    messages: mirrored.map((message) => {
      const { trajectory: _, ...jitrl } = message.response_metadata.jitrl;
      return annotate(message, { jitrl });
    }),
  };
}

function becameOf(
  part: Trajectory,
  messages: readonly BaseMessage[],
  namespace: string,
  ancestors: readonly Ancestor[] | null,
) {
  const lineage = ancestors && lineageSince(ancestors, part.seen[namespace]);
  return lineage ? { ...lineage, run: lineage.inputs } : { ...guess(part, messages), run: part.input };
}

/** Several subgraphs count their time each for itself; here it is the order of the messages. */
function join(parts: readonly Trajectory[], became: { forkedAt: string | undefined }): Trajectory {
  const first = parts[0]!;
  const steps = parts.flatMap((part, t) => part.steps.map((step): Step => ({ ...step, t })));
  return { ...first, episodeId: branchId(first.episodeId, became), steps };
}

type Mirrored = AIMessage & {
  readonly response_metadata: { readonly jitrl: Required<Pick<DecisionMetadata, "trajectory">> };
};

/** Messages may come from anywhere; what is in the steps is checked when the episode is learned. */
function hasTrajectory(message: BaseMessage): message is Mirrored {
  const mirrored: unknown = AIMessage.isInstance(message) ? message.response_metadata.jitrl : undefined;
  if (typeof mirrored !== "object" || mirrored === null || !("trajectory" in mirrored)) return false;
  const { trajectory } = mirrored;
  return (
    typeof trajectory === "object" &&
    trajectory !== null &&
    "episodeId" in trajectory &&
    typeof trajectory.episodeId === "string" &&
    "seen" in trajectory &&
    typeof trajectory.seen === "object" &&
    trajectory.seen !== null &&
    "steps" in trajectory &&
    Array.isArray(trajectory.steps)
  );
}

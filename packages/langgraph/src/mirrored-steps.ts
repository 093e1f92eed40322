import type { Step } from "@jitrl/core";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { type Ancestor, lineageSince, readAncestors } from "./ancestors.js";
import { type PrivateState, requireGraphAbove } from "./channels.js";
import type { DecisionMetadata } from "./events.js";
import { type ReviewOptions, reviewedSteps } from "./human-review.js";
import { annotate } from "./rewrite-tool-call.js";
import { branchId, guess, namespaceOf } from "./run.js";
import { type EndedTrajectory, emptyTrajectoryState, type Trajectory } from "./trajectory.js";

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
export async function mirroredRuns<S extends object>(
  messages: readonly BaseMessage[],
  state: S,
  review: ReviewOptions<S>,
  config: LangGraphRunnableConfig,
  onError: (error: unknown) => void,
): Promise<MirroredRuns> {
  const namespace = namespaceOf(config);
  // What was decided in this graph and below it, but not by its caller or by siblings.
  const mirrored = messages
    .filter(hasTrajectory)
    .filter(({ response_metadata }) => namespace in response_metadata.jitrl.trajectory.seen);
  const parts = mirrored
    .map(({ response_metadata }) => reviewed(response_metadata.jitrl.trajectory, state, messages, review))
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

/**
 * The run as a hook finds it that has no channel of its own: in the steps that stand on messages since the user last
 * spoke.
 *
 * @throws JitRLError `missing-channel` without a graph above, where an evaluator could find them
 */
export function ownOnMessages(
  messages: readonly BaseMessage[] = [],
  config: LangGraphRunnableConfig,
): PrivateState {
  requireGraphAbove(namespaceOf(config));
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const parts = messages
    .slice(asked + 1)
    .filter(hasTrajectory)
    .map(({ response_metadata }) => response_metadata.jitrl.trajectory);
  const [first] = parts;
  if (!first) return { jitrl: emptyTrajectoryState };
  const steps = parts.flatMap((part) => part.steps);
  return { jitrl: { ...emptyTrajectoryState, current: { ...first, steps } }, jitrlRun: first.episodeId };
}

function reviewed<S extends object>(
  part: Trajectory,
  state: S,
  messages: readonly BaseMessage[],
  review: ReviewOptions<S>,
): Trajectory {
  const changed = new Map(reviewedSteps(part.steps, state, messages, review).map((step) => [step.id, step]));
  return { ...part, steps: part.steps.map((step) => changed.get(step.id) ?? step) };
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

/** A message that carries steps. */
export type Mirrored = AIMessage & {
  readonly response_metadata: {
    readonly jitrl: DecisionMetadata & Required<Pick<DecisionMetadata, "trajectory">>;
  };
};

/** Messages may come from anywhere; what is in the steps is checked when the episode is learned. */
export function hasTrajectory(message: BaseMessage): message is Mirrored {
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

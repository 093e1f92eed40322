import type { EpisodeEnd } from "@jitrl/core";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { graphNamespace, type Lineage, lineageSince, readAncestors } from "./ancestors.js";
import type { PrivateState } from "./channels.js";
import type { EndedTrajectory, Trajectory } from "./trajectory.js";

/** Which run a node finds itself in. */
export interface Run {
  /** The trajectory that goes on, if this is the same run; in a fork, under an id of its own. */
  readonly current: Trajectory | null;
  /** The run that was going on before new input came, and how it ended. */
  readonly cutOff: EndedTrajectory | null;
  /** The id that either of them has in the channel. */
  readonly was: string | undefined;
}

/**
 * An episode is one run from input to evaluator, but a thread may be interrupted and resumed, fail and be resumed,
 * be forked, or get new input instead. Within one call of the graph the marker `jitrlRun` tells; at the first
 * decision of a call, what the checkpoints since the last decision say.
 *
 * Durability `exit` writes no checkpoint that could be read: there a new message of the user is taken for new input,
 * a run is not known to have failed, and without messages an interrupted run goes on whatever comes.
 */
export async function findRun(
  { jitrl: { current, end }, jitrlRun }: PrivateState,
  messages: readonly BaseMessage[] | undefined,
  config: LangGraphRunnableConfig,
): Promise<Run> {
  const was = current?.episodeId;
  if (!current || jitrlRun === was) return { current, cutOff: null, was };
  const since = current.seen[namespaceOf(config)];
  const ancestors = since === undefined ? null : await readAncestors(since, config);
  const became = (ancestors && lineageSince(ancestors, since)) ?? guess(current, messages);
  const trajectory = { ...current, episodeId: branchId(current.episodeId, became) };
  if (became.end === null) return { current: trajectory, cutOff: null, was };
  return { current: null, cutOff: { ...trajectory, end: end?.end ?? became.end }, was };
}

/** Without checkpoints that could be read, a new message of the user is the best sign of new input. */
export function guess(
  { input }: Trajectory,
  messages: readonly BaseMessage[] | undefined,
): Pick<Lineage, "end" | "forkedAt"> {
  const end: EpisodeEnd | null = messages && lastInput(messages) !== input ? "truncated" : null;
  return { end, forkedAt: undefined };
}

/** Every branch of a forked thread has an episode of its own; the branch is named by where it begins. */
export function branchId(episodeId: string, { forkedAt }: Pick<Lineage, "forkedAt">): string {
  return forkedAt === undefined ? episodeId : `${episodeId.split("~", 1)[0]}~${forkedAt}`;
}

/** The checkpoints that a decision is made from, by namespace. */
export function seenBy({ executionInfo, configurable }: LangGraphRunnableConfig): Record<string, string> {
  if (!executionInfo) return {};
  const above: unknown = configurable?.checkpoint_map;
  return {
    ...(typeof above === "object" ? above : {}),
    [graphNamespace(executionInfo.checkpointNs)]: executionInfo.checkpointId,
  };
}

/** The namespace of the graph that a node runs in. */
export function namespaceOf({ executionInfo }: LangGraphRunnableConfig): string {
  return graphNamespace(executionInfo?.checkpointNs ?? "");
}

/** Id of the user's last message. */
export function lastInput(messages: readonly BaseMessage[]): string | undefined {
  return messages.findLast((message) => HumanMessage.isInstance(message))?.id;
}

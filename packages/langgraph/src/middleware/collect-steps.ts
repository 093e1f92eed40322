import type { Reward, Step as RunStep } from "@jitrl/core";
import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import type { ActionKey } from "../action-key.js";
import { bindActionKey } from "../action-key.js";
import { asExecuted, callsOf, refusal, sameCall } from "../human-review.js";
import { hasTrajectory, type Mirrored } from "../mirrored-steps.js";
import { annotate, rewriteToolCall } from "../rewrite-tool-call.js";
import { reduceTrajectory, type Trajectory, type TrajectoryState } from "../trajectory.js";

/** Metadata of a message before which the agent was sent back to its model: the ids of the calls that were refused. */
export const REFUSED = "jitrl_refused";

export interface CollectOptions<S> {
  readonly state: S;
  readonly namespace: string;
  readonly actionKey: ActionKey<S>;
  /** What a call earns that was refused before it ran. */
  readonly refusal: number;
  readonly now: () => number;
}

export interface Collected {
  readonly jitrl: TrajectoryState;
  /** The messages whose steps were taken, without them. */
  readonly messages: readonly AIMessage[];
}

/**
 * Takes the steps that stand on messages into the private state: a decision is made where no state can be written.
 * By now others have had their say, so the steps are taken as they were executed.
 */
export function collectSteps<S extends object>(
  held: TrajectoryState,
  messages: readonly BaseMessage[],
  options: CollectOptions<S>,
): Collected {
  const { namespace, actionKey, state } = options;
  let jitrl = held;
  const changed: AIMessage[] = [];
  for (const [i, message] of messages.entries()) {
    if (!hasTrajectory(message) || !belongsTo(namespace, message)) continue;
    const before = { ...state, messages: messages.slice(0, i) };
    const { trajectory, fingerprints = {}, ...metadata } = message.response_metadata.jitrl;
    // Whoever takes the steps may be another process than the one that decided them, and knows no tools.
    const key = bindActionKey(actionKey, { fingerprints, state: before });
    const refused = refusedAfter(messages.slice(i + 1));
    const isRefused = (step: Pick<RunStep, "payload">) => callsOf(step).some(({ id }) => refused?.has(id));
    // Where one call was refused, those beside it were not made either.
    const steps = asExecuted(trajectory.steps, message, key).filter((step) => !refused || isRefused(step));
    if (steps.length > 0) {
      jitrl = append(jitrl, { ...trajectory, steps });
      if (refused) jitrl = withRewards(jitrl, refusals(jitrl, isRefused, options));
    }
    changed.push(annotate(repaired(message, trajectory), { jitrl: metadata }));
  }
  return { jitrl, messages: changed };
}

/**
 * The calls that were refused, if the agent was sent back to its model before its last calls could be made. The hook
 * that takes steps runs before each call of the model, but for this case: steps that still stand on a message say so.
 *
 * @param messages as the model is to be asked with them
 * @returns the ids of the calls that were answered with an error all the same
 */
export function refusedCalls(messages: readonly BaseMessage[], namespace: string): string[] | undefined {
  const last = messages.findLastIndex((message) => AIMessage.isInstance(message));
  const message = messages[last];
  if (!message || !hasTrajectory(message) || !belongsTo(namespace, message)) return undefined;
  const answers = messages.slice(last + 1).filter((one) => ToolMessage.isInstance(one));
  return answers.filter(({ status }) => status === "error").map(({ tool_call_id }) => tool_call_id);
}

/** Adds rewards to the run that goes on; the same id counts once. */
export function withRewards(state: TrajectoryState, rewards: readonly Reward[]): TrajectoryState {
  const { current } = state;
  const known = new Set(current?.rewards?.map(({ id }) => id));
  const added = rewards.filter(({ id }) => !known.has(id));
  if (!current || added.length === 0) return state;
  return { ...state, current: { ...current, rewards: [...(current.rewards ?? []), ...added] } };
}

function append(state: TrajectoryState, trajectory: Trajectory): TrajectoryState {
  const was = state.current?.episodeId;
  return reduceTrajectory(state, { type: "steps", trajectory, ...(was === undefined ? {} : { was }) });
}

/** Made by this agent, and not by one in a graph below or beside it. */
function belongsTo(namespace: string, { response_metadata }: Mirrored): boolean {
  const { seen } = response_metadata.jitrl.trajectory;
  const own = Object.keys(seen).reduce((longest, key) => (key.length > longest.length ? key : longest), "");
  return own === namespace;
}

/** What the next message of the agent says of the calls before it. */
function refusedAfter(later: readonly BaseMessage[]): ReadonlySet<unknown> | undefined {
  const next = later.find((message) => AIMessage.isInstance(message));
  const refused: unknown = next?.response_metadata[REFUSED];
  return Array.isArray(refused) ? new Set<unknown>(refused) : undefined;
}

function refusals<S>(
  { current }: TrajectoryState,
  isRefused: (step: RunStep) => boolean,
  { refusal: value, now }: CollectOptions<S>,
): Reward[] {
  return (current?.steps ?? []).flatMap((step, i): Reward[] =>
    isRefused(step) ? [refusal(step, i, value, now())] : [],
  );
}

/** Who edits `tool_calls` alone leaves the old call where clients would send it from. */
function repaired(message: AIMessage, { steps }: Trajectory): AIMessage {
  const [call, ...more] = message.tool_calls ?? [];
  const [decided] = steps.flatMap(callsOf);
  if (!call || more.length > 0 || !decided || sameCall(toSpec(call), decided)) return message;
  return rewriteToolCall(message, toSpec(call), message.response_metadata);
}

function toSpec({ name, args }: { name: string; args: Record<string, unknown> }) {
  return { name, args };
}

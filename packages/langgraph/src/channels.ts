import { JitRLError } from "@jitrl/core";
import type { BaseMessage } from "@langchain/core/messages";
import { getInteropZodObjectShape, isInteropZodObject } from "@langchain/core/utils/types";
import {
  Annotation,
  type AnnotationRoot,
  type ExtractStateType,
  type LangGraphRunnableConfig,
  type LastValue,
  type StateDefinitionInit,
  StateSchema,
  UntrackedValueChannel,
} from "@langchain/langgraph";
import {
  emptyTrajectoryState,
  reduceTrajectory,
  type TrajectoryState,
  type TrajectoryUpdate,
} from "./trajectory.js";

/**
 * The private channels: `jitrl` is checkpointed and holds the trajectory; `jitrlRun` lives as long as one call of
 * the graph and says which run that call belongs to. One object for both nodes, since a channel may stand in many
 * schemas only as the same object.
 */
const privateChannels = {
  jitrl: Annotation<TrajectoryState, TrajectoryUpdate>({
    reducer: reduceTrajectory,
    default: () => emptyTrajectoryState,
  }),
  jitrlRun: new UntrackedValueChannel<string>({ guard: false }),
};

// `messages` stands bare: LangGraph takes that for "as the graph has it", whatever its reducer is.
const messageChannels = Annotation.Root({ messages: Annotation<BaseMessage[]>(), ...privateChannels });

/** The part of the state that the nodes add. */
export interface PrivateState {
  readonly jitrl: TrajectoryState;
  readonly jitrlRun?: string;
}

/** State of a graph with messages, as the nodes see it. */
export interface MessagesState {
  readonly messages: BaseMessage[];
}

/** What a node writes, as far as its type tells: besides, what `apply` gives. */
export interface PrivateUpdate {
  readonly messages?: BaseMessage[];
  readonly jitrl?: TrajectoryUpdate;
  readonly jitrlRun?: string;
}

/** Third argument of `addNode` for graphs whose state has `messages`. */
export const messageInput: { readonly input: typeof messageChannels } = { input: messageChannels };

/** The schema of {@link optionsFor}: the keys of the graph's state, and the private channels. */
export type InputSchema<S> = AnnotationRoot<{ [K in keyof S]: LastValue<S[K]> } & typeof privateChannels>;

/**
 * Third argument of `addNode` for a graph with any other state: a node sees only the channels that its input schema
 * names, so that schema must hold the state's keys and the private channels.
 *
 * @param schema what the graph was made with: an `Annotation.Root`, a Zod object, a `StateSchema`, or plain channels
 * @throws JitRLError `invalid-input` for anything else
 */
export function inputFor<Schema extends StateDefinitionInit>(
  schema: Schema,
): { input: InputSchema<ExtractStateType<Schema>> } {
  const own = Object.fromEntries(keysOf(schema).map((key) => [key, Annotation()]));
  const input: unknown = Annotation.Root({ ...own, ...privateChannels });
  return { input: input as InputSchema<ExtractStateType<Schema>> };
}

function keysOf(schema: unknown): string[] {
  if (StateSchema.isInstance(schema)) return Object.keys(schema.fields);
  if (isInteropZodObject(schema)) return Object.keys(getInteropZodObjectShape(schema));
  if (typeof schema === "object" && schema !== null) {
    return Object.keys(
      "spec" in schema && typeof schema.spec === "object" && schema.spec ? schema.spec : schema,
    );
  }
  throw new JitRLError(
    "invalid-input",
    "Expected the schema that the graph was made with: an Annotation.Root, a Zod object or a StateSchema.",
  );
}

/** Where `createReactAgent` runs a `postModelHook`; nobody can choose the channels that it sees. */
const HOOK = "post_model_hook";

/** True for a hook that keeps its steps on the messages alone, for an evaluator in a graph above. */
export function isHook(state: object, config: LangGraphRunnableConfig): boolean {
  return config.metadata?.langgraph_node === HOOK && !("jitrl" in state);
}

/** @throws JitRLError `missing-channel`: in a graph that has no evaluator above it, the hook's steps would be lost */
export function requireGraphAbove(namespace: string): void {
  if (namespace !== "") return;
  throw new JitRLError(
    "missing-channel",
    `JitRLNode as a postModelHook leaves its steps on the messages, for an EvaluatorNode in a graph above. Make the agent a node of such a graph: new StateGraph(MessagesAnnotation).addNode("agent", agent).addNode("evaluate", new EvaluatorNode({ policy, reward }), EvaluatorNode.options).addEdge(START, "agent").addEdge("agent", "evaluate").`,
    { details: { node: "JitRLNode" } },
  );
}

/** @throws JitRLError `missing-channel` when the node was added without its options */
export function requirePrivateState(
  state: object,
  node: "JitRLNode" | "EvaluatorNode",
  config: LangGraphRunnableConfig,
): PrivateState {
  const own = { ...sentPast(config), ...state };
  if (!("jitrl" in own) || typeof own.jitrl !== "object" || own.jitrl === null) {
    throw new JitRLError(
      "missing-channel",
      `${node} found no channel "jitrl", where the steps of the run are kept. Add the node with its options: ` +
        `addNode("name", node, ${node}.options), or ${node}.optionsFor(YourState) for a state without messages or with more keys than the node needs.`,
      { details: { node } },
    );
  }
  const visible = Object.entries(own).filter(
    ([key, value]) => !(key in privateChannels) && value !== undefined,
  );
  if (visible.length === 0) {
    throw new JitRLError(
      "missing-channel",
      `${node} sees nothing of the graph's state: its options name other channels. In a graph with messages add it with ${node}.options, else with ${node}.optionsFor(YourState).`,
      { details: { node } },
    );
  }
  return own as PrivateState;
}

/** A node that was reached by a `Send` gets what was sent in the place of its channels; they are read on their own. */
function sentPast({ configurable, metadata }: LangGraphRunnableConfig): object {
  const triggers: unknown = metadata?.langgraph_triggers;
  const read: unknown = configurable?.__pregel_read;
  if (!Array.isArray(triggers) || !triggers.includes("__pregel_push") || typeof read !== "function")
    return {};
  const channels: unknown = read(Object.keys(privateChannels));
  return typeof channels === "object" && channels !== null ? channels : {};
}

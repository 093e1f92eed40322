export { explain } from "@jitrl/core";
export {
  type BoundTool,
  type CandidateRequest,
  type CandidateSource,
  functionCandidates,
  type ListedAction,
  type ModelQuestion,
} from "./candidates.js";
export type { MessagesState, PrivateState, PrivateUpdate } from "./channels.js";
export { describeMessages, MESSAGES_FEATURES } from "./describe-messages.js";
export {
  EvaluatorNode,
  type EvaluatorNodeOptions,
  type FinishedRun,
  failTo,
  type RewardFunction,
} from "./evaluator-node.js";
export { type DecisionMetadata, isJitRLEvent, type JitRLEvent } from "./events.js";
export { type Choice, JitRLNode, type JitRLNodeOptions } from "./jitrl-node.js";
export { rewriteToolCall } from "./rewrite-tool-call.js";
export { type ActionKey, type ToolCallSpec, toolCallKey, toolNameKey } from "./tool-call.js";
export type { Trajectory, TrajectoryState, TrajectoryUpdate } from "./trajectory.js";
export { type VerbalizedCandidatesOptions, verbalizedCandidates } from "./verbalized-candidates.js";

export { explain } from "@jitrl/core";
export {
  type ActionContext,
  type ActionKey,
  type BoundActionKey,
  bindActionKey,
  joinedKey,
  toolCallKey,
  toolNameKey,
} from "./action-key.js";
export { ANSWER_ACTION, type Answer, answerCandidate, answerPayload, readAnswer } from "./answer.js";
export { BackgroundQueue, type BackgroundQueueOptions } from "./background-queue.js";
export type { BoundTool } from "./bound-tool.js";
export {
  type CandidateRequest,
  type CandidateSource,
  functionCandidates,
  type ListedAction,
  type ModelQuestion,
} from "./candidates.js";
export type { MessagesState, PrivateState, PrivateUpdate } from "./channels.js";
export { combineCandidates, type WeightedSource } from "./combine-candidates.js";
export type { DecisionOptions } from "./decision-options.js";
export { describeMessages, MESSAGES_FEATURES } from "./describe-messages.js";
export type { Evaluator, FinishedRun, JudgedRun, RewardFunction } from "./evaluator.js";
export {
  EvaluatorNode,
  type EvaluatorNodeOptions,
  failTo,
} from "./evaluator-node.js";
export { type DecisionMetadata, isJitRLEvent, type JitRLEvent } from "./events.js";
export { refusedCall } from "./human-review.js";
export { type Choice, JitRLNode, type JitRLNodeOptions } from "./jitrl-node.js";
export type { JudgeScale } from "./judge-answer.js";
export { type LlmEvaluatorOptions, llmEvaluator } from "./llm-evaluator.js";
export {
  type LetteringModel,
  type LogprobCandidatesOptions,
  logprobCandidates,
} from "./logprob-candidates.js";
export {
  type FromOpenevalsOptions,
  fromOpenevals,
  type OpenevalsMessage,
  type OpenevalsParams,
  type OpenevalsResult,
} from "./openevals-evaluator.js";
export {
  type GroundAction,
  type RecalledCandidatesOptions,
  type RecallFrom,
  recalledCandidates,
} from "./recalled-candidates.js";
export { rewriteAsAnswer, rewriteToolCall, rewriteToolCalls } from "./rewrite-tool-call.js";
export type { RunJudgeOptions } from "./run-judge.js";
export { type SampledCandidatesOptions, type SampledModel, sampledCandidates } from "./sampled-candidates.js";
export {
  type RescoreOptions,
  rescore,
  type ScoreOptions,
  type ScoreReceipt,
  scorePending,
} from "./score-episodes.js";
export { callsFromPayload, callsToPayload, type ExecutedCall, type ToolCallSpec } from "./tool-call.js";
export { type ToolGuardOptions, toolGuard } from "./tool-guard.js";
export type { Trajectory, TrajectoryState, TrajectoryUpdate } from "./trajectory.js";
export type { Transcript, TranscriptStep } from "./transcript.js";
export {
  type TranslatedActions,
  type TranslatedActionsOptions,
  translatedActions,
} from "./translated-actions.js";
export { type VerbalizedCandidatesOptions, verbalizedCandidates } from "./verbalized-candidates.js";

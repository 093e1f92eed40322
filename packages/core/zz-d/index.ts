export { type AdaptiveOptions, adaptiveEstimator } from "./adaptive-estimate.js";
export type {
  Bar,
  Candidate,
  DecidedCandidate,
  Decision,
  DecisionReason,
  DecisionSettings,
  PolicyMode,
} from "./decision.js";
export { summarize } from "./decision.js";
export type { DecisionSummary, LoggedCandidate } from "./decision-summary.js";
export type { Departures, MeanReturn } from "./departures.js";
export type {
  ChosenBy,
  Episode,
  EpisodeEnd,
  EpisodeInput,
  Step,
  StepInput,
} from "./episode.js";
export { episodeContent, parseEpisode } from "./episode.js";
export { JitRLError, type JitRLErrorCode } from "./errors.js";
export {
  type ActionEstimate,
  type Estimate,
  type EstimateInput,
  type Estimator,
  type EvidenceStep,
  nearestSteps,
  normalizedEstimator,
  type PlainOptions,
  plainEstimator,
} from "./estimate.js";
export { explain } from "./explain.js";
export type { Guard } from "./guard.js";
export { InMemoryExperienceStore } from "./in-memory-store.js";
export { canonicalJson, type JsonValue } from "./json.js";
export { logitsFromFrequencies, logitsFromLogprobs, logitsFromScores } from "./logits.js";
export { ExperienceMemory, openMemory } from "./memory.js";
export type {
  Feedback,
  FeedbackTarget,
  ForgetReceipt,
  JudgedStep,
  Judgement,
  LearnReceipt,
  MemoryOptions,
  MemoryStats,
  NeighborOptions,
  NeighborSearch,
  RevokeOptions,
  RevokeReceipt,
} from "./memory-options.js";
export { mergeCandidates } from "./merge-candidates.js";
export type { ModeByRun, RunInfo } from "./mode.js";
export type { ActionEvidence, Neighbor, StepReference } from "./neighbor.js";
export { type NormalizeText, normalizeText } from "./normalize-text.js";
export { createPolicy, type DecideInput, type Policy } from "./policy.js";
export type { PolicyOptions } from "./policy-settings.js";
export { betaWithinBudget, klDivergence, logSoftmax, softmax, updateLogits } from "./policy-update.js";
export { type Random, seededRandom } from "./random.js";
export type { ReturnSummary } from "./return-summary.js";
export { discountedReturns, stepReturns } from "./returns.js";
export { judgedRewards } from "./revise-rewards.js";
export {
  isRewardSource,
  MAX_REASON,
  MAX_REWARD,
  parseReward,
  type Reward,
  type RewardKind,
  type RewardSource,
} from "./reward.js";
export { REWARD_PRECEDENCE, type StepRewards, stepRewards } from "./rewards.js";
export { type RolloutOptions, rollout, withinPercent } from "./rollout.js";
export type { SelectionMode, Ties } from "./select.js";
export { checkSelector, selects } from "./selector.js";
export { ExactSimilarityIndex } from "./similarity/exact-similarity-index.js";
export { jaccard, similarity } from "./similarity.js";
export {
  LinearSimilarityIndex,
  type Match,
  type SearchOptions,
  type SimilarityIndex,
} from "./similarity-index.js";
export {
  bag,
  buckets,
  type Feature,
  type FeatureOptions,
  MAX_STATE_TOKENS,
  ngrams,
  type State,
  type StateInput,
  stateKey,
  toState,
  words,
} from "./state.js";
export type {
  ExperienceStore,
  PutResult,
  RetentionOptions,
  Selector,
  StoreChange,
  StoredEpisode,
  StoreStats,
} from "./store.js";
export { parseTombstone, type Tombstone, Tombstones } from "./tombstones.js";
export type { EarlierStep } from "./tried.js";

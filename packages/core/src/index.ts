export type {
  Candidate,
  DecidedCandidate,
  Decision,
  DecisionReason,
  DecisionSettings,
  PolicyMode,
} from "./decision.js";
export { summarize } from "./decision.js";
export type {
  ChosenBy,
  DecisionSummary,
  Episode,
  EpisodeEnd,
  EpisodeInput,
  Reward,
  RewardKind,
  RewardSource,
  Step,
  StepInput,
} from "./episode.js";
export { episodeContent, isRewardSource, MAX_REWARD, parseEpisode, parseReward } from "./episode.js";
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
export { InMemoryExperienceStore } from "./in-memory-store.js";
export { canonicalJson, type JsonValue } from "./json.js";
export { logitsFromFrequencies, logitsFromLogprobs, logitsFromScores } from "./logits.js";
export {
  ExperienceMemory,
  type Feedback,
  type FeedbackTarget,
  type ForgetReceipt,
  type LearnReceipt,
  type MemoryOptions,
  type MemoryStats,
  type NeighborOptions,
  type NeighborSearch,
  openMemory,
} from "./memory.js";
export { mergeCandidates } from "./merge-candidates.js";
export type { ActionEvidence, Neighbor, StepReference } from "./neighbor.js";
export { type NormalizeText, normalizeText } from "./normalize-text.js";
export { createPolicy, type DecideInput, type Policy, type RunInfo } from "./policy.js";
export type { PolicyOptions } from "./policy-settings.js";
export { betaWithinBudget, klDivergence, logSoftmax, softmax, updateLogits } from "./policy-update.js";
export { type Random, seededRandom } from "./random.js";
export { discountedReturns, stepReturns } from "./returns.js";
export { REWARD_PRECEDENCE, type StepRewards, stepRewards } from "./rewards.js";
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

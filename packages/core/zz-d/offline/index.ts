export type { LoggedCandidate } from "../decision-summary.js";
export type { Estimates, Overlap } from "./estimates.js";
export { evaluateOffline, type OfflineEvaluation, type OfflineOptions } from "./evaluate-offline.js";
export type { EvaluatedStep, FrozenMemory } from "./evaluated-step.js";
export type { Verdict } from "./judge.js";
export type { Episodes, LoggedStep, SetAside, SetAsideReason } from "./log.js";
export type { Refusal } from "./refusal.js";
export { type Replay, type ReplayedStep, replay } from "./replay.js";
export {
  type SearchedSettings,
  type SettingsGrid,
  type SettingsSearch,
  type SettingsSearchOptions,
  searchSettings,
} from "./search-settings.js";
export type { Target, TargetPolicy, TargetSettings } from "./target.js";
export type { ValueEstimate } from "./value-estimate.js";

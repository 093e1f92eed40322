export { putAll, sampleEpisode, sampleReward, scannedIds } from "./sample-episode.js";
export type { Expectation, SuiteRunner } from "./store-cases.js";
export { type OpenStore, type StoreSuiteOptions, storeSuite } from "./store-suite.js";

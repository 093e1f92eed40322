import type { Episode, ExperienceStore } from "@jitrl/core";
import { putAll } from "@jitrl/core/testing";

export { sampleEpisode as episode, sampleReward as reward, scannedIds as idsIn } from "@jitrl/core/testing";

export const putNew = (store: ExperienceStore, ...episodes: Episode[]): Promise<void> =>
  putAll(store, episodes);

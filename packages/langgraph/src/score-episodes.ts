import { type Episode, type ExperienceMemory, JitRLError, type Selector } from "@jitrl/core";
import { detached } from "./detached.js";
import type { Evaluator } from "./evaluator.js";
import { judgeEpisode } from "./judge-episode.js";

export interface ScoreOptions {
  /** Where the episodes are: `policy.memory`. */
  memory: ExperienceMemory;
  /** Who judges them. */
  evaluator: Evaluator;
  /** Which of them. @default all */
  selector?: Selector;
  /** Most episodes that are judged at the same time, an integer ≥ 1. @default 2 */
  concurrency?: number;
  /** Ends it after the episodes that are being judged. @default never */
  signal?: AbortSignal;
}

export interface RescoreOptions extends ScoreOptions {
  /** `unscored`: only episodes of which the evaluator has said nothing that counts. @default "all" */
  which?: "all" | "unscored";
}

export interface ScoreReceipt {
  /** Number of episodes whose rewards are stored now. */
  readonly judged: number;
  /** Number of those that were judged elsewhere meanwhile, or forgotten. */
  readonly skipped: number;
  /** Those that could not be judged: they are as they were, and can be tried again. */
  readonly failed: readonly { readonly episodeId: string; readonly error: unknown }[];
}

/**
 * Judges the episodes that await the evaluator: because a process ended before its background judge was done, because
 * judging failed, or because the queue was full. To be called when a process starts, or by a job from time to time.
 *
 * Two processes that do so at the same time may both ask the model; only what the first one says counts.
 *
 * @throws JitRLError `invalid-input`, `store-failed`, `store-unavailable`, `memory-closed` when the store cannot be read
 */
export function scorePending(options: ScoreOptions): Promise<ScoreReceipt> {
  const { source } = options.evaluator;
  return score(options, true, ({ awaiting }) => awaiting?.includes(source) ?? false);
}

/**
 * Judges stored episodes anew, without running the agent again: what the evaluator says takes the place of what it,
 * or another one under its name, said before. Where it fails, the earlier rewards stay.
 *
 * @throws as {@link scorePending}
 */
export function rescore(options: RescoreOptions): Promise<ScoreReceipt> {
  const { source } = options.evaluator;
  const unscored = ({ rewards }: Episode) =>
    !rewards.some((reward) => reward.source === source && reward.revokedAt === undefined);
  return score(options, false, options.which === "unscored" ? unscored : () => true);
}

async function score(
  { memory, evaluator, selector, concurrency = 2, signal }: ScoreOptions,
  onlyAwaiting: boolean,
  wanted: (episode: Episode) => boolean,
): Promise<ScoreReceipt> {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new JitRLError("invalid-input", `Expected concurrency to be an integer ≥ 1, found ${concurrency}.`);
  const failed: { episodeId: string; error: unknown }[] = [];
  let [judged, skipped] = [0, 0];
  // Ids first: a scan must not be held up by models, nor meet what is changed meanwhile.
  const ids: string[] = [];
  for await (const episode of memory.episodes(selector)) if (wanted(episode)) ids.push(episode.id);
  const worker = async () => {
    for (let id = ids.shift(); id !== undefined && !signal?.aborted; id = ids.shift()) {
      const episodeId = id;
      try {
        const result = await detached((config) =>
          judgeEpisode(memory, evaluator, episodeId, { onlyAwaiting }, config),
        );
        if (result === "judged") judged++;
        else skipped++;
      } catch (error) {
        failed.push({ episodeId, error });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { judged, skipped, failed };
}

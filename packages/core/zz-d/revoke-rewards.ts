import type { EpisodeChanges } from "./episode-changes.js";
import { JitRLError } from "./errors.js";
import type { RevokeReceipt } from "./memory-options.js";
import { countOf, withoutSource } from "./revise-rewards.js";
import type { RewardSource } from "./reward.js";
import type { StoredEpisode } from "./store.js";

/** Revokes what a source said in some episodes, going on where one of them cannot be changed. */
export async function revokeRewards(
  episodes: AsyncIterable<StoredEpisode>,
  changes: EpisodeChanges,
  source: RewardSource,
  at: number,
): Promise<RevokeReceipt> {
  let revised = 0;
  let rewards = 0;
  const failures: { id: string; cause: unknown }[] = [];
  try {
    for await (const { id, ...found } of episodes) {
      if (countOf({ id, ...found }, source) === 0) continue;
      let count = 0;
      try {
        const { status } = await changes.make(id, (held) => {
          // It was forgotten since it was read, or by now says nothing of that source.
          if (!held) return "conflict";
          count = countOf(held, source);
          return withoutSource(held, source, at);
        });
        // One that waits to be sent may find another revision there, and be dropped.
        if (status === "buffered") throw away(id);
        if (status !== "stored") continue;
        revised++;
        rewards += count;
      } catch (cause) {
        failures.push({ id, cause });
      }
    }
  } catch (cause) {
    throw partial(cause, [], { episodes: revised, rewards });
  }
  const [first] = failures;
  if (first)
    throw partial(
      first.cause,
      failures.map(({ id }) => id),
      { episodes: revised, rewards },
    );
  return { episodes: revised, rewards };
}

function away(episodeId: string): JitRLError {
  return new JitRLError("store-unavailable", "The store is out of reach.", { details: { episodeId } });
}

function partial(cause: unknown, failed: readonly string[], receipt: RevokeReceipt): JitRLError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const what =
    failed.length > 0 ? `${failed.length} episode(s) could not be changed` : "the rest was not read";
  return new JitRLError(
    JitRLError.isInstance(cause) ? cause.code : "store-failed",
    `Revoked ${receipt.rewards} reward(s) of ${receipt.episodes} episode(s), but ${what}: ${message} Call it again.`,
    { cause, details: { ...receipt, failed: failed.slice(0, 100) } },
  );
}

import { canonicalJson, type Episode, JitRLError, type PutResult } from "@jitrl/core";
import { encodedEpisode, encodeEpisode } from "./episode-codec.js";
import type { PutEntry } from "./experience-scripts.js";

export interface LateAccess {
  readonly put: (entry: PutEntry) => Promise<PutResult>;
  readonly get: (id: string) => Promise<Episode | undefined>;
}

/**
 * Stores an episode that waited. Nobody waits for the answer any more, so what is there already is joined with it here.
 *
 * @throws JitRLError `conflict` when its id was taken meanwhile, and what `access` throws
 */
export async function sendLate({ encoded, expectedRevision }: PutEntry, access: LateAccess): Promise<void> {
  for (let next = encoded, expected = expectedRevision; ; ) {
    const result = await access.put({ encoded: next, expectedRevision: expected });
    if (result.status !== "conflict") return;
    const held = await access.get(encoded.known.id);
    const late = encodedEpisode(encoded);
    const joined = held ? addLate(held, late) : late;
    if (joined === "conflict")
      throw new JitRLError("conflict", "its id was taken meanwhile by an episode with other steps");
    if (!joined) return;
    [next, expected] = [encodeEpisode(joined), held?.revision ?? 0];
  }
}

/**
 * What an episode that comes late makes of one that is there: its rewards are added, once each.
 *
 * @returns undefined if nothing is new; "conflict" if the two have other steps
 */
function addLate(held: Episode, late: Episode): Episode | undefined | "conflict" {
  if (stepsOf(held) !== stepsOf(late)) return "conflict";
  const known = new Set(held.rewards.map(({ id }) => id));
  const added = late.rewards.filter(({ id }) => !known.has(id));
  return added.length === 0 ? undefined : { ...held, rewards: [...held.rewards, ...added] };
}

function stepsOf(episode: Episode): string {
  return canonicalJson(episode.steps.map(({ id, t, action }) => [id, t, action]));
}

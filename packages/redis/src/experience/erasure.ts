import { type Episode, JitRLError, type Selector, selects } from "@jitrl/core";
import type { ScriptRunner } from "../script.js";
import { decodeHead, idOf, memberOf, Unreadable } from "./episode-codec.js";
import type { ExperienceScripts, RawHead } from "./experience-scripts.js";
import { BATCH } from "./experience-scripts.js";
import { forgottenName, keySetOf } from "./forgotten-names.js";

/** Runs a piece of work on the server, again while it is out of reach for a moment. */
export type Attempt = <T>(work: (client: ScriptRunner) => Promise<T>) => Promise<T>;

/**
 * Forgets what a selector names: first its name is remembered, so that late writers are refused from then on; then the
 * heads up to that moment are read in batches and compared here, and what matches is removed. No batch takes the
 * server more than some milliseconds, whatever there is. A head that cannot be read may be anybody's, and goes as well.
 *
 * @returns the ids that were removed
 * @throws JitRLError `store-unavailable` with what was removed so far in its details: to go on, erase again;
 * `store-corrupt` when entries of a newer version were left, because nobody here can tell whose they are
 */
export async function erase(
  scripts: ExperienceScripts,
  selector: Selector,
  { read, write }: { readonly read: Attempt; readonly write: Attempt },
): Promise<string[]> {
  const last = await write((client) => scripts.forget(client, forgottenName(selector), keySetOf(selector)));
  const removed: string[] = [];
  let newer = 0;
  try {
    if ("episodeId" in selector) {
      const [found] = await read((client) => scripts.get(client, [memberOf(selector.episodeId)], false));
      if (found) removed.push(...(await removeAll(scripts, [found], write)));
      return removed;
    }
    for (let after = "0"; ; ) {
      const page = await read((client) => scripts.heads(client, after, last));
      const matches = page.filter(({ head }) => {
        const match = isMeant(selector, head);
        if (match === "newer") newer++;
        return match === true;
      });
      removed.push(...(await removeAll(scripts, matches, write)));
      const end = page.at(-1);
      if (!end) break;
      after = end.sequence;
    }
    if ("all" in selector) await write((client) => scripts.clear(client));
  } catch (error) {
    if (!JitRLError.isInstance(error)) throw error;
    throw new JitRLError(
      error.code,
      `${error.message} ${removed.length} episodes were removed before that.`,
      {
        cause: error.cause,
        details: { ...error.details, removed },
      },
    );
  }
  if (newer > 0) {
    throw new JitRLError(
      "store-corrupt",
      `${removed.length} episodes were removed, and ${newer} were left: they are of a newer version, so nobody here can tell whether they are meant. Upgrade @jitrl/redis and erase again.`,
      { details: { removed, left: newer } },
    );
  }
  return removed;
}

async function removeAll(
  scripts: ExperienceScripts,
  found: readonly RawHead[],
  write: Attempt,
): Promise<string[]> {
  const removed: string[] = [];
  for (let i = 0; i < found.length; i += BATCH) {
    const batch = found.slice(i, i + BATCH);
    let attempts = 0;
    const members = await write((client) => {
      attempts++;
      return scripts.remove(client, batch);
    });
    // An attempt whose answer was lost may have removed them all.
    removed.push(...(attempts > 1 ? batch.map(({ member }) => member) : members));
  }
  return removed.map(readableId);
}

function isMeant(selector: Selector, headText: unknown): boolean | "newer" {
  if ("all" in selector) return true;
  try {
    const { threadId, metadata } = decodeHead(headText);
    const named: Pick<Episode, "id" | "threadId" | "metadata"> = {
      id: "",
      metadata,
      ...(threadId === undefined ? {} : { threadId }),
    };
    return selects(selector, named);
  } catch (error) {
    if (error instanceof Unreadable) return error.newer ? "newer" : true;
    throw error;
  }
}

function readableId(member: string): string {
  try {
    return idOf(member);
  } catch (error) {
    if (error instanceof Unreadable) return member;
    throw error;
  }
}

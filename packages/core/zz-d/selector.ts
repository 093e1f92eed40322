import { invalid, record, text } from "./check.js";
import type { Episode } from "./episode.js";
import { JitRLError } from "./errors.js";
import type { Selector } from "./store.js";

/** True for the episodes that the selector names. */
export function selects(selector: Selector, episode: Pick<Episode, "id" | "threadId" | "metadata">): boolean {
  if ("episodeId" in selector) return episode.id === selector.episodeId;
  if ("threadId" in selector) return episode.threadId === selector.threadId;
  if ("metadata" in selector) {
    return Object.entries(selector.metadata).every(
      ([key, value]) => Object.hasOwn(episode.metadata, key) && episode.metadata[key] === value,
    );
  }
  return selector.all === true;
}

/**
 * Refuses what is not exactly one of the selectors, so that a slip in a caller's code never erases more than it meant.
 *
 * @throws JitRLError `invalid-input`
 */
export function checkSelector(selector: Selector): void {
  const given: Record<string, unknown> = record(selector, "selector");
  const names = ["episodeId", "threadId", "metadata", "all"].filter((name) => name in given);
  const empty = "metadata" in selector && Object.keys(record(selector.metadata, "metadata")).length === 0;
  if (names.length !== 1 || empty || ("all" in selector && selector.all !== true)) {
    throw new JitRLError(
      "invalid-input",
      "Expected a selector of exactly one of { episodeId }, { threadId }, { metadata } with at least one entry, or { all: true }.",
    );
  }
  if ("episodeId" in selector) text(selector.episodeId, "selector.episodeId");
  if ("threadId" in selector) text(selector.threadId, "selector.threadId");
  if ("metadata" in selector) {
    for (const [key, value] of Object.entries<unknown>(selector.metadata)) {
      if (!["string", "number", "boolean"].includes(typeof value))
        throw invalid(`selector.metadata.${key}`, "a string, a number or a boolean", value);
    }
  }
}

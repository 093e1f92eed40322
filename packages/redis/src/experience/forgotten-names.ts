import { hash } from "node:crypto";
import { canonicalJson, type Episode, type Selector } from "@jitrl/core";

// What was forgotten is remembered by names that hold digests only, and of metadata the keys.

/** The name of what a selector forgets. What begins with `episode ` is refused whenever it began. */
export function forgottenName(selector: Selector): string {
  if ("episodeId" in selector) return `episode ${digest(selector.episodeId)}`;
  if ("threadId" in selector) return `thread ${digest(selector.threadId)}`;
  if ("metadata" in selector) return `metadata ${digest(selector.metadata)}`;
  return "all";
}

/** The metadata keys of a selector, as they are kept; '' for other selectors. */
export function keySetOf(selector: Selector): string {
  return "metadata" in selector ? JSON.stringify(Object.keys(selector.metadata).sort()) : "";
}

/** @throws SyntaxError for what is not a set of keys */
export function parseKeySet(text: string): readonly string[] {
  const keys: unknown = JSON.parse(text);
  if (!Array.isArray(keys)) throw new SyntaxError("Expected an array of metadata keys.");
  return keys.map(String);
}

/** All names under which an episode would be forgotten. */
export function namesOf(
  episode: Pick<Episode, "id" | "threadId" | "metadata">,
  keySets: Iterable<readonly string[]>,
): string[] {
  const names = ["all", forgottenName({ episodeId: episode.id })];
  if (episode.threadId !== undefined) names.push(forgottenName({ threadId: episode.threadId }));
  for (const keys of keySets) {
    if (!keys.every((key) => Object.hasOwn(episode.metadata, key))) continue;
    const metadata = Object.fromEntries(
      keys.map((key): [string, string | number | boolean] => [key, episode.metadata[key]!]),
    );
    names.push(forgottenName({ metadata }));
  }
  return names;
}

/** As JSON, because the bytes of a text with lone surrogates would be those of another text too. */
function digest(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url");
}

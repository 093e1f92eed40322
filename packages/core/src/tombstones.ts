import type { Episode } from "./episode.js";
import { canonicalJson } from "./json.js";
import type { Selector } from "./store.js";

/** That something was forgotten, and when; of what it was, only a digest. */
export type Tombstone =
  | { readonly kind: "episode" | "thread"; readonly digest: string; readonly at: number }
  | {
      readonly kind: "metadata";
      readonly keys: readonly string[];
      readonly digest: string;
      readonly at: number;
    }
  | { readonly kind: "all"; readonly at: number };

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

/** Remembers what was forgotten without remembering whom, so that late writers cannot bring it back. */
export class Tombstones {
  readonly #held = new Map<string, Tombstone>();

  /** @param at when it was forgotten, ms since 1970 */
  static async of(selector: Selector, at: number): Promise<Tombstone> {
    if ("episodeId" in selector) return { kind: "episode", digest: await digest(selector.episodeId), at };
    if ("threadId" in selector) return { kind: "thread", digest: await digest(selector.threadId), at };
    if ("metadata" in selector) {
      const keys = Object.keys(selector.metadata).sort();
      return { kind: "metadata", keys, digest: await digest(canonicalJson(selector.metadata)), at };
    }
    return { kind: "all", at };
  }

  /** Of two for the same thing the later one holds. */
  add(tombstone: Tombstone): void {
    const { at, ...rest } = tombstone;
    const key = canonicalJson(rest);
    const held = this.#held.get(key);
    if (!held || held.at < at) this.#held.set(key, tombstone);
  }

  values(): Iterable<Tombstone> {
    return this.#held.values();
  }

  /** Resolves to a test that stays right when more is forgotten while its caller goes on. */
  async tester(episode: Pick<Episode, "id" | "threadId" | "metadata" | "at">): Promise<() => boolean> {
    const digests = new Map<string, string>();
    const prepare = async (tombstone: Tombstone) => {
      const text = textFor(tombstone, episode);
      if (text !== undefined && !digests.has(text)) digests.set(text, await digest(text));
    };
    let prepared = 0;
    while (prepared < this.#held.size) {
      const held = [...this.#held.values()];
      prepared = held.length;
      for (const tombstone of held) await prepare(tombstone);
    }
    return () => {
      for (const tombstone of this.#held.values()) {
        if (tombstone.kind !== "episode" && episode.at > tombstone.at) continue;
        if (tombstone.kind === "all") return true;
        const text = textFor(tombstone, episode);
        if (text !== undefined && digests.get(text) === tombstone.digest) return true;
      }
      return false;
    };
  }
}

/** The text whose digest tells whether a tombstone means this episode. */
function textFor(
  tombstone: Tombstone,
  episode: Pick<Episode, "id" | "threadId" | "metadata">,
): string | undefined {
  switch (tombstone.kind) {
    case "episode":
      return episode.id;
    case "thread":
      return episode.threadId;
    case "metadata":
      if (!tombstone.keys.every((key) => Object.hasOwn(episode.metadata, key))) return undefined;
      return canonicalJson(Object.fromEntries(tombstone.keys.map((key) => [key, episode.metadata[key]])));
    case "all":
      return undefined;
  }
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

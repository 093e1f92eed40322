import { finite, invalid, list, record, string } from "./check.js";
import type { Episode } from "./episode.js";
import { canonicalJson } from "./json.js";
import { checkSelector } from "./selector.js";
import type { Selector } from "./store.js";

/** That something was forgotten, and when (ms since 1970); of what it was, only a SHA-256 digest. */
export type Tombstone =
  | { readonly kind: "episode" | "thread"; readonly digest: string; readonly at: number }
  | {
      readonly kind: "metadata";
      readonly keys: readonly string[];
      readonly digest: string;
      readonly at: number;
    }
  | { readonly kind: "all"; readonly at: number };

/** Remembers what was forgotten without remembering whom, so that late writers cannot bring it back. */
export class Tombstones {
  readonly #held = new Map<string, Tombstone>();
  /** The sets of metadata keys that were forgotten by: the values of an episode are digested for each. */
  readonly #keySets = new Map<string, readonly string[]>();

  /**
   * @param at when it was forgotten, ms since 1970
   * @throws JitRLError `invalid-input` for what is not exactly one selector
   */
  static async of(selector: Selector, at: number): Promise<Tombstone> {
    checkSelector(selector);
    if ("episodeId" in selector) return { kind: "episode", digest: await digest(selector.episodeId), at };
    if ("threadId" in selector) return { kind: "thread", digest: await digest(selector.threadId), at };
    if ("metadata" in selector) {
      const keys = Object.keys(selector.metadata).sort();
      return { kind: "metadata", keys, digest: await digest(selector.metadata), at };
    }
    return { kind: "all", at };
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of two for the same thing the later one holds. */
  add(tombstone: Tombstone): void {
    const key = keyOf(tombstone);
    const held = this.#held.get(key);
    if (!held || held.at < tombstone.at) this.#held.set(key, tombstone);
    if (tombstone.kind === "metadata") this.#keySets.set(canonicalJson(tombstone.keys), tombstone.keys);
  }

  values(): Iterable<Tombstone> {
    return this.#held.values();
  }

  /** Resolves to a test that stays right when more is forgotten while its caller goes on. */
  async tester(episode: Pick<Episode, "id" | "threadId" | "metadata" | "at">): Promise<() => boolean> {
    // The keys of all tombstones that would mean this episode.
    const keys = [
      keyOf({ kind: "all" }),
      keyOf({ kind: "episode", digest: await digest(episode.id) }),
      ...(episode.threadId === undefined
        ? []
        : [keyOf({ kind: "thread", digest: await digest(episode.threadId) })]),
    ];
    const prepared = new Set<string>();
    while (prepared.size < this.#keySets.size) {
      for (const [name, keySet] of this.#keySets) {
        if (prepared.has(name)) continue;
        prepared.add(name);
        if (!keySet.every((key) => Object.hasOwn(episode.metadata, key))) continue;
        const values = Object.fromEntries(keySet.map((key) => [key, episode.metadata[key]]));
        keys.push(keyOf({ kind: "metadata", keys: keySet, digest: await digest(values) }));
      }
    }
    return () =>
      keys.some((key) => {
        const held = this.#held.get(key);
        return held !== undefined && (held.kind === "episode" || episode.at <= held.at);
      });
  }
}

/** Checks what claims to be a tombstone, read back from storage. @throws JitRLError `invalid-input` */
export function parseTombstone(value: unknown): Tombstone {
  const tombstone = record(value, "tombstone");
  const at = finite(tombstone.at, "tombstone.at");
  const { kind } = tombstone;
  if (kind === "all") return { kind, at };
  const digest = string(tombstone.digest, "tombstone.digest");
  if (kind === "episode" || kind === "thread") return { kind, digest, at };
  if (kind !== "metadata") throw invalid("tombstone.kind", "episode, thread, metadata or all", kind);
  const keys = list(tombstone.keys, "tombstone.keys").map((key) => string(key, "tombstone.keys"));
  return { kind, keys, digest, at };
}

type Unnamed<T> = T extends unknown ? Omit<T, "at"> : never;

/** Equal for tombstones of the same thing. */
function keyOf(tombstone: Unnamed<Tombstone>): string {
  const { kind } = tombstone;
  if (kind === "all") return kind;
  return kind === "metadata"
    ? `${kind} ${canonicalJson(tombstone.keys)} ${tombstone.digest}`
    : `${kind} ${tombstone.digest}`;
}

/** As JSON, because the bytes of a text with lone surrogates would be those of another text too. */
async function digest(value: unknown): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonicalJson(value)));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

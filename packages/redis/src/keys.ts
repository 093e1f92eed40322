import { createHash } from "node:crypto";

// Every Redis key of this package is built here. All keys of a namespace begin with `jitrl:NAMESPACE:`, so that one
// ACL pattern, `~jitrl:NAMESPACE:*`, covers them; no other namespace's keys begin so. What is between braces decides
// the slot of a cluster: one for the experience of a namespace, one for each thread.

/** Longest encoded name that a key holds whole. */
const LONGEST = 128;

/**
 * A name as a part of a key: letters, digits, `_`, `-` and `.` as they are, every other UTF-16 unit as `%hh` or
 * `%uhhhh`. Names that would be longer than 128 characters keep their beginning, followed by `~` and a digest. Different names
 * give different parts; no part holds a character of glob patterns, a brace, a colon or a slash.
 */
export function encodeName(name: string): string {
  const encoded = name.replace(/[^A-Za-z0-9_.-]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return code < 0x100
      ? `%${code.toString(16).padStart(2, "0")}`
      : `%u${code.toString(16).padStart(4, "0")}`;
  });
  if (encoded.length <= LONGEST) return encoded;
  const digest = createHash("sha256").update(encoded).digest("base64url");
  return `${encoded.slice(0, 48)}~${digest}`;
}

/** The pattern of an ACL rule that covers all keys of a namespace and no others. */
export function keyPattern(namespace: string): string {
  return `jitrl:${encodeName(namespace)}:*`;
}

/** The keys of the experience of a namespace, in the order in which all its scripts take them. */
export interface ExperienceKeys {
  /** Hash: version of the format, settings, counters. */
  readonly meta: string;
  /** Hash: id → revision, sequence, digest, thread, time and metadata of an episode, as JSON. */
  readonly heads: string;
  /** Hash: id → the rest of the episode, as JSON. */
  readonly episodes: string;
  /** Sorted set: id by sequence. */
  readonly order: string;
  /** Sorted set: id by the `at` of the episode. */
  readonly ages: string;
  /** Sorted set: id by the time of the latest use; only with a TTL. */
  readonly uses: string;
  /** Sorted set: digests of what was forgotten, by time. */
  readonly forgotten: string;
  /** Sorted set: sets of metadata keys that something was forgotten by, by time. */
  readonly keySets: string;
  /** Stream: what changed. */
  readonly feed: string;
}

export function experienceKeys(namespace: string): ExperienceKeys {
  const name = encodeName(namespace);
  const key = (part: string) => `jitrl:${name}:{${name}}:${part}`;
  return {
    meta: key("meta"),
    heads: key("heads"),
    episodes: key("episodes"),
    order: key("order"),
    ages: key("ages"),
    uses: key("uses"),
    forgotten: key("forgotten"),
    keySets: key("key-sets"),
    feed: key("feed"),
  };
}

/**
 * The keys of one thread, all in one slot: `of("checkpoints")`, `of("writes", checkpointNamespace, checkpointId)`.
 * What follows the first part may be any text.
 */
export interface ThreadKeys {
  of(part: string, ...names: readonly string[]): string;
}

export function threadKeys(namespace: string, threadId: string): ThreadKeys {
  const name = encodeName(namespace);
  const prefix = `jitrl:${name}:{${name}/${encodeName(threadId)}}:`;
  return { of: (part, ...names) => [prefix + part, ...names.map(encodeName)].join(":") };
}

/** The registry of a namespace's threads, in a slot of its own: `list` without a thread needs it. */
export function threadRegistryKey(namespace: string): string {
  const name = encodeName(namespace);
  return `jitrl:${name}:{${name}/}:threads`;
}

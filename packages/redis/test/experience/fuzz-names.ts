import { type Random, seededRandom } from "@jitrl/core";
import { RedisExperienceStore } from "../../src/experience/redis-experience-store.js";
import { encodeName, experienceKeys, keyPattern, threadKeys, threadRegistryKey } from "../../src/keys.js";
import type { RedisConnection } from "../../src/redis-connection.js";
import { episode } from "./episodes.js";

export interface NameReport {
  readonly names: number;
  /** Names of which another was found under the same key, or that an ACL pattern of another would cover. */
  readonly leaks: readonly string[];
}

const alphabet = [
  ..."ab:*?[]{}\\^~%/.-_ \n\t\u0000\"'",
  "é",
  "e\u0301",
  "😀",
  "\ud800",
  "\udc00",
  "\ud801",
  "%3a",
  "..",
  "~",
  "\u2028",
];

/** A name that is dangerous where names become keys, patterns, hash tags and JSON. */
export function hostileName(random: Random): string {
  const length = random() < 0.01 ? 200 + Math.floor(random() * 3_000) : 1 + Math.floor(random() * 6);
  let name = "";
  while (name.length < length) name += alphabet[Math.floor(random() * alphabet.length)];
  return name;
}

/** Builds the keys of hostile names, and looks for names that share one. */
export function fuzzKeys(count: number, seed: number): NameReport {
  const random = seededRandom(seed);
  const owners = new Map<string, string>();
  const leaks: string[] = [];
  for (let i = 0; i < count; i++) {
    const [namespace, thread] = [hostileName(random), hostileName(random)];
    const keys = [
      ...Object.values(experienceKeys(namespace)).map((key): [string, string] => [
        key,
        JSON.stringify([namespace]),
      ]),
      [threadRegistryKey(namespace), JSON.stringify([namespace])] as const,
      [threadKeys(namespace, thread).of("x", thread), JSON.stringify([namespace, thread])] as const,
      [keyPattern(namespace), JSON.stringify([namespace])] as const,
    ];
    for (const [key, owner] of keys) {
      const before = owners.get(key);
      if (before !== undefined && before !== owner) leaks.push(`${before} and ${owner} share ${key}`);
      owners.set(key, owner);
      // The pattern is a literal but for its last character, and every key of the namespace begins with it.
      if (!key.startsWith(keyPattern(namespace).slice(0, -1)))
        leaks.push(`${owner} escapes its pattern by ${key}`);
    }
    const safe = /^[A-Za-z0-9_.%~-]+$/;
    if (!safe.test(encodeName(namespace)))
      leaks.push(`${JSON.stringify(namespace)} keeps a dangerous character`);
    if (owners.size > 2_000_000) owners.clear();
  }
  return { names: 2 * count, leaks };
}

/**
 * Stores episodes with hostile ids, threads, users and namespaces, then erases each by one of its names: nothing but
 * what has that name may go.
 */
export async function fuzzErasure(client: RedisConnection, count: number, seed: number): Promise<NameReport> {
  const random = seededRandom(seed);
  const leaks: string[] = [];
  for (let done = 0; done < count; ) {
    const store = await RedisExperienceStore.open({
      client,
      namespace: `fuzz ${done} ${hostileName(random)}`,
    });
    const held = new Map<string, { threadId: string; user: string }>();
    for (let i = 0; i < 40; i++) {
      const [id, threadId, user] = [hostileName(random), hostileName(random), hostileName(random)];
      const put = await store.put(episode(id, { threadId, metadata: { [user]: user } }), {
        expectedRevision: 0,
      });
      if (put.status === "stored") held.set(id, { threadId, user });
      done += 3;
    }
    while (held.size > 0) {
      const [id, { threadId, user }] = [...held][Math.floor(random() * held.size)]!;
      const dice = Math.floor(random() * 3);
      const selector = [{ episodeId: id }, { threadId }, { metadata: { [user]: user } }][dice]!;
      const expected = [...held].filter(([otherId, other]) => {
        if (dice === 0) return otherId === id;
        return dice === 1 ? other.threadId === threadId : other.user === user;
      });
      const { ids } = await store.delete(selector);
      for (const [otherId] of expected) held.delete(otherId);
      const wanted = expected.map(([otherId]) => otherId).sort();
      if (JSON.stringify([...ids].sort()) !== JSON.stringify(wanted))
        leaks.push(
          `${JSON.stringify(selector)} deleted ${JSON.stringify(ids)}, not ${JSON.stringify(wanted)}`,
        );
    }
    await store.close();
  }
  return { names: count, leaks };
}

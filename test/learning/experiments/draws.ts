import { type Random, seededRandom } from "@jitrl/core";

/**
 * A source of random numbers for one purpose: what is drawn for one episode does not depend on what was drawn, or
 * done, before. All learners of a seed so meet the same situations and the same luck.
 *
 * @example draws(seed, "noise", episode)
 */
export function draws(seed: number, ...purpose: readonly (string | number)[]): Random {
  // FNV-1a, then mixed: seeds that differ by one give numbers that have nothing to do with each other.
  let hash = 0x811c9dc5;
  for (const character of [seed, ...purpose].join("/")) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return seededRandom((hash ^ (hash >>> 13)) >>> 0);
}

/** A normally distributed number with mean 0 and standard deviation 1 (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function between(random: Random, [least, most]: readonly [number, number]): number {
  return least + random() * (most - least);
}

/** A whole number of `least` to `most`, both included. */
export function wholeBetween(random: Random, [least, most]: readonly [number, number]): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function pickOne<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Another order (Fisher and Yates). */
export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** The numbers from 0 to below `count`, each as often as any other, in rounds of a random order each. */
export function rounds(random: Random, count: number, length: number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const result: number[] = [];
  while (result.length < length) result.push(...shuffled(random, numbers));
  return result.slice(0, length);
}

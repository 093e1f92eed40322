import type { Random } from "@jitrl/core";

/** True with this probability. */
export function chance(probability: number, random: Random): boolean {
  return random() < probability;
}

/** One of several, all alike. */
export function choose<T>(among: readonly T[], random: Random): T {
  const chosen = among[Math.floor(random() * among.length)];
  if (chosen === undefined && among.length === 0) throw new Error("There is nothing to choose from.");
  return chosen as T;
}

/** Some of several, each with this probability. */
export function some<T>(among: readonly T[], probability: number, random: Random): T[] {
  return among.filter(() => chance(probability, random));
}

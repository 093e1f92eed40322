import type { Random } from "@jitrl/core";
import { pickOne, shuffled, wholeBetween } from "./draws.js";

const consonants = [..."bdfgklmnprstvz"];
const vowels = [..."aeiou"];

/** Different made-up words of three syllables: who learns can know nothing about them. */
export function vocabulary(random: Random, size: number): string[] {
  const found = new Set<string>();
  const syllable = () => pickOne(random, consonants) + pickOne(random, vowels);
  while (found.size < size) found.add(syllable() + syllable() + syllable());
  return [...found];
}

export interface TextSettings {
  /** Words that describe one situation and stand in each of its texts. */
  readonly words: number;
  /** Situations draw their words from so many: some are shared by two of them. */
  readonly pool: number;
  /** Words that stand in every text, whatever the situation. */
  readonly shared: number;
  /** Least and most words of a text that mean nothing. */
  readonly noise: readonly [number, number];
  readonly noisePool: number;
}

/** Two texts of one situation have a Jaccard similarity of 0.5 to 0.9, those of different ones mostly below 0.3. */
export const usualTexts: TextSettings = { words: 5, pool: 60, shared: 3, noise: [1, 4], noisePool: 200 };

/** Writes a new text of a situation, with other noise each time. */
export type Describe = (situation: number, random: Random) => string;

export function describeSituations(
  random: Random,
  count: number,
  settings: TextSettings = usualTexts,
): Describe {
  const { words, pool, shared, noise, noisePool } = settings;
  const all = vocabulary(random, pool + shared + noisePool);
  const telling = all.slice(0, pool);
  const everywhere = all.slice(pool, pool + shared);
  const meaningless = all.slice(pool + shared);
  const own = Array.from({ length: count }, () => shuffled(random, telling).slice(0, words));
  return (situation, occurrence) => {
    const noisy = Array.from({ length: wholeBetween(occurrence, noise) }, () =>
      pickOne(occurrence, meaningless),
    );
    return shuffled(occurrence, [...everywhere, ...own[situation]!, ...noisy]).join(" ");
  };
}

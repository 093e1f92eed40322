import type { Dictionary } from "./dictionary.js";

/** A word of a text that may name a thing, and the words that may tell it from others of that name. */
export interface NounInText {
  readonly noun: string;
  /** Adjectives right before it, the nearest first. */
  readonly adjectives: readonly string[];
}

/** They name what was named before, which is in the text under a name of its own. */
const PRONOUNS: ReadonlySet<string> = new Set(["it", "him", "her", "them", "me", "myself", "self"]);
const WORD = /[a-z](?:[a-z-]*[a-z])?/g;

/**
 * The words of a text that the story's dictionary knows as nouns, each once, in the order of the text.
 * A word is taken as the text has it, although the story compares its first letters only.
 */
export function nounsIn(text: string, dictionary: Dictionary): NounInText[] {
  const found = new Map<string, Set<string>>();
  const words = wordsOf(text);
  for (const [i, word] of words.entries()) {
    if (PRONOUNS.has(word) || !dictionary.lookUp(word)?.noun) continue;
    const adjectives = found.get(word) ?? new Set();
    found.set(word, adjectives);
    for (const before of [words[i - 1], words[i - 2]]) {
      if (before === undefined || before === word || !isPartOfName(before, dictionary)) break;
      adjectives.add(before);
    }
  }
  return [...found].map(([noun, adjectives]) => ({ noun, adjectives: [...adjectives] }));
}

/** The words of a text that the story's dictionary knows as adjectives, each once. */
export function adjectivesIn(text: string, dictionary: Dictionary): string[] {
  return [...new Set(wordsOf(text).filter((word) => dictionary.lookUp(word)?.adjective))];
}

/** A text with `#` in place of every name, so that an answer is the same whatever it is about. */
export function withoutNames(text: string, dictionary: Dictionary): string {
  return text
    .toLowerCase()
    .replace(WORD, (word) => (isPartOfName(word, dictionary) ? "#" : word))
    .replace(/#(?:\s+#)+/g, "#");
}

function isPartOfName(word: string, dictionary: Dictionary): boolean {
  const use = dictionary.lookUp(word);
  return use !== undefined && (use.noun || use.adjective);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** What a story's dictionary says of a word. */
export interface WordUse {
  readonly noun: boolean;
  readonly adjective: boolean;
}

const DICTIONARY = 0x08;
/** A version 3 word is kept as six letters of five bits in two words of memory, then the story's own data. */
const TEXT_BYTES = 4;
const LETTERS_KEPT = 6;
/**
 * The bits of the first data byte. No standard says what they mean; Infocom's compiler and Inform agree on
 * nouns, only Infocom's marks adjectives.
 */
const NOUN = 0x80;
const ADJECTIVE = 0x20;

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const OTHER = "\0\n0123456789.,!?_#'\"/\\-:()";
const FIRST_LETTER = 6;
const SHIFT_TO_OTHER = 5;

/** The words that a version 3 story understands. */
export class Dictionary {
  readonly #words = new Map<string, WordUse>();

  /** @param memory a story's memory, from the start of its file */
  constructor(memory: Uint8Array) {
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    let at = view.getUint16(DICTIONARY);
    at += 1 + view.getUint8(at);
    const entryBytes = view.getUint8(at);
    const entries = Math.abs(view.getInt16(at + 1));
    at += 3;
    for (let entry = 0; entry < entries; entry++, at += entryBytes) {
      const flags = view.getUint8(at + TEXT_BYTES);
      this.#words.set(decode(view.getUint32(at)), {
        noun: (flags & NOUN) !== 0,
        adjective: (flags & ADJECTIVE) !== 0,
      });
    }
  }

  /** How the story uses a word, in lower case; `undefined` for a word that it does not know. */
  lookUp(word: string): WordUse | undefined {
    return this.#words.get(kept(word));
  }

  /** Whether the story knows a word, in lower case. */
  has(word: string): boolean {
    return this.lookUp(word) !== undefined;
  }

  /** All nouns, cut to the letters that are kept, in the order of the dictionary. */
  nouns(): string[] {
    return [...this.#words].filter(([, use]) => use.noun).map(([word]) => word);
  }
}

/** Six five-bit letters: the top bit of each half marks the end of a text. */
function decode(packed: number): string {
  let word = "";
  let shifted = false;
  for (const shift of [26, 21, 16, 10, 5, 0]) {
    const letter = (packed >>> shift) & 0x1f;
    if (letter === SHIFT_TO_OTHER) shifted = true;
    else {
      if (letter >= FIRST_LETTER) word += (shifted ? OTHER : LOWER)[letter - FIRST_LETTER];
      shifted = false;
    }
  }
  return word;
}

/** The part of a word that fits: what is no letter takes the room of two. */
function kept(word: string): string {
  let room = LETTERS_KEPT;
  let length = 0;
  for (const letter of word) {
    room -= LOWER.includes(letter) ? 1 : 2;
    if (room < 0) break;
    length++;
  }
  return word.slice(0, length);
}

import { type Random, type State, seededRandom } from "@jitrl/core";

/** Size of the vocabulary. */
const VOCABULARY = 50_000;
/** Sizes of states: uniform from the least to the most, 40 tokens on average. */
const LEAST = 30;
const MOST = 50;
const USUAL = (LEAST + MOST) / 2;
/** Share of states that are variants of an earlier one. */
const VARIANTS = 0.7;
/** Most tokens that a variant changes; at least one. */
const CHANGES = 8;

/** The share of each part in a state, and its weight: one feature, or 24 : 12 : 4 tokens of 40. */
export interface Shape {
  readonly parts: readonly { readonly name: string; readonly share: number; readonly weight: number }[];
  /** Name of a part that is the same in all states. */
  readonly constant?: string;
}

export const oneFeature: Shape = { parts: [{ name: "text", share: 1, weight: 1 }] };
export const threeFeatures: Shape = {
  parts: [
    { name: "surroundings", share: 0.6, weight: 0.6 },
    { name: "history", share: 0.3, weight: 0.3 },
    { name: "task", share: 0.1, weight: 0.1 },
  ],
};

/** Token `i` of the vocabulary, `i` from 0, the most frequent first. */
const words = Array.from({ length: VOCABULARY }, (_, i) => `w${(i * 7919).toString(36)}`);

/** Cumulated Zipf frequencies: the token of rank r is drawn with a probability in proportion to 1 / r. */
const cumulated = new Float64Array(VOCABULARY);
for (let i = 0, sum = 0; i < VOCABULARY; i++) {
  sum += 1 / (i + 1);
  cumulated[i] = sum;
}

function drawToken(random: Random): number {
  const target = random() * cumulated[VOCABULARY - 1]!;
  let low = 0;
  let high = VOCABULARY - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulated[middle]! < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A seeded collection of states as sets of token numbers, and queries on it. */
export class StateCollection {
  readonly #random: Random;
  readonly #tokens: Uint16Array;
  readonly #ends: Uint32Array;
  readonly count: number;

  constructor(count: number, seed: number) {
    this.count = count;
    this.#random = seededRandom(seed);
    this.#tokens = new Uint16Array(count * (USUAL + 1) + 10_000);
    this.#ends = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const tokens = i > 0 && this.#random() < VARIANTS ? this.resembling(i) : this.novel();
      const start = i > 0 ? this.#ends[i - 1]! : 0;
      this.#tokens.set(tokens, start);
      this.#ends[i] = start + tokens.length;
    }
  }

  tokens(i: number): Uint16Array {
    return this.#tokens.subarray(i > 0 ? this.#ends[i - 1]! : 0, this.#ends[i]!);
  }

  /** A set of tokens drawn afresh. */
  novel(): number[] {
    const size = LEAST + Math.floor(this.#random() * (MOST - LEAST + 1));
    const tokens = new Set<number>();
    while (tokens.size < size) tokens.add(drawToken(this.#random));
    return [...tokens];
  }

  /** One of the first `among` states with a few of its tokens exchanged. */
  resembling(among = this.count): number[] {
    const tokens = [...this.tokens(Math.floor(this.#random() * among))];
    const changes = 1 + Math.floor(this.#random() * CHANGES);
    for (let i = 0; i < changes; i++) {
      const fresh = drawToken(this.#random);
      if (!tokens.includes(fresh)) tokens[Math.floor(this.#random() * tokens.length)] = fresh;
    }
    return tokens;
  }
}

/** Token numbers as a state of that shape: the tokens are dealt to the parts in order. */
export function toState(tokens: ArrayLike<number>, shape: Shape = oneFeature): State {
  const features: Record<string, { tokens: string[]; weight: number }> = {};
  let from = 0;
  let share = 0;
  for (const part of shape.parts) {
    share += part.share;
    const to = Math.round(tokens.length * share);
    const own =
      part.name === shape.constant
        ? words.slice(0, Math.round(USUAL * part.share))
        : Array.from({ length: to - from }, (_, i) => words[tokens[from + i]!]!);
    features[part.name] = { tokens: own, weight: part.weight };
    from = to;
  }
  return { features };
}

/** Token numbers as the words that they stand for. */
export function wordsOf(tokens: ArrayLike<number>): string[] {
  return Array.from(tokens, (token) => words[token]!);
}

/** Token numbers as a text. */
export function textOf(tokens: ArrayLike<number>): string {
  return wordsOf(tokens).join(" ");
}

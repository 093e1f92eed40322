import { type StateInput, toState } from "@jitrl/core";

/** A sparse vector: places and values. */
export interface Sparse {
  readonly places: readonly number[];
  readonly values: readonly number[];
}

/**
 * The tokens of a state, with their features' names, hashed into a vector of `dimension` places and of length 1; each
 * feature has its weight's share in it. The partition is a token too. Repeats count once.
 */
export function hashedFeatures(input: StateInput, dimension: number): Sparse {
  const { features, partition } = toState(input);
  const parts = Object.entries(features).filter(([, { tokens, weight }]) => tokens.length > 0 && weight > 0);
  const vector = new Map<number, number>();
  const add = (token: string, value: number) => {
    const place = hash(token) % dimension;
    vector.set(place, (vector.get(place) ?? 0) + value);
  };
  for (const [name, { tokens, weight }] of parts) {
    const distinct = new Set(tokens);
    for (const token of distinct) add(`${name}\n${token}`, Math.sqrt(weight / distinct.size));
  }
  if (partition !== undefined) add(`partition\n${partition}`, 1);
  const length = Math.hypot(...vector.values()) || 1;
  return { places: [...vector.keys()], values: [...vector.values()].map((value) => value / length) };
}

/** FNV-1a. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

import { LshIndex, Minhash } from "minhash";

/** Approximate: candidates of locality-sensitive hashing, compared exactly. */
export class MinhashLsh {
  readonly #index = new LshIndex({ bandSize: 4 });
  readonly #states: Set<string>[] = [];

  add(tokens: readonly string[]): void {
    this.#index.insert(String(this.#states.length), sketch(tokens));
    this.#states.push(new Set(tokens));
  }

  search(tokens: readonly string[], k: number, floor: number): { at: number; similarity: number }[] {
    const own = sketch(tokens);
    // The library's `query` throws for a band that no stored state has.
    for (const band of this.#index.getHashbands(own)) this.#index.index[band] ??= [];
    const found = this.#index.query(own).map((key) => {
      const at = Number(key);
      const state = this.#states[at]!;
      const shared = tokens.filter((token) => state.has(token)).length;
      return { at, similarity: shared / (tokens.length + state.size - shared) };
    });
    return found
      .filter(({ similarity }) => similarity >= floor)
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k);
  }
}

function sketch(tokens: readonly string[]): Minhash {
  const minhash = new Minhash({ numPerm: 128, seed: 1 });
  for (const token of tokens) minhash.update(token);
  return minhash;
}

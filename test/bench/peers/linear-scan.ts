/** What the published system does: every stored state is compared with the query, as sets of strings. */
export class LinearScan {
  readonly #states: Set<string>[] = [];

  add(tokens: readonly string[]): void {
    this.#states.push(new Set(tokens));
  }

  /** Positions and similarities of the k most similar, the best first. */
  search(tokens: readonly string[], k: number, floor: number): { at: number; similarity: number }[] {
    const best: { at: number; similarity: number }[] = [];
    this.#states.forEach((state, at) => {
      let shared = 0;
      for (const token of tokens) if (state.has(token)) shared++;
      const similarity = shared / (tokens.length + state.size - shared);
      if (similarity < floor || (best.length === k && similarity <= best[k - 1]!.similarity)) return;
      if (best.length === k) best.pop();
      best.push({ at, similarity });
      best.sort((a, b) => b.similarity - a.similarity);
    });
    return best;
  }
}

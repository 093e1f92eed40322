import { grown } from "./grown.js";

/** The best k states so far: the most similar, of equals the newest, of these the lowest id. */
export class TopStates {
  #k = 0;
  #size = 0;
  #similarities = new Float64Array(16);
  #recencies = new Float64Array(16);
  #ids = new Int32Array(16);

  reset(k: number): void {
    this.#k = k;
    this.#size = 0;
  }

  get full(): boolean {
    return this.#size === this.#k;
  }

  /** Least similarity among the best, when there are k of them. */
  get similarity(): number {
    return this.#similarities[0]!;
  }

  /** True if a state would be among the best. */
  admits(similarity: number, recency: number, id: number): boolean {
    if (this.#size < this.#k) return true;
    const difference = similarity - this.#similarities[0]! || recency - this.#recencies[0]!;
    return difference === 0 ? id < this.#ids[0]! : difference > 0;
  }

  offer(similarity: number, recency: number, id: number): void {
    if (!this.admits(similarity, recency, id)) return;
    if (this.#size < this.#k) {
      if (this.#size === this.#ids.length) this.#grow();
      this.#rise(this.#size++, similarity, recency, id);
    } else this.#sink(similarity, recency, id);
  }

  /** The best, in order. */
  take(): { readonly id: number; readonly similarity: number }[] {
    const order = Array.from({ length: this.#size }, (_, i) => i);
    order.sort((a, b) => (this.#isWorse(a, b) ? 1 : -1));
    return order.map((i) => ({ id: this.#ids[i]!, similarity: this.#similarities[i]! }));
  }

  // A binary heap with the worst on top.

  #rise(from: number, similarity: number, recency: number, id: number): void {
    let at = from;
    this.#set(at, similarity, recency, id);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) break;
      this.#move(at, parent);
      this.#set(parent, similarity, recency, id);
      at = parent;
    }
  }

  #sink(similarity: number, recency: number, id: number): void {
    this.#set(0, similarity, recency, id);
    for (let at = 0; ; ) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isWorse(child + 1, child)) child++;
      if (!this.#isWorse(child, at)) break;
      this.#move(at, child);
      this.#set(child, similarity, recency, id);
      at = child;
    }
  }

  #isWorse(a: number, b: number): boolean {
    const difference =
      this.#similarities[a]! - this.#similarities[b]! || this.#recencies[a]! - this.#recencies[b]!;
    return difference === 0 ? this.#ids[a]! > this.#ids[b]! : difference < 0;
  }

  #set(at: number, similarity: number, recency: number, id: number): void {
    this.#similarities[at] = similarity;
    this.#recencies[at] = recency;
    this.#ids[at] = id;
  }

  #move(to: number, from: number): void {
    this.#set(to, this.#similarities[from]!, this.#recencies[from]!, this.#ids[from]!);
  }

  #grow(): void {
    const length = 2 * this.#ids.length;
    this.#similarities = grown(Float64Array, this.#similarities, length);
    this.#recencies = grown(Float64Array, this.#recencies, length);
    this.#ids = grown(Int32Array, this.#ids, length);
  }
}

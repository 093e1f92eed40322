/** Finds states by the hash of their contents: open addressing with linear probing, of hash and id + 1 side by side. */
export class StateTable {
  #entries = new Int32Array(32);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Where the states with this hash begin, for {@link id} and {@link next}. */
  first(hash: number): number {
    return this.#seek(hash, spread(hash));
  }

  /** Where the next state with this hash is. */
  next(hash: number, place: number): number {
    return this.#seek(hash, place + 1);
  }

  /** @returns the id of the state in this place, or −1 when there are no more */
  id(place: number): number {
    return this.#entries[2 * place + 1]! - 1;
  }

  #seek(hash: number, from: number): number {
    const entries = this.#entries;
    const mask = entries.length / 2 - 1;
    let place = from & mask;
    while (entries[2 * place + 1] !== 0 && entries[2 * place] !== hash) place = (place + 1) & mask;
    return place;
  }

  /** Adds a state that is not there. */
  add(hash: number, id: number): void {
    if (++this.#count * 8 > this.#entries.length * 3) this.reserve(this.#count * 2);
    place(this.#entries, hash, id);
  }

  remove(hash: number, id: number): void {
    const entries = this.#entries;
    const mask = entries.length / 2 - 1;
    let gap = spread(hash) & mask;
    while (entries[2 * gap + 1] !== id + 1) gap = (gap + 1) & mask;
    // What stands behind the gap moves up unless it would then stand before its own place.
    for (let at = (gap + 1) & mask; entries[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = spread(entries[2 * at]!) & mask;
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        entries[2 * gap] = entries[2 * at]!;
        entries[2 * gap + 1] = entries[2 * at + 1]!;
        gap = at;
      }
    }
    entries[2 * gap + 1] = 0;
    this.#count--;
  }

  /** Makes room for so many states. */
  reserve(count: number): void {
    let places = this.#entries.length / 2;
    while (count * 4 > places * 3) places *= 2;
    if (places * 2 === this.#entries.length) return;
    const old = this.#entries;
    this.#entries = new Int32Array(2 * places);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) place(this.#entries, old[at]!, old[at + 1]! - 1);
    }
  }
}

function place(entries: Int32Array, hash: number, id: number): void {
  const mask = entries.length / 2 - 1;
  let at = spread(hash) & mask;
  while (entries[2 * at + 1] !== 0) at = (at + 1) & mask;
  entries[2 * at] = hash;
  entries[2 * at + 1] = id + 1;
}

function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

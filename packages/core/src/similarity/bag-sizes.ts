/**
 * The sizes of all bags of a partition's states, those of a state side by side: a look at all of them waits for memory
 * once. The size of a bag stands at `slot * stride + place`, `place` being that of its feature; 0 where a state lacks it.
 */
export class BagSizes {
  values = new Uint16Array(0);
  stride = 0;
  #slots = 0;
  #places = 0;
  readonly #free: number[] = [];

  /** A place for a further feature. */
  open(): number {
    const place = this.#free.pop() ?? this.#places++;
    // With some room from the fifth on, so that many features do not move all sizes each time.
    if (place >= this.stride) this.#lay(this.#slots, place < 4 ? place + 1 : Math.ceil(place * 1.4));
    return place;
  }

  /** All sizes in this place have to be 0 again. */
  close(place: number): void {
    this.#free.push(place);
  }

  /** Makes room for so many slots. */
  fit(slots: number): void {
    if (slots > this.#slots) this.#lay(Math.max(slots, Math.ceil(this.#slots * 1.4), 4), this.stride);
  }

  #lay(slots: number, stride: number): void {
    const { values, stride: before } = this;
    const larger = new Uint16Array(slots * stride);
    if (stride === before) larger.set(values);
    else {
      for (let slot = 0; slot < this.#slots; slot++) {
        for (let place = 0; place < before; place++)
          larger[slot * stride + place] = values[slot * before + place]!;
      }
    }
    this.values = larger;
    this.stride = stride;
    this.#slots = slots;
  }
}

/** The state of {@link Dice}: plain numbers, so that a snapshot can hold it. */
export interface DiceState {
  readonly state: number;
  readonly luck: number | undefined;
}

/** Rolls at one luck that a single trial may make before the rolls vary again. */
const SAME_ROLLS = 200;

/** The story's source of random numbers: seeded, and with a state that can be saved and put back. */
export class Dice {
  #state: number;
  #luck: number | undefined;
  #rolls = 0;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  get saved(): DiceState {
    return { state: this.#state, luck: this.#luck };
  }

  set saved({ state, luck }: DiceState) {
    this.#state = state;
    this.load(luck);
  }

  /** Starts the sequence of `seed` (its lowest 32 bits count). */
  seed(seed: number): void {
    this.#state = seed >>> 0;
  }

  /**
   * Makes every roll come out at the same place of its range.
   * @param luck 0 (always the lowest number) up to, not including, 1; `undefined` for honest dice
   */
  load(luck: number | undefined): void {
    this.#luck = luck;
    this.#rolls = 0;
  }

  /** A whole number from 1 to `range`; 0 for a range below 1. */
  roll(range: number): number {
    if (range < 1) return 0;
    // A story may roll until it gets another number than last time: loaded dice must not hang it.
    const loaded = this.#luck !== undefined && ++this.#rolls <= SAME_ROLLS;
    return 1 + Math.floor((loaded ? (this.#luck ?? 0) : this.#next()) * range);
  }

  /** SplitMix32: a number from 0 up to, not including, 1. */
  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }
}

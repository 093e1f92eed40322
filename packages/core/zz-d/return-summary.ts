import type { Departures } from "./departures.js";

/** All returns that a memory holds for one version of the state features: the scale that a single return is seen on. */
export interface ReturnSummary {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation; 0 for one return. */
  readonly spread: number;
  readonly highest: number;
  /** What came of keeping to the base action and of leaving it; absent until there is something of both. */
  readonly departures?: Departures;
}

/** Below this share of the largest sum of squares so far, too few digits of it are left after subtractions. */
const DIGITS_LEFT = 1e-6;

/** Keeps a {@link ReturnSummary} while returns come and go. */
export class RunningReturns {
  #count = 0;
  #mean = 0;
  /** Sum of the squared differences from the mean (Welford 1962), which loses no digits to a mean far from 0. */
  #squares = 0;
  /** The largest `#squares` since all was last added up. */
  #largest = 0;
  #highest = Number.NEGATIVE_INFINITY;
  #atHighest = 0;

  add(value: number): void {
    this.#count++;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
    this.#largest = Math.max(this.#largest, this.#squares);
    if (value > this.#highest) {
      this.#highest = value;
      this.#atHighest = 0;
    }
    if (value === this.#highest) this.#atHighest++;
  }

  /** @param rest all returns that stay; read only when the last of the highest went, or one that outweighed all others */
  remove(value: number, rest: () => Iterable<number>): void {
    const count = this.#count - 1;
    const difference = value - this.#mean;
    const mean = this.#mean - difference / count;
    const squares = this.#squares - difference * (value - mean);
    const wasHighest = value === this.#highest;
    // What is left of a sum after a mistaken 1e9 was taken back is mostly error.
    if (count === 0 || (wasHighest && this.#atHighest === 1) || squares < DIGITS_LEFT * this.#largest) {
      this.#restart(rest());
      return;
    }
    this.#count = count;
    this.#mean = mean;
    this.#squares = Math.max(0, squares);
    if (wasHighest) this.#atHighest--;
  }

  #restart(values: Iterable<number>): void {
    this.#count = 0;
    this.#mean = 0;
    this.#squares = 0;
    this.#largest = 0;
    this.#highest = Number.NEGATIVE_INFINITY;
    this.#atHighest = 0;
    for (const value of values) this.add(value);
  }

  /** `undefined` while there is none. */
  get summary(): ReturnSummary | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      mean: this.#mean,
      spread: Math.sqrt(this.#squares / this.#count),
      highest: this.#highest,
    };
  }
}

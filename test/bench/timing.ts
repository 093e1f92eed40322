import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Times of many calls, in ms. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly calls: number;
}

/** Times a call for each item; what is returned is summed up, so that no call can be left out. */
export function time<T>(
  items: readonly T[],
  call: (item: T) => number,
  warmUp: number,
): Times & { sum: number } {
  const times: number[] = [];
  let sum = 0;
  for (const item of items.slice(0, warmUp)) sum += call(item);
  for (const item of items.slice(warmUp)) {
    const start = performance.now();
    sum += call(item);
    times.push(performance.now() - start);
  }
  return { ...quantiles(times), sum };
}

export function quantiles(times: number[]): Times {
  times.sort((a, b) => a - b);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))]!);
  return { p50: at(0.5), p99: at(0.99), calls: times.length };
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

export function round(ms: number): number {
  return Number(ms.toPrecision(3));
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in use after garbage collection. */
export function usedBytes(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  // What is external holds array buffers, and memories of WebAssembly, which `arrayBuffers` does not count.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

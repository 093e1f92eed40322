import { ExactSimilarityIndex } from "@jitrl/core";
import { measureDecision } from "./decision.js";
import { measurePeers } from "./peers/measure.js";
import { oneFeature, type Shape, StateCollection, threeFeatures, toState } from "./states.js";
import { median, round, type Times, time, usedBytes } from "./timing.js";

const K = 10;
const FLOORS = [0.8, 0.5, 0];
/**
 * What a floor of 0.5 asks of all other features where one with a weight of 0.3 is the same for all states: such a
 * search is to be held against one of one feature at this floor.
 */
const FLOOR_BESIDE_CONSTANT = (0.5 - 0.3) / (1 - 0.3);
const KINDS = ["resembling", "novel"] as const;
const BUDGET = 1e12;
const WARM_UP = 200;
/** Times are taken in so many rounds over all floors and kinds; the medians of the rounds count. */
const ROUNDS = 3;
const QUERIES = 700;

interface SearchTimes extends Times {
  readonly floor: number;
  readonly kind: (typeof KINDS)[number];
}

interface Built {
  readonly index: ExactSimilarityIndex;
  readonly states: number;
  readonly addsPerSecond: number;
  readonly bytesPerState: number;
}

/** The similarity index: time, memory, snapshots, and others beside it. */
export async function run({
  most,
  print,
}: {
  most: number;
  print: (line: string) => void;
}): Promise<unknown> {
  const collection = new StateCollection(most, 1);
  const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
  if (!sizes.includes(most)) sizes.push(most);
  const bySize = [];
  let one: readonly SearchTimes[] = [];
  let beside: readonly SearchTimes[] = [];
  for (const size of sizes) {
    const built = build(collection, size, oneFeature);
    const { index, ...figures } = built;
    print(`\n${size} states, one feature of about 40 tokens`);
    print(`  ${figures.addsPerSecond} adds/s, ${figures.bytesPerState} bytes a state`);
    const searches = search(index, collection, size, oneFeature);
    for (const times of searches) print(`  ${line(times)}`);
    one = searches;
    beside = search(index, collection, size, oneFeature, [FLOOR_BESIDE_CONSTANT]);
    for (const times of beside) print(`  ${line(times)}`);
    const snapshot = snapshots(index);
    print(
      `  snapshot ${snapshot.megabytes} MB: written in ${snapshot.write} ms, read in ${snapshot.read} ms`,
    );
    bySize.push({ size, ...figures, searches, snapshot });
  }
  const plain = withoutWebAssembly(() => build(collection, most, oneFeature));
  print(`\n${most} states, one feature, without WebAssembly`);
  const plainSearches = search(plain.index, collection, most, oneFeature).map((times, i) => ({
    ...times,
    ratio: round(times.p50 / one[i]!.p50),
  }));
  for (const times of plainSearches) print(`  ${line(times)}  ${times.ratio} × with it`);
  const shapes = [];
  for (const shape of [
    threeFeatures,
    ...threeFeatures.parts.map(({ name }) => ({ ...threeFeatures, constant: name })),
  ]) {
    const { index, ...figures } = build(collection, most, shape);
    print(`\n${most} states, three features${shape.constant ? `, ${shape.constant} the same for all` : ""}`);
    print(`  ${figures.addsPerSecond} adds/s, ${figures.bytesPerState} bytes a state`);
    const searches = search(index, collection, most, shape).map((times, i) => ({
      ...times,
      ratio: round(times.p50 / one[i]!.p50),
    }));
    for (const times of searches) print(`  ${line(times)}  ${times.ratio} × one feature`);
    shapes.push({ constant: shape.constant ?? null, ...figures, searches });
  }
  const decision = await measureDecision(collection, Math.min(most, 100_000));
  print(`\nwhole decision over ${decision.experiences} experiences, floor 0.5`);
  for (const kind of ["first", ...KINDS] as const)
    print(`  ${kind}: p50 ${decision[kind].p50} ms, p99 ${decision[kind].p99} ms`);
  const peers = measurePeers(
    collection,
    { size: Math.min(most, 10_000), queries: 150, beside: "all" },
    print,
  );
  // Few queries: one scan of so many states takes a good part of a second.
  const scan =
    most >= 100_000
      ? measurePeers(collection, { size: 100_000, queries: 20, beside: "scan" }, print)
      : undefined;
  return {
    k: K,
    sizes: bySize,
    oneFeatureBesideConstant: beside,
    withoutWebAssembly: plainSearches,
    threeFeatures: shapes,
    decision,
    peers,
    scan,
  };
}

function build(collection: StateCollection, size: number, shape: Shape): Built {
  const before = usedBytes();
  const index = new ExactSimilarityIndex();
  const batch = 1000;
  let ms = 0;
  for (let from = 0; from < size; from += batch) {
    const states = Array.from({ length: Math.min(batch, size - from) }, (_, i) =>
      toState(collection.tokens(from + i), shape),
    );
    const start = performance.now();
    for (const [i, state] of states.entries()) index.touch(index.add(state), from + i);
    ms += performance.now() - start;
  }
  // The newest states are entered into their lists when a search needs these: that is part of adding.
  const start = performance.now();
  index.search(toState(collection.tokens(0), shape), { k: 1, minSimilarity: 1, budget: BUDGET });
  ms += performance.now() - start;
  const bytes = usedBytes() - before;
  return {
    index,
    states: index.size,
    addsPerSecond: Math.round((size / ms) * 1000),
    bytesPerState: Math.round(bytes / index.size),
  };
}

/** An index opens its memory when it gets large enough, and then goes without it for ever. */
function withoutWebAssembly(build: () => Built): Built {
  const known = globalThis.WebAssembly;
  Reflect.deleteProperty(globalThis, "WebAssembly");
  try {
    return build();
  } finally {
    globalThis.WebAssembly = known;
  }
}

function search(
  index: ExactSimilarityIndex,
  collection: StateCollection,
  size: number,
  shape: Shape,
  floors: readonly number[] = FLOORS,
): SearchTimes[] {
  const queries = {
    resembling: Array.from({ length: QUERIES }, () => toState(collection.resembling(size), shape)),
    novel: Array.from({ length: QUERIES }, () => toState(collection.novel(), shape)),
  };
  const settings = floors.flatMap((floor) => KINDS.map((kind) => ({ floor, kind })));
  const rounds = Array.from({ length: ROUNDS }, () =>
    settings.map(({ floor, kind }) =>
      time(
        queries[kind],
        (query) => index.search(query, { k: K, minSimilarity: floor, budget: BUDGET })!.length,
        WARM_UP,
      ),
    ),
  );
  return settings.map((setting, i) => ({
    ...setting,
    p50: median(rounds.map((times) => times[i]!.p50)),
    p99: median(rounds.map((times) => times[i]!.p99)),
    calls: rounds[0]![i]!.calls,
  }));
}

function snapshots(index: ExactSimilarityIndex): { megabytes: number; write: number; read: number } {
  const start = performance.now();
  const bytes = index.toBytes();
  const written = performance.now();
  const other = ExactSimilarityIndex.fromBytes(bytes);
  const read = performance.now();
  if (other.size !== index.size) throw new Error("The snapshot lost states.");
  return { megabytes: round(bytes.length / 1e6), write: round(written - start), read: round(read - written) };
}

function line({ floor, kind, p50, p99 }: SearchTimes): string {
  const name = floor === 0 ? "no floor" : `floor ${round(floor)}`;
  return `${name.padEnd(9)} ${kind.padEnd(10)} p50 ${String(p50).padStart(7)} ms  p99 ${String(p99).padStart(7)} ms`;
}

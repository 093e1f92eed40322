import { bag, ExactSimilarityIndex, type State } from "@jitrl/core";
import { type StateCollection, wordsOf } from "../states.js";
import { quantiles, round, type Times, time } from "../timing.js";
import { LinearScan } from "./linear-scan.js";
import { MinhashLsh } from "./minhash-lsh.js";
import { runPythonPeers } from "./python.js";

const K = 10;
const FLOOR = 0.5;
const WARM_UP = 20;

/** On how many states, with how many queries, and beside whom. */
export interface Field {
  readonly size: number;
  readonly queries: number;
  /** `scan` for the linear scan alone. */
  readonly beside: "all" | "scan";
}

type Measured = (Times & { readonly recall: number; readonly ratio: number }) | { readonly skipped: string };
type Similarities = readonly number[];

/** Others on the same states and queries: time, and recall of the similarities that comparing every state gives. */
export function measurePeers(
  collection: StateCollection,
  { size, queries: count, beside }: Field,
  print: (line: string) => void,
) {
  // Ours keeps equal states once, so all are given distinct ones.
  const distinct = new Map<string, readonly string[]>();
  for (let i = 0; i < size; i++) {
    const tokens = wordsOf(collection.tokens(i));
    distinct.set([...tokens].sort().join(" "), tokens);
  }
  const sets = [...distinct.values()];
  const results: Record<string, Record<string, Measured>> = {};
  for (const kind of ["resembling", "novel"] as const) {
    const queries = Array.from({ length: count + WARM_UP }, () =>
      wordsOf(kind === "novel" ? collection.novel() : collection.resembling(size)),
    );
    const ours = new ExactSimilarityIndex();
    const linear = new LinearScan();
    const minhash = new MinhashLsh();
    for (const tokens of sets) {
      ours.add(stateOf(tokens));
      linear.add(tokens);
      if (beside === "all") minhash.add(tokens);
    }
    const right = queries
      .slice(WARM_UP)
      .map((query) => linear.search(query, K, FLOOR).map((one) => one.similarity));
    const measure = (search: (query: readonly string[]) => Similarities) => {
      const { sum: _, ...times } = time(queries, (query) => search(query).length, WARM_UP);
      return { ...times, recall: recallOf(queries.slice(WARM_UP).map(search), right) };
    };
    const scan = measure((query) => linear.search(query, K, FLOOR).map((one) => one.similarity));
    const withRatio = (times: Times & { recall: number }) => ({
      ...times,
      ratio: round(scan.p50 / times.p50),
    });
    const measured: Record<string, Measured> = {
      ours: withRatio(
        measure((query) =>
          ours
            .search(stateOf(query), { k: K, minSimilarity: FLOOR, budget: 1e12 })!
            .map((one) => one.similarity),
        ),
      ),
      "linear scan of token sets": withRatio(scan),
    };
    if (beside === "all") {
      measured["minhash (npm)"] = withRatio(
        measure((query) => minhash.search(query, K, FLOOR).map((one) => one.similarity)),
      );
      const python = runPythonPeers({ sets, queries: queries.slice(WARM_UP), floor: FLOOR, k: K });
      for (const [name, result] of Object.entries(python)) {
        measured[`${name} (Python)`] =
          "skipped" in result
            ? result
            : withRatio({ ...quantiles(result.times), recall: recallOf(result.answers, right) });
      }
    }
    print(`\n${size} states, floor ${FLOOR}, ${kind}, beside others`);
    for (const [name, result] of Object.entries(measured)) print(`  ${name.padEnd(30)}${describe(result)}`);
    results[kind] = measured;
  }
  return { size, floor: FLOOR, ...results };
}

function stateOf(tokens: readonly string[]): State {
  return { features: { text: bag(tokens) } };
}

/** Share of the right similarities that were found, one for one. */
function recallOf(found: readonly Similarities[], right: readonly Similarities[]): number {
  let hits = 0;
  let all = 0;
  right.forEach((similarities, i) => {
    const left = [...(found[i] ?? [])];
    all += similarities.length;
    for (const similarity of similarities) {
      const at = left.findIndex((other) => Math.abs(other - similarity) < 1e-9);
      if (at < 0) continue;
      left.splice(at, 1);
      hits++;
    }
  });
  return all === 0 ? 1 : round(hits / all);
}

function describe(result: Measured): string {
  if ("skipped" in result) return `skipped: ${result.skipped}`;
  const { p50, p99, recall, ratio } = result;
  return `p50 ${p50} ms, p99 ${p99} ms, recall ${recall}, ${ratio} × as fast as the linear scan`;
}

// A process of its own, run with --expose-gc, that takes states out of an index as others come in, always as many as
// before, and says now and then how many bytes are in use.

import { type State, seededRandom } from "@jitrl/core";
import { ExactSimilarityIndex } from "../src/similarity/exact-similarity-index.js";

const HELD = 3000;
const rounds = [10, 20, 40];

const random = seededRandom(3);
const index = new ExactSimilarityIndex();
const ids: number[] = [];
let made = 0;

for (let round = 0; round <= rounds.at(-1)!; round++) {
  for (let i = 0; i < HELD; i++) {
    if (ids.length === HELD) index.remove(ids.shift()!);
    const id = index.add(next());
    index.touch(id, made);
    ids.push(id);
    if (i % 100 === 0) index.search(next(), { k: 10, minSimilarity: 0.5, budget: 1e9 });
  }
  if (rounds.includes(round)) console.log(JSON.stringify({ made, size: index.size, bytes: bytes() }));
}

/** A state of common and of rare tokens, and of some that no state had before; every third has a partition of its own. */
function next(): State {
  made++;
  const tokens = Array.from(
    { length: 5 + Math.floor(30 * random()) },
    () => `t${Math.floor(5000 ** random())}`,
  );
  const features = {
    text: { tokens: [...tokens, `n${made}`, `m${Math.floor(made / 3)}`], weight: 0.7 },
    ...(made % 2 === 0 ? { history: { tokens: tokens.slice(0, 3), weight: 0.3 } } : {}),
  };
  return made % 3 === 0 ? { features, partition: `p${Math.floor(made / 50)}` } : { features };
}

function bytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

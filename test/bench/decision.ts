import { createPolicy, openMemory, words } from "@jitrl/core";
import { type StateCollection, textOf } from "./states.js";
import { median, quantiles, type Times } from "./timing.js";

const STEPS = 20;
const ACTIONS = ["north", "south", "open the mailbox", "read the leaflet", "take the lamp"];
const CALLS = 1000;
/** Decisions before the first that counts; then as many times `CALLS` as there are rounds, of which the medians count. */
const WARM_UP = 5000;
const ROUNDS = 3;

/**
 * A decision from text to action, with everything between: features, search, estimate, update, selection. The `first`
 * decisions of a process are told apart, since all code is compiled anew then.
 */
export async function measureDecision(
  collection: StateCollection,
  experiences: number,
): Promise<{ experiences: number; first: Times; resembling: Times; novel: Times }> {
  const memory = await openMemory();
  for (let from = 0; from < experiences; from += STEPS) {
    const steps = Array.from({ length: Math.min(STEPS, experiences - from) }, (_, i) => ({
      state: stateOf(textOf(collection.tokens(from + i))),
      action: ACTIONS[(from + i) % ACTIONS.length]!,
      reward: (from + i) % 7 === 0 ? 1 : 0,
    }));
    await memory.learn({ id: `episode-${from}`, at: from, steps });
  }
  const policy = createPolicy({ memory, minSimilarity: 0.5, searchBudget: 1e12 });
  const candidates = ACTIONS.map((action, i) => ({ action, logit: -i / 2 }));
  const timesOf = async (calls: number, draw: () => ArrayLike<number>) => {
    const times: number[] = [];
    for (let call = 0; call < calls; call++) {
      const text = textOf(draw());
      const start = performance.now();
      const { chosen } = await policy.decide({ state: stateOf(text), candidates });
      const end = performance.now();
      if (chosen.action !== "") times.push(end - start);
    }
    return quantiles(times);
  };
  const roundsOf = async (draw: () => ArrayLike<number>): Promise<Times> => {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await timesOf(CALLS, draw));
    return {
      p50: median(rounds.map(({ p50 }) => p50)),
      p99: median(rounds.map(({ p99 }) => p99)),
      calls: CALLS,
    };
  };
  const resemblingOne = () => collection.resembling(experiences);
  const novelOne = () => collection.novel();
  const first = await timesOf(CALLS, resemblingOne);
  await timesOf(WARM_UP, resemblingOne);
  const resembling = await roundsOf(resemblingOne);
  const novel = await roundsOf(novelOne);
  await memory.close();
  return { experiences, first, resembling, novel };
}

function stateOf(text: string) {
  return { features: { text: words(text) } };
}

import { createPolicy, openMemory, words } from "@jitrl/core";
import { type StateCollection, textOf } from "./states.js";
import { quantiles, type Times } from "./timing.js";

const STEPS = 20;
const ACTIONS = ["north", "south", "open the mailbox", "read the leaflet", "take the lamp"];
const CALLS = 1000;
const WARM_UP = 300;

/** A decision from text to action, with everything between: features, search, estimate, update, selection. */
export async function measureDecision(
  collection: StateCollection,
  experiences: number,
): Promise<{ experiences: number; resembling: Times; novel: Times }> {
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
  const timesOf = async (draw: () => ArrayLike<number>) => {
    const times: number[] = [];
    for (let call = 0; call < WARM_UP + CALLS; call++) {
      const text = textOf(draw());
      const start = performance.now();
      const { chosen } = await policy.decide({ state: stateOf(text), candidates });
      const end = performance.now();
      if (chosen.action !== "" && call >= WARM_UP) times.push(end - start);
    }
    return quantiles(times);
  };
  const resembling = await timesOf(() => collection.resembling(experiences));
  const novel = await timesOf(() => collection.novel());
  await memory.close();
  return { experiences, resembling, novel };
}

function stateOf(text: string) {
  return { features: { text: words(text) } };
}

import type { Episode } from "@jitrl/core";
import { StateCollection, toState } from "../states.js";

const ACTIONS = ["north", "south", "open the mailbox", "read the leaflet", "take the lamp"];

/** Seeded episodes; each state has one feature of about 40 tokens. */
export function* seededEpisodes(
  count: number,
  steps: number,
  seed: number,
  prefix = "episode",
): Generator<Episode> {
  const states = new StateCollection(count * steps, seed);
  for (let n = 0; n < count; n++) {
    yield {
      id: `${prefix}-${n}`,
      revision: 1,
      at: 1_700_000_000_000 + n,
      end: "done",
      describedBy: "",
      metadata: { user: `user-${n % 100}` },
      rewards: [
        { id: "reward", value: n % 3 === 0 ? 1 : -1, source: "environment", at: 1_700_000_000_000 + n },
      ],
      steps: Array.from({ length: steps }, (_, t) => ({
        id: `${t}`,
        t,
        state: toState(states.tokens(n * steps + t)),
        action: ACTIONS[(n + t) % ACTIONS.length]!,
        chosenBy: "policy" as const,
      })),
    };
  }
}

/** Works through items, so many at a time. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
    }),
  );
}

import { seededRandom, stateKey, toState } from "@jitrl/core";
import type { LearnerKind } from "../experiment.js";
import { bestCandidate } from "./best-candidate.js";
import { judgedReturns } from "./judged-returns.js";

/**
 * A last-best-action cache: for each exact state it repeats the action that brought the highest return so far, the
 * last of equals. Where none brought more than 0 there is nothing worth repeating, and the base action is taken; so
 * it tries on under a uniform prior until something works, which makes it hard to beat in a world without luck.
 */
export const cache: LearnerKind = {
  name: "cache",
  about: "repeats what worked best in the very same state",
  create(seed) {
    const random = seededRandom(seed);
    const best = new Map<string, Map<string, number>>();
    return {
      choose({ state, candidates }) {
        const known = best.get(stateKey(toState(state)));
        const top = Math.max(0, ...candidates.map(({ action }) => known?.get(action) ?? 0));
        // The action that reached it last stands last in the map.
        const repeated = [...(known ?? [])].findLast(
          ([action, value]) =>
            value === top && value > 0 && candidates.some((candidate) => candidate.action === action),
        );
        return repeated?.[0] ?? bestCandidate(candidates, random).action;
      },
      learn(episode) {
        const returns = judgedReturns(episode);
        if (!returns) return;
        episode.steps.forEach(({ observation, action }, i) => {
          const key = stateKey(toState(observation.state));
          const known = best.get(key) ?? new Map<string, number>();
          best.set(key, known);
          const value = known.get(action);
          if (value !== undefined && value > returns[i]!) return;
          known.delete(action);
          known.set(action, returns[i]!);
        });
      },
    };
  },
};

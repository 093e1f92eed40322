import type { Candidate, StateInput } from "@jitrl/core";
import type { Observation, Outcome, Played } from "../experiment.js";
import type { KnownEnvironment } from "./known.js";

/** One decision of an episode. */
export interface Case extends Observation {
  readonly state: StateInput;
  readonly candidates: readonly Candidate[];
  /** What the best policy does here. */
  readonly best: string;
  /**
   * What an action is truly worth here: its expected reward, free of the luck that learners are told of.
   *
   * @param before the actions of the episode so far
   */
  worth(action: string, before: readonly string[]): number;
}

/** An episode that was played to its end. */
export interface Finished {
  readonly episode: number;
  readonly cases: readonly Case[];
  readonly actions: readonly string[];
  /** The true ones. */
  readonly rewards: readonly number[];
}

export interface Plan {
  /** The decisions of an episode: what comes next does not depend on what was done. */
  cases(episode: number): readonly Case[];
  /** What learners are told. @default the true rewards */
  judge?(finished: Finished): readonly (number | undefined)[];
  imported?(episode: number): readonly Played[];
}

/** An environment that is a plan: bandits, contextual bandits, and procedures of steps that come whatever is done. */
export function plannedEnvironment(plan: Plan): KnownEnvironment {
  let current: Finished & { actions: string[]; rewards: number[] } = {
    episode: -1,
    cases: [],
    actions: [],
    rewards: [],
  };
  const now = () => {
    const found = current.cases[current.actions.length];
    if (!found) throw new Error("the episode is over; reset the environment to start another");
    return found;
  };
  const observe = ({ state, candidates }: Case): Observation => ({ state, candidates });
  return {
    reset(episode) {
      current = { episode, cases: plan.cases(episode), actions: [], rewards: [] };
      return observe(now());
    },
    step(action): Outcome {
      const here = now();
      if (!here.candidates.some((candidate) => candidate.action === action)) {
        throw new Error(`expected one of the candidates, found ${JSON.stringify(action)}`);
      }
      const reward = here.worth(action, current.actions);
      current.actions.push(action);
      current.rewards.push(reward);
      const next = current.cases[current.actions.length];
      return { reward, next: next && observe(next) };
    },
    bestAction: () => now().best,
    judged: () => plan.judge?.(current) ?? [...current.rewards],
    ...(plan.imported ? { imported: plan.imported } : {}),
  };
}

/** An episode of somebody else. */
export function loggedEpisode(
  cases: readonly Case[],
  actions: readonly string[],
  rewards: readonly (number | undefined)[],
  source: string,
): Played {
  return {
    source,
    steps: cases.map(({ state, candidates }, i) => ({
      observation: { state, candidates },
      action: actions[i]!,
      reward: rewards[i],
    })),
  };
}

import {
  createPolicy,
  type Decision,
  type EarlierStep,
  type EpisodeInput,
  type MemoryOptions,
  openMemory,
  type PolicyOptions,
  seededRandom,
  summarize,
  toState,
} from "@jitrl/core";
import type { LearnerKind, Played } from "../experiment.js";

/** What one kind of JitRL learner is made of; what is not said here is core's default. */
export interface JitrlOptions {
  readonly memory?: Pick<MemoryOptions, "gamma">;
  readonly policy?: Omit<PolicyOptions, "memory" | "random" | "ties" | "onError">;
}

/**
 * A kind of learner that is `createPolicy` over `openMemory`: the same options in every experiment, and core's
 * defaults but for ties, which chance breaks, so that a uniform prior means a random base policy.
 */
export function jitrlLearner(
  name: string,
  about: string,
  options: JitrlOptions = {},
  skip: Readonly<Record<string, string>> = {},
): LearnerKind {
  return {
    name,
    about,
    skip,
    async create(seed) {
      let episodes = 0;
      let failure: unknown;
      const memory = await openMemory({
        ...options.memory,
        // Ids and times that are the same in every run of a seed.
        newId: () => `episode-${episodes}`,
        now: () => episodes,
      });
      const policy = createPolicy({
        ...options.policy,
        memory,
        ties: "random",
        random: seededRandom(seed),
        onError(error) {
          // A policy whose memory fails goes on with base actions: no result that anybody should believe.
          failure ??= error;
        },
      });
      let decisions: Decision[] = [];
      let earlier: EarlierStep[] = [];
      return {
        async choose({ state, candidates }) {
          const decision = await policy.decide({ state, candidates, earlier });
          if (failure !== undefined) throw failure;
          decisions.push(decision);
          const { action } = decision.chosen;
          earlier.push({ state: toState(state), action });
          return action;
        },
        async learn(episode) {
          // What others did was not decided here.
          const own = episode.source === undefined || episode.source === "agent";
          if (options.policy?.mode !== "off") await policy.learn(episodeOf(episode, own ? decisions : []));
          if (own) {
            decisions = [];
            earlier = [];
          }
          episodes++;
        },
        close: () => memory.close(),
      };
    },
  };
}

/** An episode as a memory takes it: judged rewards come from the environment, and the source is told. */
function episodeOf({ steps, source = "agent" }: Played, decisions: readonly Decision[]): EpisodeInput {
  return {
    metadata: source === "agent" ? {} : { importedFrom: source },
    steps: steps.map(({ observation, action, reward }, i) => {
      const decision = decisions[i];
      return {
        state: observation.state,
        action,
        ...(reward === undefined ? {} : { reward }),
        ...(decision ? { chosenBy: decision.chosenBy, decision: summarize(decision) } : {}),
      };
    }),
  };
}

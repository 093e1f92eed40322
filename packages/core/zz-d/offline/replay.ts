import { FrozenMemories } from "./frozen-memories.js";
import { countReasons, type Episodes, readLog, type SetAside } from "./log.js";
import { fixedRandom, freeze, gammaOf, type Target } from "./target.js";

/** One logged decision, and what another policy would have chosen. */
export interface ReplayedStep {
  readonly episodeId: string;
  /** Index of the step in its episode. */
  readonly index: number;
  /** The action executed. */
  readonly logged: string;
  /** What the agent would have done without learning; `undefined` where that was drawn by chance. */
  readonly baseAction: string | undefined;
  /** The action that the other policy would have chosen; drawn, where chance decides. */
  readonly chosen: string;
  /** Probability of the logged action under the other policy. */
  readonly probability: number;
}

export interface Replay {
  /** In order of time. */
  readonly steps: readonly ReplayedStep[];
  /** Mean probability with which the other policy chooses what was logged, in [0, 1]; 0 where there are no steps. */
  readonly agreement: number;
  /** How many steps could not be decided again, by reason. */
  readonly setAside: SetAside;
}

/**
 * What another policy would have chosen at each logged decision, knowing the episodes before it. It asks for no
 * propensity and no rewards, and so says nothing of what would have been earned.
 *
 * @param target settings of a policy, or a policy as a function; `{ mode: "off" }` is the base policy
 * @throws JitRLError `invalid-input` for settings out of their range and for episodes that are none
 */
export async function replay(episodes: Episodes, target: Target): Promise<Replay> {
  const gamma = gammaOf(target);
  const log = await readLog(episodes, gamma ?? 0);
  const memories = await FrozenMemories.open(gamma === undefined ? [] : [gamma]);
  const frozen = freeze(target, memories.of(gamma), fixedRandom());
  const steps: ReplayedStep[] = [];
  try {
    for (const logged of log) {
      for (const step of logged.decisions) {
        if (typeof step === "string") continue;
        const { action, probabilities } = await frozen(step);
        const { episodeId, index, baseAction } = step;
        const place = step.candidates.findIndex(([name]) => name === step.action);
        steps.push({
          episodeId,
          index,
          logged: step.action,
          baseAction,
          chosen: action,
          probability: probabilities[place] ?? 0,
        });
      }
      await memories.learn(logged);
    }
  } finally {
    await memories.close();
  }
  return {
    steps,
    agreement: steps.reduce((sum, { probability }) => sum + probability, 0) / Math.max(1, steps.length),
    setAside: countReasons(log.flatMap(({ decisions }) => decisions)),
  };
}

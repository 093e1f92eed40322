import type { EpisodeInput, StepInput } from "@jitrl/core";

/** A logged choice among actions that the model finds equally good. */
export interface Choice {
  readonly action: string;
  readonly reward?: number;
  /** @default 0.5 */
  readonly propensity?: number;
  /** @default "here" */
  readonly state?: string;
  /** @default ["a", "b"], with logits 0; the first is the base action */
  readonly candidates?: readonly string[];
}

export function stepOf({ action, reward, propensity = 0.5, state = "here", ...choice }: Choice): StepInput {
  const { candidates = ["a", "b"] } = choice;
  return {
    state,
    action,
    chosenBy: "policy",
    ...(reward === undefined ? {} : { reward }),
    decision: {
      mode: "on",
      reason: "learned",
      baseAction: candidates[0]!,
      propensity,
      kl: 0,
      evidence: 1,
      candidates: candidates.map((candidate) => [candidate, 0] as const),
    },
  };
}

/** Episodes of one choice each, in this order. */
export function logOf(choices: readonly Choice[]): EpisodeInput[] {
  return choices.map((choice, at) => ({ id: `e${at}`, at, steps: [stepOf(choice)] }));
}

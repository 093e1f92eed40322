import { isSameState, similarity } from "./similarity.js";
import { type State, type StateInput, toState } from "./state.js";

/** What a run has done so far, as far as a decision asks. */
export interface EarlierStep {
  readonly state: StateInput;
  /** The action executed. */
  readonly action: string;
}

/**
 * How often a run has taken each action in this very state already.
 *
 * @param earlier the steps of the run so far, in any order
 * @returns one number an action, in their order
 * @throws JitRLError `invalid-input`, `oversized-state` for a state that is none
 */
export function triedIn(
  state: State,
  actions: readonly string[],
  earlier: readonly EarlierStep[],
): readonly number[] {
  const counts = new Map(actions.map((action) => [action, 0]));
  for (const { state: past, action } of earlier) {
    const count = counts.get(action);
    if (count === undefined || !isSameState(similarity(state, toState(past)))) continue;
    counts.set(action, count + 1);
  }
  return [...counts.values()];
}

import { isSameState, similarity } from "./similarity.js";
import { type State, type StateInput, toState } from "./state.js";

/** What a run has done so far, as far as a decision asks. */
export interface EarlierStep {
  /** In a long run better as `toState` makes it: a text is split into words each time. */
  readonly state: StateInput;
  /** The action executed. */
  readonly action: string;
}

/**
 * How often a run has taken each action in this very state already.
 *
 * @param earlier the steps of the run so far, in any order
 * @returns one number an action, in their order
 * @throws JitRLError `invalid-input`, `oversized-state` for a state that is none, where it is looked at
 */
export function triedIn(
  state: State,
  actions: readonly string[],
  earlier: readonly EarlierStep[],
): readonly number[] {
  const counts = new Map(actions.map((action) => [action, 0]));
  const bags = Object.entries(state.features)
    .filter(([, { weight }]) => weight > 0)
    .map(([name, { tokens }]) => ({ name, size: tokens.length, has: new Set(tokens) }));
  // Most states are others, which a look at a few of their tokens tells: without it long runs would take their time.
  const mayBeSame = ({ features }: State) =>
    bags.every(({ name, size, has }) => {
      const { tokens } = Object.hasOwn(features, name) ? features[name]! : absent;
      return tokens.length === size && tokens.every((token) => has.has(token));
    });
  for (const { state: past, action } of earlier) {
    const count = counts.get(action);
    if (count === undefined || (typeof past !== "string" && !mayBeSame(past))) continue;
    // As evidence of the very same state is told from other evidence.
    if (isSameState(similarity(state, toState(past)))) counts.set(action, count + 1);
  }
  return [...counts.values()];
}

const absent = { tokens: [] };

import type { Episode, State } from "@jitrl/core";

const FEATURE = "mark";

/** The episode with a number in the state of its last step, by which its arrival is told. */
export function marked(episode: Episode, mark: number): Episode {
  const last = episode.steps.at(-1)!;
  const state = { features: { ...last.state.features, [FEATURE]: { tokens: [String(mark)], weight: 1 } } };
  return {
    ...episode,
    id: `${episode.id}-${mark}`,
    steps: [...episode.steps.slice(0, -1), { ...last, state }],
  };
}

export function markOf(state: State): number | undefined {
  const mark = state.features[FEATURE]?.tokens[0];
  return mark === undefined ? undefined : Number(mark);
}

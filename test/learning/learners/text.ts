import { type Candidate, type Neighbor, nearestSteps, openMemory, seededRandom, toState } from "@jitrl/core";
import type { LearnerKind } from "../experiment.js";
import { bestCandidate } from "./best-candidate.js";

/** The reader that is simulated, the same in all experiments. */
const reader = {
  /** Steps that are shown, as many as other learners' neighbours. */
  k: 10,
  minSimilarity: 0.5,
  /** Words at which a line of the text is used with a probability of 1/e. */
  attention: 1000,
  /** Words of a line around the state and the action: "Earlier, in …, you did …, and it brought …". */
  frame: 8,
  /** Probability that the model does what the text speaks for, having read it. */
  obedience: 0.95,
};

/**
 * The same memory shown to the model as text: the k nearest past steps stand in the prompt, a line each, in place of
 * moving the logits.
 *
 * **No model reads here; it is simulated, and kindly.** The assumptions: a model takes each line into account with
 * probability `exp(−words of the text / 1000)`, since the use of a text degrades with its length; of the lines it
 * took in, it judges like an accountant, by the mean outcome of each action: it does the best one if that is above 0
 * and above the average of all lines; else its own first choice, but nothing whose outcome was below 0 or below the
 * average; in 5 % of the cases it keeps to its own first choice in spite of the text. It tries nothing for the sake of
 * knowing: a text that tells what happened does not ask for what did not. Where a real model would stand is not claimed.
 */
export const text: LearnerKind = {
  name: "text",
  about: "the same memory shown to a simulated reader as text",
  skip: { zork1: "its prior is uniform: there is no model that reads" },
  async create(seed) {
    const random = seededRandom(seed);
    let episodes = 0;
    const memory = await openMemory({ newId: () => `episode-${episodes}`, now: () => episodes });
    return {
      choose({ state, candidates }) {
        const { k, minSimilarity } = reader;
        const found = memory.neighbors(state, { k, minSimilarity });
        const read = found.status === "found" ? readLines(found.neighbors, wordsOf(state), random) : [];
        return preferred(read, candidates, random).action;
      },
      async learn({ steps, source = "agent" }) {
        await memory.learn({
          metadata: { source },
          steps: steps.map(({ observation, action, reward }) => ({
            state: observation.state,
            action,
            ...(reward === undefined ? {} : { reward }),
          })),
        });
        episodes++;
      },
      close: () => memory.close(),
    };
  },
};

interface Line {
  readonly action: string;
  readonly return: number;
}

/** The lines that are taken in. Past states are about as long as the present one. */
function readLines(neighbors: readonly Neighbor[], words: number, random: () => number): Line[] {
  const lines = nearestSteps(neighbors, reader.k);
  const length = lines.length * (words + reader.frame);
  return lines.filter(() => random() < Math.exp(-length / reader.attention));
}

/** What the model does, having read the lines. */
function preferred(
  lines: readonly Line[],
  candidates: readonly Candidate[],
  random: () => number,
): Candidate {
  if (lines.length === 0 || random() >= reader.obedience) return bestCandidate(candidates, random);
  const average = meanReturn(lines);
  const outcomes = candidates.map(({ action }) => {
    const own = lines.filter((line) => line.action === action);
    return own.length === 0 ? undefined : meanReturn(own);
  });
  const top = Math.max(...outcomes.map((outcome) => outcome ?? Number.NEGATIVE_INFINITY));
  if (top > Math.max(0, average)) {
    return bestCandidate(
      candidates.filter((_, a) => outcomes[a] === top),
      random,
    );
  }
  const worse = (outcome: number | undefined) => outcome !== undefined && outcome < Math.max(0, average);
  const rest = candidates.filter((_, a) => !worse(outcomes[a]));
  return bestCandidate(rest.length > 0 ? rest : candidates, random);
}

function meanReturn(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + line.return, 0) / lines.length;
}

function wordsOf(state: Parameters<typeof toState>[0]): number {
  return Object.values(toState(state).features).reduce((sum, { tokens }) => sum + tokens.length, 0);
}

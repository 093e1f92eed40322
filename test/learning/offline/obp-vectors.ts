import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { EpisodeInput } from "@jitrl/core";
import type { EvaluatedStep, Target } from "@jitrl/core/offline";
import * as z from "zod";

/** A value and the ends of its 95 % interval by bootstrap. */
const figure = z.object({ value: z.number(), low: z.number(), high: z.number() });

/** What the library answers. */
export const answer = z.object({
  /** What the figures were computed by. */
  library: z.string(),
  figures: z.record(z.string(), z.object({ ips: figure, snips: figure, dr: figure })),
});

/** Logs of single decisions with what the Open Bandit Pipeline makes of them. */
const vectors = answer.extend({
  situations: z.array(z.string()),
  actions: z.array(z.string()),
  /** Logits by situation and action: the logs sample from their softmax. */
  logits: z.array(z.array(z.number())),
  /** Situation, action, propensity, reward: an episode each, in order. */
  log: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
});
export type ObpVectors = z.infer<typeof vectors>;

export const VECTORS = fileURLToPath(new URL("../../vectors/offline-obp.json", import.meta.url));

export async function readVectors(): Promise<ObpVectors> {
  return vectors.parse(JSON.parse(await readFile(VECTORS, "utf8")));
}

/** What the logs are asked about. */
export const TARGETS: Readonly<Record<string, Target>> = {
  uniform: ({ candidates }) => candidates.map(() => 1 / candidates.length),
  greedy: { estimator: "plain", beta: 2, explorationBonus: 0 },
  sample: { estimator: "plain", beta: 3, explorationBonus: 0, selection: "sample" },
};

export function episodesOf({
  situations,
  actions,
  logits,
  log,
}: Pick<ObpVectors, "situations" | "actions" | "logits" | "log">): EpisodeInput[] {
  return log.map(([x, a, propensity, reward], at) => ({
    id: `episode-${at}`,
    at,
    steps: [
      {
        state: situations[x] ?? "",
        action: actions[a] ?? "",
        chosenBy: "policy" as const,
        reward,
        decision: {
          mode: "on" as const,
          reason: "learned",
          baseAction: actions[0] ?? "",
          propensity,
          kl: 0,
          evidence: 1,
          candidates: actions.map((action, i) => [action, logits[x]?.[i] ?? 0] as const),
        },
      },
    ],
  }));
}

/** The steps in the form in which the library takes them. */
export function roundsOf(steps: readonly EvaluatedStep[]) {
  return {
    reward: steps.map((step) => step.return),
    action: steps.map(({ action, candidates }) =>
      candidates.findIndex((candidate) => candidate.action === action),
    ),
    pscore: steps.map(({ propensity }) => propensity),
    action_dist: steps.map(({ candidates }) => candidates.map(({ probability }) => probability)),
    estimated_rewards: steps.map(({ candidates }) => candidates.map(({ modelled }) => modelled)),
  };
}

import type { Random } from "@jitrl/core";
import { draws, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";

const settings = {
  situations: 6,
  visits: 50,
  actions: ["cite the source", "compute it", "ask a colleague", "say that it is unknown"],
  prior: { right: 0.5, confidence: [0.4, 0.7] },
} as const;
const episodes = settings.situations * settings.visits;

/** An action that the judge likes: it is the same everywhere, and wrong everywhere. */
const flattery = "praise the question";

interface Variant {
  readonly name: string;
  readonly question: string;
  /** What the judge says of an action that is truly worth 1 or −1. */
  judge(truth: number, action: string, luck: Random): number;
  readonly flattery?: boolean;
}

const flipped =
  (share: number): Variant["judge"] =>
  (truth, _, luck) =>
    luck() < share ? -truth : truth;

const variants: readonly Variant[] = [
  {
    name: "noisy-judge-0",
    question: "Does it learn six answers from a judge who is right?",
    judge: flipped(0),
  },
  ...[20, 40].map((percent) => ({
    name: `noisy-judge-${percent}`,
    question: `Does it learn six answers from a judge who is wrong ${percent} % of the time?`,
    judge: flipped(percent / 100),
  })),
  {
    name: "noisy-judge-shifted",
    question: "Does it learn six answers from a judge who praises everything, the right answer more?",
    judge: (truth) => truth + 3,
  },
  {
    name: "noisy-judge-flattered",
    question: "Does it find what is right although a judge mostly falls for flattery?",
    // 0.5 on average: less than what is right, far more than what is wrong.
    judge: (truth, action, luck) => (action === flattery && luck() < 0.75 ? 1 : truth),
    flattery: true,
  },
];

/**
 * Six situations that come often; right is worth 1, wrong −1, and learners are told what a judge says: the truth, the
 * contrary in 20 or 40 % of cases, ratings of 2 and 4 in place of −1 and 1, or 1 for a flattering answer that is wrong
 * (three times of four: the judge sees through it often enough for averages to tell, not for first impressions).
 * It tests whether evidence is averaged rather than believed, and whether it is compared rather than taken as good or
 * bad by its sign. Static scores 0.33 (0.38 with flattery among the candidates); so does, with a shifted judge, who
 * repeats whatever was praised once. Who compares averages reaches 0.95, 0.9, 0.6, 0.95 and 0.9.
 */
export const noisyJudges: readonly KnownExperiment[] = variants.map((variant) => {
  const neverRight = variant.flattery ? [flattery] : [];
  const candidates = settings.actions.length + neverRight.length;
  return {
    name: variant.name,
    question: variant.question,
    episodes,
    seeds: 20,
    best: 1,
    random: 2 / candidates - 1,
    create(seed) {
      // The same situations in all variants: they differ in the judge alone.
      const random = draws(seed, "noisy-judge");
      const situations = new Situations(random, { ...settings, neverRight });
      const order = rounds(draws(seed, "noisy-judge", "order"), settings.situations, episodes);
      return plannedEnvironment({
        cases(episode) {
          const situation = order[episode]!;
          const worth = (action: string) => (action === situations.right[situation] ? 1 : -1);
          return [situations.occurrence(situation, draws(seed, "noisy-judge", episode), worth)];
        },
        judge: ({ episode, actions, rewards }) =>
          rewards.map((truth, i) =>
            variant.judge(truth, actions[i]!, draws(seed, "noisy-judge", "judge", episode)),
          ),
      });
    },
  };
});

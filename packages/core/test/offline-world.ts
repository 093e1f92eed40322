import {
  type EpisodeInput,
  type Random,
  type StateInput,
  type StepInput,
  seededRandom,
  softmax,
  toState,
} from "@jitrl/core";
import type { OfflineEvaluation, TargetPolicy } from "@jitrl/core/offline";

/** A world in which the value of every policy is known: what logs of it say can be held against the truth. */
export interface World {
  readonly situations: readonly string[];
  /** The same, read once. */
  readonly states: readonly StateInput[];
  /** Logits of the frozen model, by situation. */
  readonly logits: readonly (readonly number[])[];
  /** Mean reward by situation and action. */
  readonly rewards: readonly (readonly number[])[];
  /** Chance of each following situation, by situation and action. */
  readonly next: readonly (readonly (readonly number[])[])[];
}

export const ACTIONS: readonly string[] = ["wait", "ask", "refund", "replace"];
/** Discount that the values are measured with. */
export const GAMMA = 0.9;
/** Chance that an episode has a second step. */
const SECOND = 0.7;
const SITUATIONS: readonly string[] = [
  "a broken lamp",
  "some late parcel",
  "the wrong size",
  "no invoice came",
  "card got declined",
];
/** Standard deviation of what all rewards of one episode have in common: its steps are not independent. */
const MOOD = 0.5;
/** Standard deviation of what is a reward's own. */
const NOISE = 0.5;

export function createWorld(seed: number): World {
  const random = seededRandom(seed);
  const table = (value: () => number) => SITUATIONS.map(() => ACTIONS.map(value));
  return {
    situations: SITUATIONS,
    states: SITUATIONS.map((text) => toState(text)),
    logits: table(() => 1.5 * (random() - 0.5)),
    rewards: table(() => 2 * random() - 1),
    next: SITUATIONS.map((_, x) =>
      ACTIONS.map((_, a) =>
        SITUATIONS.map((_, y) => 0.3 / SITUATIONS.length + (y === (x + a) % SITUATIONS.length ? 0.7 : 0)),
      ),
    ),
  };
}

/** Episodes of one or two steps under the model's own policy, sampled: propensities and candidates are logged. */
export function logEpisodes(world: World, episodes: number, random: Random): EpisodeInput[] {
  return Array.from({ length: episodes }, (_, e) => {
    const mood = MOOD * gaussian(random);
    const steps: StepInput[] = [];
    let x = Math.floor(random() * world.situations.length);
    for (let t = 0; t === 0 || (t === 1 && random() < SECOND); t++) {
      const probabilities = softmax(world.logits[x]!);
      const a = draw(probabilities, random);
      const reward = world.rewards[x]![a]! + mood + NOISE * gaussian(random);
      steps.push(loggedStep(world, x, a, probabilities[a]!, reward));
      x = draw(world.next[x]![a]!, random);
    }
    return { id: `episode-${e}`, at: e, steps };
  });
}

export function loggedStep(
  world: World,
  situation: number,
  action: number,
  propensity: number,
  reward: number,
): StepInput {
  const logits = world.logits[situation]!;
  const top = logits.indexOf(Math.max(...logits));
  return {
    state: world.states[situation]!,
    action: ACTIONS[action]!,
    chosenBy: "policy",
    reward,
    decision: {
      mode: "on",
      reason: "learned",
      baseAction: ACTIONS[top]!,
      propensity,
      kl: 0,
      evidence: 1,
      candidates: ACTIONS.map((name, a) => [name, logits[a]!]),
    },
  };
}

/** What a policy that does not learn earns: a step as `evaluateOffline` takes it, or an episode that it acts in alone. */
export function trueValue(
  world: World,
  policy: readonly (readonly number[])[],
  per: "step" | "episode",
): number {
  const { rewards, next, situations } = world;
  const logged = world.logits.map((logits) => softmax(logits));
  const expected = (probabilities: readonly number[], values: readonly number[]) =>
    sum(probabilities.map((p, a) => p * values[a]!));
  const later = per === "step" ? logged : policy;
  const following = rewards.map((values, x) => expected(later[x]!, values));
  const q1 = rewards.map((values, x) =>
    values.map((r, a) => r + GAMMA * SECOND * sum(next[x]![a]!.map((p, y) => p * following[y]!))),
  );
  const first = sum(q1.map((q, x) => expected(policy[x]!, q))) / situations.length;
  if (per === "episode") return first;
  // Second steps are where the logged first steps led.
  const second = sum(
    situations.map((_, y) => {
      const arrived =
        sum(
          logged.map((p, x) =>
            expected(
              p,
              next[x]!.map((n) => n[y]!),
            ),
          ),
        ) / situations.length;
      return arrived * expected(policy[y]!, rewards[y]!);
    }),
  );
  return (first + SECOND * second) / (1 + SECOND);
}

/**
 * The mean over the episodes of what settings earn, with the memory of the episodes before each. What they do in a
 * situation changes only with what was learned there, so it is what they did at the next visit; after the last visit
 * it is taken to stay, which is off by one lesson in a few of the episodes.
 */
export function trueValueOfSettings(
  world: World,
  episodes: readonly EpisodeInput[],
  { steps }: Pick<OfflineEvaluation, "steps">,
): number {
  const situationOf = new Map(episodes.map(({ id, steps }) => [id, steps.map(({ state }) => state)]));
  const policy = world.logits.map((logits) => softmax(logits));
  const visits = new Map<string, (() => void)[]>();
  for (const step of steps) {
    const x = world.states.indexOf(situationOf.get(step.episodeId)?.[step.index] ?? "");
    const visit = () => {
      policy[x] = step.candidates.map(({ probability }) => probability);
    };
    visits.set(step.episodeId, [...(visits.get(step.episodeId) ?? []), visit]);
    visit(); // in the end each situation shows what was done at its last visit
  }
  // Backwards, so that each situation shows what was done at its next visit.
  const values = [...episodes].reverse().map(({ id }) => {
    for (const visit of visits.get(id ?? "") ?? []) visit();
    return trueValue(world, policy, "step");
  });
  return sum(values) / episodes.length;
}

/** A policy by situation, as a target. */
export function targetOf(world: World, policy: readonly (readonly number[])[]): TargetPolicy {
  const byBase = new Map(world.logits.map((logits, x) => [logits.join(), policy[x]!]));
  return ({ candidates }) => byBase.get(candidates.map(([, logit]) => logit).join()) ?? [];
}

/** The model's logits, leaning towards what truly pays. */
export function leaning(world: World, strength: number): number[][] {
  return world.logits.map((logits, x) => softmax(logits.map((z, a) => z + strength * world.rewards[x]![a]!)));
}

/** A standard normal number, by Box and Muller. */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function draw(probabilities: readonly number[], random: Random): number {
  const at = random();
  let passed = 0;
  const index = probabilities.findIndex((p) => {
    passed += p;
    return at < passed;
  });
  return index < 0 ? probabilities.length - 1 : index;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

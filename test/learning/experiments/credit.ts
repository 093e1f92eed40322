import { draws, normal, rounds } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { candidatesOf, modelLogits } from "./model-prior.js";
import { type Case, plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";
import { describeSituations } from "./texts.js";

const settings = {
  /** What the key that is found looks like; it says which door is right. */
  situations: 4,
  actions: ["take the left door", "take the middle door", "take the right door"],
  episodes: 60,
  /** Steps between the door and the room behind it. */
  corridor: 8,
  onTheWay: ["walk on", "look around", "listen"],
  /** Behind the right door, in points, at the last step. */
  treasure: 20,
  /** Standard deviation of what learners are told of every step. */
  noise: 1,
  prior: { right: 0.25, confidence: [0.5, 0.8] },
  /** Probability of what the model likes best on the way. */
  onTheWayConfidence: 0.6,
} as const;

/**
 * Which door is taken at the first of nine steps decides 20 points at the last; the eight steps between look the same
 * behind every door, and nothing that is done there matters. Every step is told with a little noise, true worth 0.
 * It tests whether credit reaches the step that earned it, and whether a learner is not misled into thinking that the
 * steps that came just before the reward did. (γ = 0.9 leaves 43 % of the reward at the door, γ = 0.5 leaves 0.4 %.)
 * Who sees only the next reward scores like static, −0.13; who finds the doors ends near 1.
 */
export const credit: KnownExperiment = {
  name: "credit",
  question: "Does it learn an early choice from a reward eight steps later, with irrelevant steps between?",
  episodes: settings.episodes,
  seeds: 20,
  best: settings.treasure,
  random: settings.treasure / settings.actions.length,
  create(seed) {
    const { corridor, onTheWay, treasure, noise, onTheWayConfidence } = settings;
    const random = draws(seed, "credit");
    const doors = new Situations(random, settings);
    const describeWay = describeSituations(random, corridor);
    const habits = Array.from({ length: corridor }, () =>
      modelLogits(random, onTheWay, onTheWay[0], onTheWayConfidence),
    );
    const order = rounds(random, settings.situations, settings.episodes);
    return plannedEnvironment({
      cases(episode) {
        const occurrence = draws(seed, "credit", episode);
        const situation = order[episode]!;
        const door = doors.occurrence(situation, occurrence, () => 0);
        const way = habits.map(
          (habit, i): Case => ({
            state: describeWay(i, occurrence),
            candidates: candidatesOf(habit, occurrence),
            best: onTheWay[0],
            worth: (_, before) => (i === corridor - 1 && before[0] === doors.right[situation] ? treasure : 0),
          }),
        );
        return [door, ...way];
      },
      judge({ episode, rewards }) {
        const luck = draws(seed, "credit", "noise", episode);
        return rewards.map((reward) => reward + noise * normal(luck));
      },
    });
  },
};

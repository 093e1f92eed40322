import { draws, normal, rounds, shuffled } from "./draws.js";
import type { KnownExperiment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import { Situations } from "./situations.js";
import { vocabulary } from "./texts.js";

const settings = {
  /** What is right depends on the kind of a task. */
  situations: 8,
  /** Tasks of each kind to learn on, and how often each of them comes. */
  learned: 5,
  visits: 4,
  /** Tasks of each kind that come once, afterwards. */
  unseen: 10,
  actions: ["sort by date", "sort by owner", "filter by status", "export all"],
  /** Words that tell a kind, and how many of them stand in the text of a task. */
  cues: 6,
  shown: 5,
  /** Words that stand in one task alone, such as names. */
  names: 2,
  /** Words that stand in every task. */
  shared: 3,
  /** Share of the work that is done, in percent, by the right action and by others. */
  rightWorth: 80,
  wrongWorth: 30,
  /** Standard deviation of what learners are told. */
  noise: 15,
  prior: { right: 0.375, confidence: [0.4, 0.8] },
} as const;
const trained = settings.situations * settings.learned * settings.visits;
const unseen = settings.situations * settings.unseen;

/**
 * Tasks of eight kinds. A task names five of the six words that tell its kind, and two words of its own: the texts of
 * two tasks of one kind have a similarity of 0.47 to 0.67 and are never the same, those of two kinds about 0.2. Only
 * tasks that never came before count, each at its first and only time.
 * It tests whether what was learned on some tasks serves others. Who looks up exact situations, or asks for a
 * similarity of 0.7, scores like static: 0.17. (Learning goes on among the unseen ones, as it would in life.)
 */
export const transfer: KnownExperiment = {
  name: "transfer",
  question: "Does what it learned on some tasks serve it on similar ones that it never saw?",
  episodes: trained + unseen,
  from: trained,
  seeds: 20,
  best: settings.rightWorth,
  random: settings.wrongWorth + (settings.rightWorth - settings.wrongWorth) / settings.actions.length,
  create(seed) {
    const { situations: kinds, learned, cues, shown, names, shared } = settings;
    const random = draws(seed, "transfer");
    const situations = new Situations(random, settings);
    const tasks = kinds * (learned + settings.unseen);
    const all = vocabulary(random, kinds * cues + tasks * names + shared);
    const take = (count: number) => all.splice(0, count);
    const everywhere = take(shared);
    const cuesOf = Array.from({ length: kinds }, () => take(cues));
    // Task number t is of kind t % kinds; the first `kinds * learned` are those to learn on.
    const textOf = Array.from({ length: tasks }, (_, task) =>
      [...everywhere, ...shuffled(random, cuesOf[task % kinds]!).slice(0, shown), ...take(names)].join(" "),
    );
    const order = [
      ...rounds(random, kinds * learned, trained),
      ...rounds(random, unseen, unseen).map((task) => kinds * learned + task),
    ];
    return plannedEnvironment({
      cases(episode) {
        const task = order[episode]!;
        const kind = task % kinds;
        const worth = (action: string) =>
          action === situations.right[kind] ? settings.rightWorth : settings.wrongWorth;
        const occurrence = situations.occurrence(kind, draws(seed, "transfer", episode), worth);
        return [{ ...occurrence, state: textOf[task]! }];
      },
      judge: ({ episode, rewards }) =>
        rewards.map((reward) => reward + settings.noise * normal(draws(seed, "transfer", "noise", episode))),
    });
  },
};

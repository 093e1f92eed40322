import type { Dictionary } from "./dictionary.js";
import { nounsIn, withoutNames } from "./nouns.js";
import type { Trials } from "./trials.js";
import { DIRECTIONS, fill } from "./verbs.js";

/** Commands that do nothing, for one, no or several turns. */
export const IDLE = ["wait", "look", "inventory", "zzyzx"] as const;

/** Commands that fill in what the parser remembers and do nothing else; `#` and `@` are two nouns. */
const HARMLESS = [
  "take",
  "put",
  "open",
  "again",
  "examine it",
  "look in #",
  "look under #",
  "look behind #",
  "smell #",
  "listen to #",
  "put # in @",
  "give # to @",
  "take # from @",
  "attack # with @",
  "look at # with @",
] as const;
const IDLE_TURNS = 20;

/** What the beginning of a story tells about it. */
export interface Calibration {
  /** The answer to examining a thing that is not there, without its name. */
  readonly absent: string;
}

/**
 * Plays harmless commands at the story's present moment, its beginning, so that the world learns what is noise.
 * The same story always gives the same result.
 */
export function calibrate(trials: Trials, dictionary: Dictionary): Calibration {
  const { story, world } = trials;
  const before = story.memory.slice();
  const idle = IDLE.map((command) => trials.memoryAfter(command));
  function learnFrom(command: string): string {
    return trials.imagine(() => {
      const answer = story.command(command);
      world.learnNoise(before, idle);
      return answer;
    });
  }

  for (const command of [...IDLE, ...DIRECTIONS]) learnFrom(command);
  const examined = new Map<string, string[]>();
  for (const noun of dictionary.nouns()) {
    const answer = withoutNames(learnFrom(`examine ${noun}`), dictionary);
    examined.set(answer, [...(examined.get(answer) ?? []), noun]);
  }
  // Most things of a story are not in its first room.
  const [absent, absentNouns] = [...examined].sort(([, a], [, b]) => b.length - a.length)[0] ?? ["", []];

  const present = nounsIn(story.text, dictionary).map(({ noun }) => noun);
  const nouns = [...present, ...absentNouns.slice(0, 1)];
  for (const [i, noun] of nouns.entries()) {
    for (const template of HARMLESS) learnFrom(fill(template, noun, nouns[(i + 1) % nouns.length]));
  }

  trials.imagine(() => {
    for (let turn = 0; turn < IDLE_TURNS && !story.ended; turn++) {
      story.command("wait");
      world.learnNoise(before, [story.memory]);
    }
  });
  return { absent };
}

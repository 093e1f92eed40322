import { type Calibration, calibrate } from "./calibration.js";
import { Dictionary } from "./dictionary.js";
import { adjectivesIn, type NounInText, nounsIn, withoutNames } from "./nouns.js";
import { Search, type Thing } from "./search.js";
import type { Story } from "./story.js";
import { Trials } from "./trials.js";
import { World } from "./world.js";

/** What the player sees: the answers to `look` and `inventory`. */
export interface Observation {
  readonly look: string;
  readonly inventory: string;
}

/** The valid actions of a state, and what they follow from. */
export interface ValidActions {
  /** The objects that the player can act on: {@link ActionFinder.scene}. */
  readonly scene: string;
  /** Number and value of each global variable that was read while the actions were tried. */
  readonly globals: readonly (readonly [number: number, value: number])[];
  /** The same wherever the scene and these globals are. */
  readonly actions: readonly string[];
}

/** Goes up with every change of what {@link ActionFinder} finds, so that older cached answers do not count. */
export const FINDER_VERSION = 2;

/** Bounds the work in a crowded room: things in the inventory, and things around. */
const MOST_THINGS = 12;

/**
 * Finds the commands that change the world, by trying them: as in the Jericho benchmark, those are the valid
 * actions of a state.
 *
 * **What counts as a change.** The world is the tree of objects, their attributes and properties, and the
 * global variables ({@link World}). A command changes it when the world after the command is neither the
 * world before, nor the world after any command that does nothing: waiting, looking, the inventory, nonsense.
 * So what a turn does by itself (a lamp burns down, a thief walks) is no change. Every trial has the same
 * luck, so no two commands differ by their dice; attacks, which may fail by chance, are tried with several.
 *
 * **What is noise.** At the story's beginning harmless commands are tried once ({@link calibrate}); the globals
 * and properties that they change, while no object moves, are the parser's and the clock's and never count.
 * In each state the same goes for what examining each thing in view changes and looking does not.
 */
export class ActionFinder {
  readonly #trials: Trials;
  readonly #dictionary: Dictionary;
  readonly #calibration: Calibration;

  /** @param story left as it is, now and by every method */
  constructor(story: Story) {
    this.#trials = new Trials(story, new World(story.memory, story.globals));
    this.#dictionary = new Dictionary(story.memory);
    const here = story.snapshot();
    story.restart(0);
    this.#calibration = calibrate(this.#trials, this.#dictionary);
    story.restore(here);
  }

  /** A hash of the objects that the player can act on. */
  get scene(): string {
    const { story, world } = this.#trials;
    return world.scene(story.place);
  }

  /** Whether the story has put something into itself: then describing it would never end. */
  get isStuck(): boolean {
    return this.#trials.world.hasCircle();
  }

  /** What the player would see now. Looking takes no turn: it is tried and taken back. */
  observe(): Observation {
    return { look: this.#trials.look(), inventory: this.#trials.of("inventory").text };
  }

  /**
   * Finds the commands that change the world, in a fixed order. Of several with the same outcome the first
   * that was tried stands for all.
   */
  find(): ValidActions {
    const { story, world } = this.#trials;
    const { scene } = this;
    story.takeGlobalsRead();
    const { things, remembered } = this.#inView();
    world.leaveOut(remembered);
    const search = new Search(this.#trials, this.#dictionary);
    search.tryAll(things);
    const read = story.takeGlobalsRead().filter((global) => world.tells(global));
    return { scene, globals: read.map((global) => [global, story.global(global)]), actions: search.actions };
  }

  /** What the player can refer to, and where the story remembers what was referred to. */
  #inView(): { things: Thing[]; remembered: Set<number> } {
    const { story, world } = this.#trials;
    const { look, inventory } = this.observe();
    const adjectives = adjectivesIn(`${look}\n${inventory}`, this.#dictionary);
    const afterLook = this.#trials.memoryAfter("look");
    const things = new Map<string, Thing>();
    const remembered = new Set<number>();

    const see = (name: string, held: boolean): boolean =>
      this.#trials.imagine(() => {
        const { moves } = story;
        const answer = story.command(`examine ${name}`);
        const isAbsent = withoutNames(answer, this.#dictionary) === this.#calibration.absent;
        if (isAbsent || story.moves === moves) return false;
        for (const at of world.difference(story.memory, afterLook)) remembered.add(at);
        // Answers name the thing or describe it: with the same answer it is one thing with two names.
        const known = things.get(answer);
        if (!known || (says(answer, name) && !says(answer, known.name))) things.set(answer, { name, held });
        return true;
      });
    const seeAll = (nouns: readonly NounInText[], held: boolean): void => {
      for (const { noun, adjectives: near } of nouns) {
        if (see(noun, held)) continue;
        // The story does not know which one is meant, or there is none.
        for (const adjective of near.length > 0 ? near : adjectives) see(`${adjective} ${noun}`, held);
      }
    };
    seeAll(nounsIn(inventory, this.#dictionary), true);
    seeAll(nounsIn(look, this.#dictionary), false);

    const all = [...things.values()];
    const most = (held: boolean): Thing[] =>
      all
        .filter((thing) => thing.held === held)
        .slice(0, MOST_THINGS)
        .sort(byName);
    return { things: [...most(true), ...most(false)], remembered };
  }
}

/** The order in which a room names its things tells of moves, not of facts, and must not show in the actions. */
function byName(one: Thing, other: Thing): number {
  return one.name < other.name ? -1 : 1;
}

function says(text: string, name: string): boolean {
  return text
    .toLowerCase()
    .split(/[^a-z-]+/)
    .includes(name);
}

import { IDLE } from "./calibration.js";
import type { Dictionary } from "./dictionary.js";
import { withoutNames } from "./nouns.js";
import { LUCKS, type Trials } from "./trials.js";
import {
  ALONE,
  CHANCY,
  DIRECTIONS,
  fill,
  LAST_ON_A_THING,
  ON_A_HELD_THING,
  ON_A_THING,
  ON_ANY_THING,
  REFUSED_ALIKE,
  WITH_A_HELD_THING,
  WITH_A_HELD_THING_ON_ANOTHER,
} from "./verbs.js";
import { changeOf, type Digest, UNCHANGED } from "./world.js";

/** Something that commands can refer to. */
export interface Thing {
  /** How to refer to it. */
  readonly name: string;
  /** In the inventory, or in something that is. */
  readonly held: boolean;
}

/** One look for the commands that change the world, from one state of a story. */
export class Search {
  /** The commands that change the world, each in another way, in the order of trial. */
  readonly actions: string[] = [];
  readonly #trials: Trials;
  readonly #dictionary: Dictionary;
  /** By luck: how the world is, and how idle commands leave it. */
  readonly #idle = new Map<number, readonly Digest[]>();
  /** By luck: the changes that are no news. */
  readonly #changes = new Map<number, Set<string>>();

  constructor(trials: Trials, dictionary: Dictionary) {
    this.#trials = trials;
    this.#dictionary = dictionary;
  }

  /** Tries everything that the verbs and the things allow. */
  tryAll(things: readonly Thing[]): void {
    const held = things.filter((thing) => thing.held);
    const around = things.filter((thing) => !thing.held);
    for (const direction of DIRECTIONS) this.#try(direction);
    this.#tryOn(things, ON_ANY_THING);
    this.#tryOn(around, ON_A_THING);
    this.#tryOn(held, ON_A_HELD_THING);
    for (const verb of this.#understood(WITH_A_HELD_THING)) this.#tryPairs(verb, held, things);
    for (const verb of this.#understood(WITH_A_HELD_THING_ON_ANOTHER)) this.#tryPairs(verb, held, around);
    this.#tryOn(around, LAST_ON_A_THING);
    for (const verb of this.#understood(ALONE)) this.#try(verb);
  }

  #tryOn(things: readonly Thing[], verbs: readonly string[]): void {
    for (const verb of this.#understood(verbs))
      for (const { name } of things) this.#try(fill(verb, name), lucksFor(verb));
  }

  /**
   * Tries one tool on every thing and every tool on one thing. What the commonest refusal does not answer may
   * be a thing for other tools (a troll, a case) or a tool for other things (a shovel), so these are tried on.
   */
  #tryPairs(verb: string, tools: readonly Thing[], things: readonly Thing[]): void {
    const answers = new Map<string, string>();
    const answer = (tool: Thing, thing: Thing): string => {
      const command = fill(verb, tool.name, thing.name);
      const known = answers.get(command) ?? (tool === thing ? "" : this.#try(command, lucksFor(verb)));
      answers.set(command, known);
      return known;
    };
    const [anyTool] = tools;
    const anyThing = things.find((thing) => thing !== anyTool);
    if (!anyTool || !anyThing) return;

    const ofThings = new Map(things.map((thing) => [thing, answer(anyTool, thing)]));
    const ofTools = new Map(tools.map((tool) => [tool, answer(tool, anyThing)]));
    const refusal = commonest([...ofThings.values(), ...ofTools.values()].filter((text) => text !== ""));
    for (const tool of tools) {
      for (const thing of things) {
        const isRefused = ofThings.get(thing) === refusal && ofTools.get(tool) === refusal;
        if (!isRefused || REFUSED_ALIKE.has(verb)) answer(tool, thing);
      }
    }
  }

  /** @returns the story's answer without names */
  #try(command: string, lucks: readonly number[] = []): string {
    const { luck } = this.#trials;
    const { text, world } = this.#trials.of(command);
    const isNews =
      this.#isNews(world, luck) ||
      lucks.some((other) => other !== luck && this.#isNews(this.#trials.of(command, other).world, other));
    if (isNews) this.actions.push(command);
    return withoutNames(text, this.#dictionary);
  }

  /**
   * A command is told from doing nothing, and from another command, by the change that it makes to a world in
   * which as much time has passed; how much that is depends on the command, so all idle ones are compared.
   */
  #isNews(world: Digest, luck: number): boolean {
    const idle = this.#idleWorlds(luck);
    const known = this.#changes.get(luck) ?? new Set([UNCHANGED]);
    this.#changes.set(luck, known);
    const changes = idle.map((other) => changeOf(other, world));
    if (changes.some((change) => known.has(change))) return false;
    for (const change of changes) known.add(change);
    return true;
  }

  #idleWorlds(luck: number): readonly Digest[] {
    const known = this.#idle.get(luck);
    if (known) return known;
    const worlds = [
      this.#trials.world.digest(),
      ...IDLE.map((command) => this.#trials.of(command, luck).world),
    ];
    this.#idle.set(luck, worlds);
    return worlds;
  }

  /** The templates whose words the story has. */
  #understood(templates: readonly string[]): string[] {
    const isKnown = (word: string): boolean => word === "#" || word === "@" || this.#dictionary.has(word);
    return templates.filter((template) => template.split(" ").every(isKnown));
  }
}

function lucksFor(verb: string): readonly number[] {
  return CHANCY.has(verb) ? LUCKS : [];
}

function commonest(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

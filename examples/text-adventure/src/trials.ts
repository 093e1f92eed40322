import type { Story } from "./story.js";
import type { Digest, World } from "./world.js";

/** Lucks of trials: where in its range every random number comes out. */
export const LUCKS = [0.99, 0.5, 0.25, 0] as const;

/** What a command would bring about. */
export interface Trial {
  /** What the story would print. */
  readonly text: string;
  /** A hash of the world as it would be. */
  readonly world: Digest;
}

/**
 * Plays commands and takes them back.
 *
 * Every random number of a trial comes out at the same place of its range. Trials then differ by their
 * commands alone, whatever dice the story has, and a thief or a troll does the same in all of them.
 */
export class Trials {
  readonly story: Story;
  readonly world: World;
  #luck: number = LUCKS[0];

  constructor(story: Story, world: World) {
    this.story = story;
    this.world = world;
  }

  /** The luck of trials that are given none. */
  get luck(): number {
    return this.#luck;
  }

  /**
   * Looks around, with the first luck that lets the player live through it, and keeps that luck for the
   * trials that follow: after a death no two commands would differ.
   * @returns what the story would print
   */
  look(): string {
    for (const luck of LUCKS) {
      const { text, isEnd } = this.imagine(
        () => ({ text: this.story.command("look"), isEnd: this.story.ended }),
        luck,
      );
      this.#luck = luck;
      if (!isEnd) return text;
    }
    this.#luck = LUCKS[0];
    return this.of("look").text;
  }

  of(command: string, luck?: number): Trial {
    return this.imagine(() => {
      const text = this.story.command(command);
      return { text, world: this.world.digest() };
    }, luck);
  }

  /** The memory as it would be after a command. */
  memoryAfter(command: string): Uint8Array {
    return this.imagine(() => {
      this.story.command(command);
      return this.story.memory.slice();
    });
  }

  /** Plays on as if for good, looks at what came of it, and takes it back. */
  imagine<T>(play: () => T, luck: number = this.#luck): T {
    return this.story.imagine(luck, play);
  }
}

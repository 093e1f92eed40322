import { createHash } from "node:crypto";
import { ZVM } from "ifvms";
import { Dice, type DiceState } from "./dice.js";
import { Glk } from "./glk.js";
import { type MachineState, restoreMachine, saveMachine } from "./machine-state.js";
import { checkStoryFile, StoryFileError } from "./story-file.js";

/** A moment of a story that {@link Story.restore} can return to, as often as wanted. */
export interface Snapshot {
  readonly machine: MachineState;
  readonly dice: DiceState;
  readonly text: string;
}

const GLOBALS = 240;
/** The global variables that version 3 shows in its status line. */
const PLACE = 0;
const SCORE = 1;
const MOVES = 2;
/** More requests for a key in a row than a story that can be played with lines would make. */
const KEYS_IN_A_ROW = 1000;

const CLOSING_QUESTION = /\brestart\b.{0,200}\brestore\b.{0,200}\bquit\b.{0,80}$/is;
const LAST_BANNER = /\*{3,}[^*\n]*\b(?:died|dead|won|die)\b[^*\n]*\*{3,}/i;

/**
 * A version 3 Z-machine story, waiting for its next command.
 *
 * Nothing but the seed and the commands decides what happens: the same of both gives the same transcript.
 * The player saves no file: a story that asks for one is told that there is none.
 */
export class Story {
  /** SHA-256 of the story file, the first 16 hexadecimal digits. */
  readonly checksum: string;
  /** The story's memory as it is now, dynamic memory first. For reading only. */
  readonly memory: Uint8Array;
  /** The address of the global variables in {@link memory}. */
  readonly globals: number;

  readonly #machine: ZVM;
  readonly #glk = new Glk();
  readonly #dice = new Dice(0);
  readonly #start: Snapshot;
  readonly #read = new Uint8Array(GLOBALS);
  readonly #written = new Uint8Array(GLOBALS);
  #text = "";

  private constructor(file: Uint8Array) {
    this.checksum = createHash("sha256").update(file).digest("hex").slice(0, 16);
    this.#machine = new ZVM();
    this.#machine.random = (range) => this.#dice.roll(range);
    // The machine plays in the very bytes it is given.
    this.#machine.prepare(Uint8Array.from(file), { Glk: this.#glk });
    this.#machine.start();
    this.#settle();
    const { m, globals } = this.#machine;
    this.memory = new Uint8Array(m.buffer, m.byteOffset, m.byteLength);
    this.globals = globals;
    this.#watchGlobals();
    this.#start = this.snapshot();
  }

  /**
   * Starts a story and plays it up to its first request for a command.
   * @param file the bytes of a story file of version 3 that keeps a score
   * @param seed decides every random number after the opening
   * @throws StoryFileError when the bytes are anything else
   */
  static open(file: Uint8Array, seed = 0): Story {
    checkStoryFile(file);
    let story: Story;
    try {
      story = new Story(file);
    } catch (cause) {
      throw new StoryFileError("expected a Z-machine story; this one fails before its first prompt", {
        cause,
      });
    }
    story.restart(seed);
    return story;
  }

  /** What the story printed last, before its first command the opening; without the prompt. */
  get text(): string {
    return this.#text;
  }

  /** Points, from the global variable G01, which the version 3 status line shows as the score. */
  get score(): number {
    return (this.global(SCORE) << 16) >> 16;
  }

  /** Turns taken, from the global variable G02, which the version 3 status line shows as the moves. */
  get moves(): number {
    return this.global(MOVES);
  }

  /** The object number of the place that the player is in, from the global variable G00. */
  get place(): number {
    return this.global(PLACE);
  }

  /** The story can take no command any more. */
  get halted(): boolean {
    return this.#machine.quit === 1;
  }

  /**
   * The story is over: it has stopped, it asks whether to restart, restore or quit, or it has just declared
   * the player dead or victorious. (Some stories, Zork I among them, revive a dead player and go on; a
   * benchmark episode, as in Jericho, ends at the first death all the same.)
   */
  get ended(): boolean {
    return this.halted || CLOSING_QUESTION.test(this.#text) || LAST_BANNER.test(this.#text);
  }

  /** The value of a global variable, by its number from 0. */
  global(index: number): number {
    const at = this.globals + 2 * index;
    return ((this.memory[at] ?? 0) << 8) | (this.memory[at + 1] ?? 0);
  }

  /**
   * The global variables, by their number from 0, that commands have read since the last call, where they did
   * not write them first: what came out depends on no others.
   */
  takeGlobalsRead(): number[] {
    const read = [...this.#read.keys()].filter((index) => this.#read[index] === 1);
    this.#read.fill(0);
    return read;
  }

  /** Goes back to the first request for a command, with the random numbers of `seed`. */
  restart(seed: number): void {
    this.restore(this.#start);
    this.#dice.seed(seed);
  }

  /**
   * Gives the story one command and returns what it prints, without the prompt.
   * What is longer than the story's own input buffer is cut off, and a line break counts as a space.
   * @throws Error when the story has {@link halted}
   */
  command(text: string): string {
    if (this.halted) throw new Error("the story has halted; restart it or restore a snapshot");
    this.#written.fill(0);
    this.#glk.typeLine(text.replace(/\s+/g, " "));
    this.#machine.resume();
    this.#settle();
    return this.#text;
  }

  /** Everything that decides how the story goes on. */
  snapshot(): Snapshot {
    return { machine: saveMachine(this.#machine), dice: this.#dice.saved, text: this.#text };
  }

  /** Returns to a moment of this story, exactly. */
  restore({ machine, dice, text }: Snapshot): void {
    restoreMachine(this.#machine, machine);
    this.#glk.takeText();
    this.#glk.awaitLine(machine.input.buffer);
    this.#dice.saved = dice;
    this.#text = text;
  }

  /**
   * Plays on with loaded dice, then takes everything back.
   * @param luck where in its range every random number comes out, from 0 up to, not including, 1
   * @returns what `play` returns
   */
  imagine<T>(luck: number, play: () => T): T {
    const before = this.snapshot();
    this.#dice.load(luck);
    try {
      return play();
    } finally {
      this.restore(before);
    }
  }

  /** The machine reads and writes whole globals through these two methods. */
  #watchGlobals(): void {
    const { m, ram } = this.#machine;
    const { getUint16, setUint16 } = DataView.prototype;
    const first = this.globals;
    const read = this.#read;
    const written = this.#written;
    m.getUint16 = (at) => {
      const index = (at - first) >> 1;
      if (index >= 0 && index < GLOBALS && written[index] === 0) read[index] = 1;
      return getUint16.call(m, at);
    };
    ram.setUint16 = (at, value) => {
      const index = (at - first) >> 1;
      if (index >= 0 && index < GLOBALS) written[index] = 1;
      setUint16.call(ram, at, value);
    };
  }

  /** Answers everything that is no request for a command, until there is one or the story halts. */
  #settle(): void {
    const machine = this.#machine;
    for (let keys = 0; machine.quit !== 1; keys++) {
      const asksForFile = machine.glk_blocking_call !== null;
      if (!asksForFile && this.#glk.awaited === "line") break;
      if (keys > KEYS_IN_A_ROW) throw new Error("the story asks for keys, not for commands");
      if (!asksForFile) this.#glk.pressEnter();
      machine.resume(null);
    }
    this.#text = this.#glk
      .takeText()
      .replace(/\s*>\s*$/, "")
      .trim();
  }
}

import { type ActionCache, ActionMemory } from "./action-cache.js";
import { Story } from "./story.js";
import { ActionFinder, type Observation } from "./valid-actions.js";

/** What an action brought about. */
export interface StepResult {
  /** The change of the score, in points. */
  readonly reward: number;
  /** The story is over: see {@link Story.ended}. */
  readonly ended: boolean;
  /** What the story printed. */
  readonly text: string;
}

export interface EnvironmentOptions {
  /**
   * Where valid actions are remembered.
   * @default a memory of this environment's own
   */
  readonly cache?: ActionCache;
}

/** Where no command changes the world, time may. */
const NOTHING_ELSE = ["wait"] as const;

/**
 * A story as a reinforcement-learning environment: text in, valid actions out, the score as the reward.
 * It starts as if reset with seed 0.
 */
export class Environment {
  readonly #story: Story;
  readonly #finder: ActionFinder;
  readonly #cache: ActionCache;
  #observation: Observation | undefined;
  #actions: readonly string[] | undefined;

  /**
   * @param file the bytes of a version 3 story
   * @throws StoryFileError for any other file
   */
  constructor(file: Uint8Array, { cache = new ActionMemory() }: EnvironmentOptions = {}) {
    this.#story = Story.open(file);
    this.#finder = new ActionFinder(this.#story);
    this.#cache = cache;
  }

  /** The points so far in this episode. */
  get score(): number {
    return this.#story.score;
  }

  /** The episode is over; only {@link reset} goes on. */
  get ended(): boolean {
    return this.#story.ended;
  }

  /**
   * Starts an episode.
   * @param seed decides every random number of the story
   * @returns the opening text
   */
  reset(seed: number): string {
    this.#story.restart(seed);
    this.#forget();
    return this.#story.text;
  }

  /** What the player sees and holds. Looking takes no turn. */
  observe(): Observation {
    this.#observation ??= this.ended ? { look: this.#story.text, inventory: "" } : this.#finder.observe();
    return this.#observation;
  }

  /** The commands that would change the world, never none before the end; `wait` where nothing else would. */
  actions(): readonly string[] {
    this.#actions ??= this.ended ? [] : this.#knownActions();
    return this.#actions;
  }

  /**
   * Plays one command, a valid action or any other. One that would put something into itself is refused: the story
   * itself does not notice, and would hang at the next look.
   * @throws Error after the end
   */
  step(action: string): StepResult {
    if (this.ended) throw new Error("the episode has ended; reset the environment to start another");
    const before = this.#story.score;
    const moment = this.#story.snapshot();
    let text = this.#story.command(action);
    if (this.#finder.isStuck) {
      this.#story.restore(moment);
      text = "That cannot be.";
    }
    this.#forget();
    return { reward: this.#story.score - before, ended: this.ended, text };
  }

  #knownActions(): readonly string[] {
    let actions = this.#cache.get(this.#finder.scene, (number) => this.#story.global(number));
    if (!actions) {
      const found = this.#finder.find();
      this.#cache.add(found);
      ({ actions } = found);
    }
    return actions.length > 0 ? actions : NOTHING_ELSE;
  }

  #forget(): void {
    this.#observation = undefined;
    this.#actions = undefined;
  }
}

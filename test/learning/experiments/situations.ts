import type { Random } from "@jitrl/core";
import { between, pickOne, shuffled } from "./draws.js";
import { candidatesOf, modelLogits } from "./model-prior.js";
import type { Case } from "./planned-environment.js";
import { describeSituations, type TextSettings, usualTexts } from "./texts.js";

export interface SituationSettings {
  readonly situations: number;
  readonly actions: readonly string[];
  /** Actions that are right nowhere and that the model never likes best. @default none */
  readonly neverRight?: readonly string[];
  readonly prior: {
    /** Share of the situations in which the model likes the right action best. */
    readonly right: number;
    /** Least and most probability of what it likes best, where it is right… */
    readonly confidence: readonly [number, number];
    /** … and where it is wrong. @default the same */
    readonly confidenceIfWrong?: readonly [number, number];
  };
  /** @default usualTexts */
  readonly texts?: TextSettings;
}

/** Situations with one right action each, told apart by words among noise words. */
export class Situations {
  /** The right action of each. Every action is right equally often, so that none is a good answer everywhere. */
  readonly right: readonly string[];
  readonly #actions: readonly string[];
  readonly #logits: readonly ReadonlyMap<string, number>[];
  readonly #describe: ReturnType<typeof describeSituations>;

  constructor(random: Random, settings: SituationSettings) {
    const { situations: count, actions, neverRight = [], prior, texts = usualTexts } = settings;
    const { confidence, confidenceIfWrong = confidence } = prior;
    this.#actions = actions;
    this.#describe = describeSituations(random, count, texts);
    this.right = shuffled(
      random,
      Array.from({ length: count }, (_, i) => actions[i % actions.length]!),
    );
    // Just so many, not about so many: seeds differ in what is right, not in how hard it is.
    const known = shuffled(
      random,
      Array.from({ length: count }, (_, i) => i < Math.round(prior.right * count)),
    );
    this.#logits = this.right.map((right, i) => {
      const favourite = known[i] ? right : this.wrong(i, random);
      return modelLogits(
        random,
        [...actions, ...neverRight],
        favourite,
        between(random, known[i] ? confidence : confidenceIfWrong),
      );
    });
  }

  /** One of the actions that are right elsewhere. */
  wrong(situation: number, random: Random): string {
    return pickOne(
      random,
      this.#actions.filter((action) => action !== this.right[situation]),
    );
  }

  /** A decision in a situation, with other noise words and another order of candidates each time. */
  occurrence(
    situation: number,
    random: Random,
    worth: Case["worth"],
    best: string = this.right[situation]!,
  ): Case {
    return {
      state: this.#describe(situation, random),
      candidates: candidatesOf(this.#logits[situation]!, random),
      best,
      worth,
    };
  }
}

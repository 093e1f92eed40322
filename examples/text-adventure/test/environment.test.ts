import { describe, expect, it } from "vitest";
import { ActionMemory } from "../src/action-cache.js";
import { Dice } from "../src/dice.js";
import { Environment } from "../src/environment.js";
import { zork } from "./story-files.js";

describe("dice", () => {
  it("roll every number of a range, the same for the same seed", () => {
    const rolls = (seed: number) => {
      const dice = new Dice(seed);
      return Array.from({ length: 300 }, () => dice.roll(6));
    };
    expect(new Set(rolls(1))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    expect(rolls(1)).toEqual(rolls(1));
    expect(rolls(1)).not.toEqual(rolls(2));
    expect(new Dice(1).roll(0)).toBe(0);
  });

  it("that are loaded always come out alike, but hang no story that waits for another number", () => {
    const dice = new Dice(1);
    dice.load(0.99);
    expect([dice.roll(100), dice.roll(100), dice.roll(6), dice.roll(1)]).toEqual([100, 100, 6, 1]);
    let rolls = 0;
    while (dice.roll(100) === 100) expect(rolls++).toBeLessThan(1000);
  });
});

describe.skipIf(!zork)("Zork I as an environment", () => {
  const cache = new ActionMemory();
  const environment = zork ? new Environment(zork, { cache }) : undefined;

  function playRandomly(played: Environment, seed: number, steps: number): string[] {
    const choice = new Dice(seed);
    const opening = played.reset(seed);
    let rewards = 0;
    const transcript = Array.from({ length: steps }, () => {
      const { look, inventory } = played.observe();
      const actions = played.actions();
      const action = actions[choice.roll(actions.length) - 1] ?? "wait";
      const { reward, text } = played.step(action);
      rewards += reward;
      return [look, inventory, actions.join(), action, text].join("\n");
    });
    expect(rewards).toBe(played.score);
    return [opening, ...transcript];
  }

  it("plays the same episode for the same seed, with known actions as with new ones", () => {
    const first = playRandomly(environment!, 5, 12);
    expect(playRandomly(environment!, 5, 12)).toEqual(first);
    expect(playRandomly(new Environment(zork!), 5, 12)).toEqual(first);
  });

  it("observes without taking a turn", () => {
    environment!.reset(1);
    const seen = environment!.observe();
    expect(seen.look).toMatch(/^West of House\n.*mailbox here\.$/s);
    expect(seen.inventory).toBe("You are empty-handed.");
    expect(environment!.step("open mailbox").text).toBe("Opening the small mailbox reveals a leaflet.");
    expect(environment!.observe().look).toContain("A leaflet");
  });

  it("rewards the change of the score and stops at the end", () => {
    environment!.reset(1);
    const rewards = ["south", "east", "open window", "west"].map(
      (action) => environment!.step(action).reward,
    );
    expect(rewards).toEqual([0, 0, 0, 10]);
    expect(environment!.step("jump")).toMatchObject({ reward: -10, ended: true });
    expect(environment!.actions()).toEqual([]);
    expect(environment!.observe().look).toContain("You have died");
    expect(() => environment!.step("look")).toThrow(/reset/);
    environment!.reset(1);
    expect(environment!.ended).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { Story } from "../src/story.js";
import { ActionFinder } from "../src/valid-actions.js";
import { zork } from "./story-files.js";

describe.skipIf(!zork)("the valid actions of Zork I", () => {
  const open = (seed = 0) => {
    const story = Story.open(zork ?? new Uint8Array(), seed);
    return { story, finder: new ActionFinder(story) };
  };

  it("are at first the three ways to go and the mailbox", () => {
    const { finder } = open();
    expect(finder.find().actions).toEqual(["north", "south", "west", "open mailbox"]);
  });

  it("do not depend on the dice, and finding them leaves the story as it was", () => {
    const [{ story, finder }, other] = [open(1), open(2)];
    for (const each of [story, other.story]) for (const way of ["north", "north"]) each.command(way);
    const before = story.snapshot();
    expect(finder.find()).toEqual(other.finder.find());
    expect(story.snapshot()).toEqual(before);
  });

  it("are the same in the same scene, however much time has passed", () => {
    const { story, finder } = open();
    const [scene, found] = [finder.scene, finder.find()];
    for (const command of ["north", "look", "wait", "wait", "west"]) story.command(command);
    expect(finder.scene).toBe(scene);
    expect(finder.find()).toEqual(found);
  });

  it("include every step to 55 points", () => {
    const { story, finder } = open(3);
    const walk = [
      ...[
        "open mailbox",
        "take leaflet",
        "drop leaflet",
        "north",
        "north",
        "up",
        "take egg",
        "down",
        "south",
      ],
      ...["east", "open window", "west", "west", "take lantern", "open case", "put egg in case", "move rug"],
      ...[
        "open trap door",
        "turn on lantern",
        "down",
        "south",
        "east",
        "take painting",
        "north",
        "up",
        "west",
      ],
      "put painting in case",
    ];
    for (const command of walk) {
      const { actions } = finder.find();
      expect(actions, `after: ${story.text}`).toContain(command);
      expect(actions.length).toBeLessThan(20);
      story.command(command);
    }
    expect(story.score).toBe(55);
  }, 120_000);

  it("include the sword against the troll, even where the next blow may be the player's end", () => {
    for (const seed of [2, 3]) {
      const { story, finder } = open(seed);
      const commands = [
        "south",
        "east",
        "open window",
        "west",
        "west",
        "take lantern",
        "take sword",
        "move rug",
      ];
      for (const command of [...commands, "open trap door", "turn on lantern", "down", "north"])
        story.command(command);
      expect(finder.find().actions).toContain("attack troll with sword");
      expect(finder.observe().look).not.toContain("You have died");
    }
  });
});

import { describe, expect, it } from "vitest";
import { Story } from "../src/story.js";
import { StoryFileError } from "../src/story-file.js";
import { headerOnly, zork } from "./story-files.js";

describe("a file that is no story", () => {
  it.each([
    ["an empty file", new Uint8Array(0), /0 bytes/],
    ["a text", new TextEncoder().encode("# Not a story\n".repeat(20)), /version 35/],
    ["a story of another version", headerOnly(5), /version 5/],
    ["a story that shows the time", headerOnly(3, 0x02), /time/],
    ["a header without a story", headerOnly(3), /fails before its first prompt/],
  ])("%s is refused with what was found", (_, file, message) => {
    expect(() => Story.open(file)).toThrow(StoryFileError);
    expect(() => Story.open(file)).toThrow(message);
  });
});

describe.skipIf(!zork)("Zork I", () => {
  const file = zork ?? new Uint8Array();
  const toTheTroll =
    "south;east;open window;west;west;take lantern;take sword;move rug;open trap door;turn on lantern;down;north";
  const play = (story: Story, commands: string): string[] =>
    commands.split(";").map((command) => (story.halted ? "" : story.command(command)));
  const fight = Array(8).fill("attack troll with sword").join(";");

  it("is refused when a byte is damaged or the end is missing", () => {
    expect(() => Story.open(file.with(5000, 1 + (file[5000] ?? 0)))).toThrow(/checksum/);
    expect(() => Story.open(file.subarray(0, 5000))).toThrow(/checksum/);
  });

  it("opens without prompt and status line", () => {
    const { text, score, moves, ended } = Story.open(file);
    expect(text).toMatch(/^ZORK I.*There is a small mailbox here\.$/s);
    expect({ score, moves, ended }).toEqual({ score: 0, moves: 0, ended: false });
  });

  it("gives the same transcript for the same seed, and another for another", () => {
    const transcript = (seed: number) => play(Story.open(file, seed), `${toTheTroll};${fight}`);
    expect(transcript(7)).toEqual(transcript(7));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => transcript(seed).join())).size).toBeGreaterThan(1);
  });

  it("starts again as if newly opened", () => {
    const story = Story.open(file, 1);
    play(story, `${toTheTroll};${fight}`);
    story.restart(2);
    expect(play(story, `${toTheTroll};${fight}`)).toEqual(
      play(Story.open(file, 2), `${toTheTroll};${fight}`),
    );
  });

  it("returns to a snapshot exactly, the dice included", () => {
    const story = Story.open(file, 4);
    play(story, toTheTroll);
    const snapshot = story.snapshot();
    const first = play(story, fight);
    const { score, moves } = story;
    story.restore(snapshot);
    expect(play(story, fight)).toEqual(first);
    expect({ score: story.score, moves: story.moves }).toEqual({ score, moves });
  });

  it("is left as it was by what is only imagined, even by an end", () => {
    const [story, other] = [Story.open(file, 4), Story.open(file, 4)];
    play(story, toTheTroll);
    play(other, toTheTroll);
    expect(
      story.imagine(0.5, () => [...play(story, fight), ...play(story, "quit;y"), story.halted]).at(-1),
    ).toBe(true);
    expect(story.halted).toBe(false);
    expect(play(story, fight)).toEqual(play(other, fight));
  });

  it("scores, counts turns, and ends when the player quits", () => {
    const story = Story.open(file);
    play(story, "south;east;open window;in");
    expect({ score: story.score, moves: story.moves }).toEqual({ score: 10, moves: 4 });
    play(story, "quit");
    expect(story.ended).toBe(false);
    play(story, "y");
    expect({ ended: story.ended, halted: story.halted }).toEqual({ ended: true, halted: true });
    expect(() => story.command("look")).toThrow(/halted/);
  });

  it("ends when the player dies, though the story goes on", () => {
    const story = Story.open(file);
    play(story, "south;east;open window;in;jump");
    expect({ ended: story.ended, halted: story.halted }).toEqual({ ended: true, halted: false });
    expect(story.score).toBe(0);
  });

  it("has no files: saving and transcripts fail, and the story goes on", () => {
    const story = Story.open(file);
    expect(story.command("save")).toBe("Failed.");
    expect(story.command("restore")).toBe("Failed.");
    story.command("script");
    expect(story.command("open mailbox")).toBe("Opening the small mailbox reveals a leaflet.");
  });

  it("takes any text as a command", () => {
    const story = Story.open(file);
    for (const text of ["", "\n", "öpen mailbox", "x".repeat(500), "open\nmailbox"]) story.command(text);
    expect(story.command("take leaflet")).toBe("Taken.");
  });
});

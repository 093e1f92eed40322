import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ActionFile, ActionMemory } from "../src/action-cache.js";
import type { ValidActions } from "../src/valid-actions.js";

const scope = { story: "0123456789abcdef", finder: 1 };
const found = (scene: string, actions: string[], globals: [number, number][] = []): ValidActions => ({
  scene,
  globals,
  actions,
});
const zeroes = (): number => 0;

describe("a cache in memory", () => {
  it("knows a scene with the globals that its actions follow from", () => {
    const cache = new ActionMemory();
    cache.add(found("kitchen", ["west"], [[47, 0]]));
    cache.add(found("kitchen", ["west", "east"], [[47, 1]]));
    expect(cache.get("kitchen", zeroes)).toEqual(["west"]);
    expect(cache.get("kitchen", (number) => (number === 47 ? 1 : 9))).toEqual(["west", "east"]);
    expect(cache.get("kitchen", () => 2)).toBeUndefined();
    expect(cache.get("attic", zeroes)).toBeUndefined();
  });
});

describe("a cache in a file", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "text-adventure-"));
    path = join(folder, "not", "there", "actions.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is there for the next run", () => {
    const cache = new ActionFile(path, scope);
    expect(cache.get("kitchen", zeroes)).toBeUndefined();
    cache.add(found("kitchen", ["west"], [[47, 0]]));
    expect(cache.get("kitchen", zeroes)).toEqual(["west"]);
    expect(new ActionFile(path, scope).get("kitchen", zeroes)).toEqual(["west"]);
    expect(new ActionFile(path, scope).get("kitchen", () => 1)).toBeUndefined();
  });

  it("keeps what several writers add by turns", () => {
    const [one, other] = [new ActionFile(path, scope), new ActionFile(path, scope)];
    one.add(found("kitchen", ["west"]));
    other.add(found("attic", ["down"]));
    one.add(found("cellar", ["south"]));
    const cache = new ActionFile(path, scope);
    expect(["kitchen", "attic", "cellar"].map((scene) => cache.get(scene, zeroes))).toEqual([
      ["west"],
      ["down"],
      ["south"],
    ]);
  });

  it("loses no more than a torn last line, and goes on after it", () => {
    const cache = new ActionFile(path, scope);
    cache.add(found("kitchen", ["west"]));
    cache.add(found("attic", ["down"]));
    truncateSync(path, readFileSync(path).length - 5);

    const torn = new ActionFile(path, scope);
    expect(torn.damaged).toBe(1);
    expect(torn.get("kitchen", zeroes)).toEqual(["west"]);
    expect(torn.get("attic", zeroes)).toBeUndefined();
    torn.add(found("attic", ["down"]));
    torn.add(found("cellar", ["south"]));

    const mended = new ActionFile(path, scope);
    expect(mended.get("attic", zeroes)).toEqual(["down"]);
    expect(mended.get("cellar", zeroes)).toEqual(["south"]);
  });

  it("skips and counts lines that are no entries", () => {
    path = join(folder, "actions.jsonl");
    const entry = { ...scope, ...found("kitchen", ["west"]) };
    const broken = [
      null,
      1,
      {},
      { ...entry, actions: [1] },
      { ...entry, globals: [[1]] },
      { ...entry, scene: 1 },
    ];
    writeFileSync(path, [...broken, entry].map((line) => `${JSON.stringify(line)}\n`).join(""));
    appendFileSync(path, "{\n");
    const cache = new ActionFile(path, scope);
    expect(cache.damaged).toBe(7);
    expect(cache.get("kitchen", zeroes)).toEqual(["west"]);
  });

  it("has no answers for another story or from another finder", () => {
    new ActionFile(path, scope).add(found("kitchen", ["west"]));
    for (const other of [
      { ...scope, story: "fedcba9876543210" },
      { ...scope, finder: 2 },
    ]) {
      const cache = new ActionFile(path, other);
      expect(cache.get("kitchen", zeroes)).toBeUndefined();
      expect(cache.damaged).toBe(0);
    }
  });
});

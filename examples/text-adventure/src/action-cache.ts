import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ValidActions } from "./valid-actions.js";

/** Valid actions already found. */
export interface ActionCache {
  /**
   * The actions of a state, where they are known.
   * @param scene the state's objects: {@link ValidActions.scene}
   * @param global the value of the state's global variable of a number
   */
  get(scene: string, global: (number: number) => number): readonly string[] | undefined;
  add(found: ValidActions): void;
}

/** A cache that lasts as long as the program. */
export class ActionMemory implements ActionCache {
  readonly #byScene = new Map<string, ValidActions[]>();

  get(scene: string, global: (number: number) => number): readonly string[] | undefined {
    const isAsNow = ({ globals }: ValidActions): boolean =>
      globals.every(([number, value]) => global(number) === value);
    return this.#byScene.get(scene)?.find(isAsNow)?.actions;
  }

  add(found: ValidActions): void {
    const ofScene = this.#byScene.get(found.scene);
    if (ofScene) ofScene.push(found);
    else this.#byScene.set(found.scene, [found]);
  }
}

/** What the answers of a cache are for. */
export interface CacheScope {
  /** The story's checksum. */
  readonly story: string;
  /** The version of the finder. */
  readonly finder: number;
}

/**
 * A cache in a file of JSON lines, which any number of processes may add to at the same time; each sees what
 * was there when it opened the file, and what it added itself.
 *
 * Lines are only ever appended, each in one write. Lines of another story or finder are left alone; a line
 * that is no entry (say, of a write that a crash cut off) is skipped and counted.
 */
export class ActionFile implements ActionCache {
  /** Lines of the file that hold no entry. */
  readonly damaged: number;
  readonly #path: string;
  readonly #scope: CacheScope;
  readonly #known = new ActionMemory();
  #lastLineIsWhole: boolean;

  /**
   * Reads the file, where there is one.
   * @param path a file that need not exist yet, in a folder that need not exist yet
   */
  constructor(path: string, scope: CacheScope) {
    this.#path = path;
    this.#scope = scope;
    const text = readIfPresent(path);
    this.#lastLineIsWhole = text === "" || text.endsWith("\n");
    let damaged = 0;
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const entry = parseEntry(line);
      if (!entry) damaged++;
      else if (entry.story === scope.story && entry.finder === scope.finder) this.#known.add(entry);
    }
    this.damaged = damaged;
  }

  get(scene: string, global: (number: number) => number): readonly string[] | undefined {
    return this.#known.get(scene, global);
  }

  add(found: ValidActions): void {
    const entry = JSON.stringify({ ...this.#scope, ...found });
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${this.#lastLineIsWhole ? "" : "\n"}${entry}\n`);
    this.#lastLineIsWhole = true;
    this.#known.add(found);
  }
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function parseEntry(line: string): (CacheScope & ValidActions) | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is CacheScope & ValidActions {
  if (typeof value !== "object" || value === null) return false;
  const { story, finder, scene, globals, actions } = value as Partial<Record<string, unknown>>;
  return (
    typeof story === "string" &&
    typeof finder === "number" &&
    typeof scene === "string" &&
    Array.isArray(globals) &&
    globals.every(isPairOfNumbers) &&
    Array.isArray(actions) &&
    actions.every((action) => typeof action === "string")
  );
}

function isPairOfNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { JitRLError } from "@jitrl/core";
import { afterAll, beforeAll } from "vitest";
import type { Answer, StoreCommand } from "./file-store-commands.js";

/** The error that a promise is rejected with. */
export async function errorOf(work: Promise<unknown>): Promise<JitRLError> {
  try {
    await work;
  } catch (error) {
    if (JitRLError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("Expected an error, found none.");
}

/** A temporary folder for the tests of a file; `path` gives a new folder in it and names a file there. */
export function temporaryFolder(): { readonly path: (name?: string) => string } {
  let folder = "";
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "jitrl-file-store-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return { path: (name = "experience.jsonl") => join(folder, String(count++), name) };
}

/** The names of the files in a folder, below it too, whose bytes hold a text. */
export async function filesWith(text: string, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const holds = await Promise.all(files.map(async (file) => (await readFile(file)).includes(text)));
  return files.filter((file, i) => holds[i] || file.includes(text));
}

/** A running `file-store-process.ts`. */
export class StoreProcess {
  readonly child: ChildProcess;
  readonly answers: Answer[] = [];
  readonly #ended: Promise<void>;
  #wake: () => void = () => {};

  /** @param shell a command line that `exec`s its arguments, e.g. under a limit */
  constructor(shell?: string) {
    const program = fileURLToPath(new URL("file-store-process.ts", import.meta.url));
    const args = [process.execPath, "--conditions=@jitrl/source", "--import", "tsx", program];
    const [command = "", ...rest] = shell ? ["/bin/sh", "-c", shell, ...args] : args;
    this.child = spawn(command, rest, {
      cwd: fileURLToPath(new URL("../../..", import.meta.url)),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: this.child.stdout ?? process.stdin });
    lines.on("line", (line) => {
      this.answers.push(JSON.parse(line) as Answer);
      this.#wake();
    });
    // A process that is being killed first closes its files, and only then is gone: until then it holds its locks.
    this.#ended = Promise.all([once(lines, "close"), once(this.child, "exit")]).then(() => this.#wake());
  }

  tell(command: StoreCommand): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Resolves to the answer once there are `count` more than before, or to the last one of a process that ended. */
  async ask(command: StoreCommand, count = 1): Promise<Answer> {
    const wanted = this.answers.length + count;
    this.tell(command);
    let ended = false;
    void this.#ended.then(() => {
      ended = true;
    });
    while (this.answers.length < wanted && !ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.answers[wanted - 1] ?? this.answers.at(-1) ?? {};
  }

  /** Kills it where it stands. Resolves when all that it said has arrived. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#ended;
  }

  /** Lets it come to its end. */
  async end(): Promise<void> {
    this.child.stdin?.end();
    await this.#ended;
  }
}

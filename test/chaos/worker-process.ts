import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Ledger } from "./ledger.js";
import type { Order, WorkerLine, WorkerTask } from "./messages.js";

type LineOf<Kind extends WorkerLine["line"]> = Extract<WorkerLine, { line: Kind }>;

/** A running worker. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<WorkerLine["line"], (line: WorkerLine) => void>();
  #over = false;

  /** @param ledger notes all that the worker says that it did */
  constructor(task: WorkerTask, ledger: Ledger) {
    const program = fileURLToPath(new URL("worker.ts", import.meta.url));
    this.#child = spawn(
      process.execPath,
      ["--conditions=@jitrl/source", "--import", "tsx", program, JSON.stringify(task)],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: ["pipe", "pipe", "inherit"] },
    );
    // Writing to a worker that was killed is no fault of this process.
    this.#child.stdin?.on("error", () => {});
    const lines = createInterface({ input: this.#child.stdout ?? process.stdin });
    this.#child.once("exit", (code) => {
      if (code !== null && code !== 0) ledger.crash(code);
    });
    lines.on("line", (text) => {
      let line: WorkerLine;
      try {
        line = JSON.parse(text) as WorkerLine;
      } catch {
        // Cut off by the kill.
        return;
      }
      ledger.note(line);
      this.#waiting.get(line.line)?.(line);
    });
    this.#ended = new Promise((resolve) => lines.once("close", resolve));
    void this.#ended.then(() => {
      this.#over = true;
      for (const wake of this.#waiting.values()) wake({ line: "ready" });
    });
  }

  /** Resolves to the next line of a kind. */
  async next<Kind extends WorkerLine["line"]>(kind: Kind): Promise<LineOf<Kind>> {
    const line = await new Promise<WorkerLine>((resolve, reject) => {
      if (this.#over) reject(new Error("The worker has ended."));
      this.#waiting.set(kind, resolve);
    });
    this.#waiting.delete(kind);
    if (!isKind(line, kind)) throw new Error(`The worker ended before it said "${kind}".`);
    return line;
  }

  tell(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Lets it come to its end. @returns its exit code */
  async end(): Promise<number | null> {
    this.tell({ order: "end" });
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Kills it where it stands; resolves when all that it said has been noted. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

function isKind<Kind extends WorkerLine["line"]>(line: WorkerLine, kind: Kind): line is LineOf<Kind> {
  return line.line === kind;
}

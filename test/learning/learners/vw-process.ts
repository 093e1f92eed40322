import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { LearnerUnavailable } from "./unavailable.js";

const script = fileURLToPath(new URL("./vw.py", import.meta.url));
const howToInstall =
  "Vowpal Wabbit needs Python with its package: pip install vowpalwabbit; PYTHON may name the interpreter";

type Request =
  | { readonly op: "open"; readonly id: number; readonly arguments: string }
  | { readonly op: "predict"; readonly id: number; readonly example: string }
  | { readonly op: "learn"; readonly id: number; readonly examples: readonly string[] }
  | { readonly op: "close"; readonly id: number };

interface Answer {
  readonly version?: string;
  readonly error?: string;
  readonly probabilities?: readonly number[];
}

/**
 * A Python process with Vowpal Wabbit (`vw.py`) that serves any number of learners, one JSON object a line each way. It
 * ends with this process.
 */
export class VwProcess {
  static #shared: Promise<VwProcess> | undefined;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  /** Who waits for the next lines, in order. */
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;
  #learners = 0;

  private constructor(python: string) {
    this.#child = spawn(python, ["-u", script], { stdio: ["pipe", "pipe", "inherit"] });
    const end = (error: Error) => {
      this.#ended ??= error;
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    };
    this.#child.on("error", end);
    this.#child.stdin.on("error", end);
    createInterface({ input: this.#child.stdout })
      .on("line", (line) => this.#waiting.shift()?.resolve(JSON.parse(line) as Answer))
      .on("close", () => end(new Error("The Python process with Vowpal Wabbit has ended.")));
  }

  /**
   * The one of this process.
   *
   * @throws LearnerUnavailable when there is no Python, or no Vowpal Wabbit in it
   */
  static shared(): Promise<VwProcess> {
    VwProcess.#shared ??= VwProcess.#start();
    return VwProcess.#shared;
  }

  static async #start(): Promise<VwProcess> {
    const named = process.env.PYTHON;
    const reasons: string[] = [];
    for (const python of named ? [named] : ["python3", "python"]) {
      const started = new VwProcess(python);
      try {
        const { error } = await started.#answer();
        if (error === undefined) return started;
        reasons.push(`${python}: ${error}`);
      } catch (error) {
        reasons.push(`${python}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new LearnerUnavailable(`${howToInstall} (${reasons.join("; ")})`);
  }

  /** @returns what names the learner in further requests */
  async open(args: string): Promise<number> {
    const id = ++this.#learners;
    await this.#ask({ op: "open", id, arguments: args });
    return id;
  }

  /** @returns the probability of each action */
  async predict(id: number, example: string): Promise<readonly number[]> {
    const { probabilities } = await this.#ask({ op: "predict", id, example });
    if (!probabilities) throw new Error("Expected probabilities of Vowpal Wabbit, found none.");
    return probabilities;
  }

  async learn(id: number, examples: readonly string[]): Promise<void> {
    await this.#ask({ op: "learn", id, examples });
  }

  async close(id: number): Promise<void> {
    await this.#ask({ op: "close", id });
  }

  async #ask(request: Request): Promise<Answer> {
    if (this.#ended) throw this.#ended;
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answer();
    if (answer.error !== undefined) throw new Error(`Vowpal Wabbit: ${answer.error}`);
    return answer;
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

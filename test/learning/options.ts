import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Experiment } from "./experiment.js";
import { learnerKinds } from "./learners/index.js";
import { loadExperiments, suiteModule } from "./suite.js";

export interface Options {
  /** Path of the module with the experiments. */
  readonly module: string;
  readonly experiments: readonly Experiment[];
  readonly learners: readonly string[];
  readonly reference: string;
  /** `undefined`: as each experiment says. */
  readonly seeds: number | undefined;
  /** The first seed. */
  readonly from: number;
  readonly workers: number;
  /** File for the JSON. */
  readonly json: string | undefined;
  readonly returns: boolean;
  /** Folder for the plots. */
  readonly svg: string | undefined;
}

/** A mistake in the arguments, to be told together with the usage. */
export class UsageError extends Error {}

export const usage = `npm run learn -- [options]
  --only NAMES        experiments, with commas                   (all)
  --learner NAMES     learners, with commas                      (all)
  --seeds N           runs of each learner in each experiment    (as each experiment says, mostly 20)
  --from N            the first seed                             (0)
  --reference NAME    the learner that the others are compared with
  --json FILE         write settings and all scores there
  --returns           with --json: the return of every episode as well
  --svg DIR           draw learning curves and a summary there, as SVG and PNG
  --workers N         processes at a time                        (one a core)
  --experiments FILE  a module with experiments in place of the suite's
  --list              say which experiments and learners there are`;

/**
 * @returns the options, or a text to print in place of running
 * @throws UsageError
 */
export async function readOptions(args: readonly string[]): Promise<Options | string> {
  const { values } = parse(args);
  if (values.help) return usage;
  // npm runs scripts in the root; paths are meant from where the command was typed.
  const folder = process.env.INIT_CWD ?? process.cwd();
  const path = (value: string | undefined) => (value === undefined ? undefined : resolve(folder, value));
  const module = path(values.experiments) ?? suiteModule;
  const all = await loadExperiments(module);
  if (values.list) return listOf(all);
  const chosen = chosenOf("learner", values.learner, learnerKinds);
  const learners = chosen.map(({ name }) => name);
  return {
    module,
    experiments: chosenOf("only", values.only, all),
    learners,
    reference:
      values.reference ??
      ["adaptive", "normalized", "plain"].find((name) => learners.includes(name)) ??
      learners[0]!,
    seeds: values.seeds === undefined ? undefined : integer("seeds", values.seeds, 1),
    from: integer("from", values.from, 0),
    workers: values.workers === undefined ? availableParallelism() : integer("workers", values.workers, 1),
    json: path(values.json),
    returns: values.returns,
    svg: path(values.svg),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: args.filter((argument) => argument !== "--"),
      options: {
        only: { type: "string" },
        learner: { type: "string" },
        seeds: { type: "string" },
        from: { type: "string", default: "0" },
        reference: { type: "string" },
        json: { type: "string" },
        returns: { type: "boolean", default: false },
        svg: { type: "string" },
        workers: { type: "string" },
        experiments: { type: "string" },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Those of the list that are named, in the order of the list; all without names. */
function chosenOf<T extends { readonly name: string }>(
  option: string,
  names: string | undefined,
  list: readonly T[],
): readonly T[] {
  if (names === undefined) return list;
  const wanted = names.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => list.every((one) => one.name !== name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Expected --${option} to be of ${list.map(({ name }) => name).join(", ")}, found "${unknown}".`,
    );
  }
  return list.filter(({ name }) => wanted.includes(name));
}

function integer(name: string, value: string, least: number): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isInteger(number) || number < least) {
    throw new UsageError(`Expected --${name} to be an integer of at least ${least}, found ${value}.`);
  }
  return number;
}

function listOf(experiments: readonly Experiment[]): string {
  const width = Math.max(...[...experiments, ...learnerKinds].map(({ name }) => name.length)) + 2;
  const line = (name: string, text: string) => `  ${name.padEnd(width)}${text}`;
  return [
    "experiments",
    ...experiments.map(({ name, question }) => line(name, question)),
    "learners",
    ...learnerKinds.map(({ name, about }) => line(name, about)),
  ].join("\n");
}

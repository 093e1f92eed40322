import { readdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** A benchmark is a file `NAME.bench.ts` here that exports `run`. */
export interface Benchmark {
  /**
   * Prints what it measures as it goes, and resolves to all of it.
   *
   * @param most size of the largest collection
   */
  run(options: { readonly most: number; readonly print: (line: string) => void }): Promise<unknown>;
}

const LEAST = 1000;
const ending = ".bench.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const names = (await readdir(import.meta.dirname))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));
  const usage = [
    "Usage: npm run bench -- NAME [--json FILE] [--most SIZE]",
    `  NAME         ${names.sort().join(" or ")}`,
    "  --json FILE  also writes the results to this file",
    `  --most SIZE  size of the largest collection, at least ${LEAST}; 1000000 if not given`,
  ].join("\n");
  const options = read(args, names);
  if (typeof options === "string") {
    console.error(`${options}\n\n${usage}`);
    return 2;
  }
  if (options.help) console.log(usage);
  else await measure(options);
  return 0;
}

/** @returns what was asked for, or what is wrong with it */
function read(args: string[], names: readonly string[]) {
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "string" },
        most: { type: "string", default: "1000000" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [name = "", ...more] = positionals;
    const options = { name, most: Number(values.most), json: values.json, help: values.help };
    if (options.help) return options;
    if (!names.includes(name) || more.length > 0) {
      return `Expected the name of one benchmark, found "${positionals.join(" ")}".`;
    }
    if (!(options.most >= LEAST)) return `Expected --most to be at least ${LEAST}, found ${values.most}.`;
    return options;
  } catch (error) {
    if (error instanceof TypeError) return error.message; // how parseArgs says what it does not know
    throw error;
  }
}

async function measure({ name, most, json }: { name: string; most: number; json: string | undefined }) {
  const { run } = (await import(`./${name}${ending}`)) as Benchmark;
  const results = await run({ most, print: (line) => console.log(line) });
  if (json === undefined) return;
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), json);
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  await writeFile(file, `${JSON.stringify({ benchmark: name, machine, results }, null, 2)}\n`);
  console.log(`Written to ${file}`);
}

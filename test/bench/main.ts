import { writeFile } from "node:fs/promises";
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

const usage =
  "Usage: npm run bench -- NAME [--json FILE] [--most SIZE]   (for example: index --json bench.json)";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, most: { type: "string", default: "1000000" } },
});
const [name] = positionals;
const most = Number(values.most);
if (!name || !/^[a-z-]+$/u.test(name) || !(most >= 1000)) {
  console.error(usage);
  process.exit(2);
}
const { run } = (await import(`./${name}.bench.ts`)) as Benchmark;
const results = await run({ most, print: (line) => console.log(line) });
if (values.json) {
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), values.json);
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  await writeFile(file, `${JSON.stringify({ benchmark: name, machine, results }, null, 2)}\n`);
  console.log(`Written to ${file}`);
}

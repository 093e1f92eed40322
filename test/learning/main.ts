import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { GAMMA } from "./learners/judged-returns.js";
import { type Options, readOptions, UsageError, usage } from "./options.js";
import { writePlots } from "./plots/write-plots.js";
import { ProgressLine } from "./progress-line.js";
import { reportJson } from "./report-json.js";
import { type ExperimentResult, plan, summarizeRuns } from "./results.js";
import { experimentTable, overallTable, paceTable, remarks } from "./tables.js";
import type { TaskOutcome } from "./task.js";
import { runTasks } from "./worker-pool.js";

/** As shells report a program that Ctrl-C ended. */
const INTERRUPTED = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = await readOptions(process.argv.slice(2));
    if (typeof options !== "string") return await learn(options);
    console.log(options);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

async function learn(options: Options): Promise<number> {
  const { module, experiments, learners, reference, workers } = options;
  const tasks = plan(experiments, learners, options.seeds, options.from);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interruption.abort());

  const progress = new ProgressLine(tasks);
  const results: ExperimentResult[] = [];
  /** Experiments are shown as soon as they are over, in their order. */
  const showFinished = (outcomes: readonly (TaskOutcome | undefined)[]) => {
    for (const experiment of experiments.slice(results.length)) {
      const runs = tasks.flatMap((task, i) => {
        const outcome = outcomes[i];
        return task.experiment !== experiment.name ? [] : [{ task, outcome }];
      });
      const finished = runs.flatMap(({ task, outcome }) => (outcome ? [{ task, outcome }] : []));
      if (finished.length < runs.length) return;
      const result = summarizeRuns(experiment, finished, reference);
      results.push(result);
      progress.print(`\n${experimentTable(result)}`);
    }
  };
  const known: (TaskOutcome | undefined)[] = tasks.map(() => undefined);
  try {
    await runTasks(tasks, {
      workers,
      module,
      signal: interruption.signal,
      onProgress: (id, episodes) => progress.progress(id, episodes),
      onOutcome(id, outcome) {
        progress.outcome(id, outcome);
        known[id] = outcome;
        showFinished(known);
      },
    });
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    console.error(`Stopped after ${progress.done} of ${tasks.length} runs; nothing was written.`);
    return INTERRUPTED;
  } finally {
    progress.end();
  }

  console.log(`\n${overallTable(results)}`);
  const pace = paceTable(results, reference, "plain");
  if (pace) console.log(`\n${pace}`);
  for (const line of remarks(results)) console.log(line);
  if (options.json !== undefined) {
    const only = experiments.map(({ name }) => name);
    await mkdir(dirname(options.json), { recursive: true });
    await writeFile(
      options.json,
      reportJson(results, { only, learners, reference, gamma: GAMMA }, options.returns),
    );
    console.log(`\nAll scores: ${relative(process.cwd(), options.json)}`);
  }
  if (options.svg !== undefined) {
    const count = await writePlots(options.svg, results, (name) => console.error(`drawing ${name}`));
    console.log(`${count} plots: ${relative(process.cwd(), options.svg)}`);
  }
  return known.some((outcome) => outcome?.status === "failed") ? 1 : 0;
}

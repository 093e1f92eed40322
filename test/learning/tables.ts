import type { Estimate } from "../../examples/text-adventure/src/statistics.js";
import { paceOf } from "./pace.js";
import type { ExperimentResult, LearnerResult } from "./results.js";

/** Columns of a terminal that every line fits in. */
const WIDTH = 100;

/** An experiment's results, a learner a line. */
export function experimentTable({ experiment, learners, reference }: ExperimentResult): string {
  const { name, question, episodes, best, random } = experiment;
  const count = Math.max(...learners.map(({ seeds }) => seeds.length));
  const seeds = count === 1 ? "1 seed" : `${count} seeds`;
  const width = Math.max(7, ...learners.map(({ learner }) => learner.length));
  const line = (learner: string, score: string, final: string, against: string) =>
    `  ${learner.padEnd(width)}  ${score.padEnd(22)}${final.padEnd(22)}${against}`.trimEnd();
  return [
    ...wrapped(`${name}: ${question}`),
    `  ${episodes} episodes${count === 0 ? "" : `, ${seeds}`}; 0 is random (a return of ${short(random)}), 1 is best (${short(best)})`,
    "",
    line("learner", "score [95 %]", "final [95 %]", reference ? `score less that of ${reference}` : ""),
    ...learners.flatMap((result) => {
      const note = noteOf(result);
      if (note !== undefined)
        return wrapped(`  ${result.learner.padEnd(width)}  ${note}`, " ".repeat(width + 4));
      const { score, final, comparison } = result;
      const against = comparison ? `${interval(comparison.difference, true)} ${comparison.verdict}` : "";
      return [line(result.learner, interval(score), interval(final), against)];
    }),
  ].join("\n");
}

/** The scores of all learners in all experiments; the best in each, and what the seeds cannot tell from it, has a star. */
export function overallTable(results: readonly ExperimentResult[]): string {
  const names = results[0]?.learners.map(({ learner }) => learner) ?? [];
  const first = Math.max(10, ...results.map(({ experiment }) => experiment.name.length)) + 1;
  const blocks: string[][] = [[]];
  for (const name of names) {
    const taken = blocks.at(-1)!.reduce((sum, other) => sum + columnOf(other), first);
    if (taken + columnOf(name) > WIDTH) blocks.push([]);
    blocks.at(-1)!.push(name);
  }
  return [
    "score (1 is best, 0 is random); * the best of its line, and all that the seeds cannot tell from it",
    ...blocks.flatMap((block) => [
      "",
      `${"".padEnd(first)}${block.map((name) => `${name} `.padStart(columnOf(name))).join("")}`.trimEnd(),
      ...results.map((result) => {
        const cells = block.map((name) => cell(result, name).padStart(columnOf(name)));
        return `${result.experiment.name.padEnd(first)}${cells.join("")}`.trimEnd();
      }),
      `${"mean".padEnd(first)}${block.map((name) => meanCell(results, name).padStart(columnOf(name))).join("")}`.trimEnd(),
    ]),
  ].join("\n");
}

/** After how many episodes a learner is where another one ends; nothing where one of them has no result. */
export function paceTable(results: readonly ExperimentResult[], learner: string, of: string): string {
  const lines = results.flatMap((result) => {
    const pace = paceOf(result, of);
    if (!pace || !(learner in pace.episodes)) return [];
    const { name, episodes } = result.experiment;
    return [`${name.padEnd(24)}${String(pace.episodes[learner] ?? "never").padStart(6)} of ${episodes}`];
  });
  if (learner === of || lines.length === 0) return "";
  return [`episodes until ${learner} is where ${of} ends (means over five episodes)`, "", ...lines].join(
    "\n",
  );
}

/** Failures and skips, each once with its reason. */
export function remarks(results: readonly ExperimentResult[]): string[] {
  const found = new Map<string, string[]>();
  for (const { experiment, learners } of results) {
    for (const result of learners) {
      const note = noteOf(result);
      if (note === undefined) continue;
      const key = `${result.learner} ${note}`;
      found.set(key, [...(found.get(key) ?? []), experiment.name]);
    }
  }
  return [...found].flatMap(([note, names]) => wrapped(`${note} (${names.join(", ")})`));
}

function noteOf({ skipped, failed }: LearnerResult): string | undefined {
  if (failed !== undefined) return `FAILED: ${failed.split("\n")[0]}`;
  return skipped === undefined ? undefined : `skipped: ${skipped}`;
}

function columnOf(name: string): number {
  return Math.max(6, name.length + 1);
}

function cell({ learners, bestOrTied }: ExperimentResult, name: string): string {
  const result = learners.find(({ learner }) => learner === name);
  if (result?.failed !== undefined) return "FAILED ";
  return result?.score ? `${number(result.score.mean)}${bestOrTied.includes(name) ? "*" : " "}` : "– ";
}

/** Over the experiments in which all learners have a result, so that the means compare the same. */
function meanCell(results: readonly ExperimentResult[], name: string): string {
  const known = (one: LearnerResult) =>
    results.some((r) => r.learners.some((l) => l.learner === one.learner && l.score));
  const common = results.filter(({ learners }) => learners.every((one) => one.score || !known(one)));
  const scores = common.flatMap(
    ({ learners }) => learners.find(({ learner }) => learner === name)?.score ?? [],
  );
  if (scores.length === 0) return "– ";
  return `${number(scores.reduce((sum, { mean }) => sum + mean, 0) / scores.length)} `;
}

function interval(estimate: Estimate | undefined, signed = false): string {
  if (!estimate) return "";
  const { mean, low, high } = estimate;
  const sign = signed && mean >= 0 ? "+" : "";
  return `${sign}${number(mean)} [${number(low)}, ${number(high)}]`;
}

function number(value: number): string {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

/** A return, as short as it can be said. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Lines of at most `WIDTH` columns, broken between words. */
function wrapped(text: string, indent = "    "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) /u)) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent}${word.trimStart()}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

// npm run decisions -- --count 1000000 --seed S
// Random agents with random tools, memories, guards and budgets, whose candidates come from a source that proposes
// what it should not. Every decision is checked; the exit code is 1 if any rule was broken.

import { parseArgs } from "node:util";
import { RULES } from "./audit.js";
import { type Report, runDecisions } from "./run-decisions.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const count = Number(values.count);
const seed = Number(values.seed);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  throw new Error("Expected --count a whole number above 0, --seed a whole number.");
}

const started = Date.now();
let told = started;
const report = await runDecisions({
  count,
  seed,
  onProgress(soFar) {
    if (Date.now() - told < 10_000) return undefined;
    told = Date.now();
    const seconds = (told - started) / 1000;
    const left = Math.round((seconds / soFar.decisions) * (count - soFar.decisions));
    console.log(`${soFar.decisions} decisions, ${violationsOf(soFar)} violations; about ${left} s left`);
    return undefined;
  },
});

console.log(`${report.decisions} decisions (seed ${seed}, ${((Date.now() - started) / 1000).toFixed(0)} s)`);
for (const [kind, times] of Object.entries(report.kinds).sort(([, a], [, b]) => b - a)) {
  console.log(`  ${kind.padEnd(28)}${times}`);
}
console.log("violations");
for (const [rule, meaning] of Object.entries(RULES)) {
  console.log(`  ${String(report.violations[rule as keyof typeof RULES] ?? 0).padEnd(8)}${meaning}`);
}
for (const example of report.examples) console.log(`    ${example}`);
const chance = Math.abs(report.deviation) <= 5;
console.log(`actions taken are ${report.deviation.toFixed(2)} standard deviations from their propensities`);
console.log(`${violationsOf(report)} violations`);
if (violationsOf(report) > 0 || !chance) process.exitCode = 1;

function violationsOf({ violations }: Report): number {
  return Object.values(violations).reduce((sum, times) => sum + times, 0);
}

// How often the 95 % intervals of offline evaluation hold the truth, in a simulated world that knows it:
// node scripts/run.mjs test/learning/offline/coverage.ts [--runs 1000] [--only NAME]
import { parseArgs } from "node:util";
import { CASES, coverageOf } from "../../../packages/core/test/offline-coverage.js";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "1000" }, only: { type: "string", default: "" } },
});
const runs = Number(values.runs);
const cases = CASES.filter(({ name }) => name.includes(values.only));
if (!Number.isInteger(runs) || runs < 1 || cases.length === 0) {
  console.error(
    `Usage: coverage.ts [--runs N] [--only NAME]   with NAME in: ${CASES.map((c) => c.name).join("; ")}`,
  );
  process.exit(2);
}

// Of 1,000 runs; with fewer, chance alone goes further.
const reach = 0.02 + (runs < 1000 ? 2 * Math.sqrt((0.95 * 0.05) / runs) : 0);
for (const one of cases) {
  const { name, refused, estimators } = await coverageOf(one, runs, (run) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${one.name}: ${run + 1} of ${runs} `);
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  console.log(`${name}: ${runs} logs of ${one.episodes} episodes, ${refused} refused`);
  for (const [estimator, { covered, bias, width }] of Object.entries(estimators)) {
    const fits = Math.abs(covered - 0.95) <= reach;
    if (!fits) process.exitCode = 1;
    console.log(
      `  ${estimator.padEnd(5)} covers ${(100 * covered).toFixed(1)} %${fits ? "" : "  (!)"}, mean error ${bias.toFixed(4)}, mean width ${width.toFixed(3)}`,
    );
  }
}

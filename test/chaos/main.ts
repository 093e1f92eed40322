// npm run chaos -- --seconds N --seed S [--workers W] [--scene append-only|sentinel|cluster]
// A third of the time on a server with an append-only file, a third on a pair with failover, a third on a cluster.

import { parseArgs } from "node:util";
import { clusterScene } from "./cluster-scene.js";
import { type ChaosReport, runChaos } from "./run-chaos.js";
import { appendOnlyScene, failoverScene } from "./scene.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "3" },
    scene: { type: "string" },
  },
});
const all = [
  ["append-only", "one server with an append-only file", appendOnlyScene],
  ["sentinel", "a primary and a replica behind a sentinel, writes awaited by WAIT", failoverScene],
  ["cluster", "a cluster of three masters with a replica each, writes awaited by WAIT", clusterScene],
] as const;
const scenes = all.filter(([name]) => values.scene === undefined || values.scene === name);
if (scenes.length === 0) throw new Error(`Expected --scene to be ${all.map(([name]) => name).join(" or ")}.`);
const options = {
  seconds: Number(values.seconds) / scenes.length,
  seed: Number(values.seed),
  workers: Number(values.workers),
};
if (!(options.seconds > 0) || !Number.isInteger(options.seed) || !(options.workers >= 1)) {
  throw new Error("Expected --seconds above 0, --seed a whole number, --workers at least 1.");
}

for (const [, title, open] of scenes) {
  const report = await runChaos(await open(), options);
  console.log(`\n${title} (seed ${options.seed}, ${options.seconds} s)`);
  print(report);
  const { lost, doubled, resurrected, invented } = report.verdict;
  const wrong = [lost, doubled, resurrected, invented, report.divergent].some((found) => found.length > 0);
  if (wrong || report.operations.failed > 0) process.exitCode = 1;
}

function print({ faults, operations, failures, episodes, verdict, divergent }: ChaosReport): void {
  const { lost, doubled, resurrected, invented } = verdict;
  const found = { lost, doubled, resurrected, invented, divergent };
  console.log("  faults injected");
  for (const [name, count] of Object.entries(faults)) console.log(`    ${name.padEnd(30)}${count}`);
  console.log("  operations");
  for (const [name, count] of Object.entries(operations)) console.log(`    ${name.padEnd(30)}${count}`);
  for (const [name, count] of Object.entries(failures)) console.log(`      ${name.padEnd(28)}${count}`);
  console.log(`  episodes in the end             ${episodes}`);
  for (const [name, ids] of Object.entries(found)) {
    console.log(
      `  ${name.padEnd(32)}${ids.length}${ids.length > 0 ? `  ${ids.slice(0, 10).join(", ")}` : ""}`,
    );
  }
}

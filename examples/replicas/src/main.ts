import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { movingAverage, Progress, svgChart, textChart } from "@jitrl/example-charts";
import { redisServerPath, startServer } from "../../../packages/redis/test/servers/index.js";
import { type ReplicaRun, runReplicas } from "./run-replicas.js";

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    tickets: { type: "string", default: "120" },
    redis: { type: "string" },
    svg: { type: "string" },
  },
});
const tickets = Number(options.tickets);
if (!Number.isInteger(tickets) || tickets < 10) {
  console.error(`Expected --tickets to be an integer of at least 10, found ${options.tickets}.`);
  process.exit(2);
}
if (!options.redis && !redisServerPath) {
  console.error(
    "redis-server is not on PATH. Install it (Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis), or give a server: npm run replicas -- --redis redis://localhost:6379",
  );
  process.exit(2);
}

const server = options.redis ? { url: options.redis, stop: async () => {} } : await startServer();
try {
  console.log(`
Three processes of one agent on one Redis. It hands tickets to teams. Only the
first process is told how its tickets ended; all three read the same experience.

Redis:   ${options.redis ? "the one given" : "started for this, on a free port; it ends with this command"}
Tickets: ${tickets} for each process, all different
`);
  const progress = new Progress("Working", tickets);
  const namespace = `replicas-${randomUUID()}`;
  const runs = await runReplicas({
    url: server.url,
    namespace,
    tickets,
    onProgress: (done) => progress.show(done, ""),
  });
  console.log(`\n${report(runs)}`);
  if (options.svg) {
    await writeFile(options.svg, svgChart(lines(runs), chart(runs)));
    console.log(`\nThe plot as SVG: ${options.svg}`);
  }
} finally {
  await server.stop();
}

function report(runs: readonly ReplicaRun[]): string {
  const third = Math.floor(tickets / 3);
  const share = (right: readonly boolean[]) =>
    `${Math.round((100 * right.filter(Boolean).length) / right.length)} %`;
  const rows = runs.map(({ name, right }) => {
    const columns = [right.slice(0, third), right.slice(-third)].map((part) => share(part).padStart(14));
    return `${name.padEnd(28)}${columns.join("")}`;
  });
  const head = `${"Handed to the right team".padEnd(28)}${`first ${third}`.padStart(14)}${`last ${third}`.padStart(14)}`;
  return [head, ...rows, "", textChart(lines(runs), chart(runs))].join("\n");
}

function windowOf(runs: readonly ReplicaRun[]): number {
  return Math.max(5, Math.round((runs[0]?.right.length ?? 0) / 6));
}

function lines(runs: readonly ReplicaRun[]) {
  const values = (right: readonly boolean[]) =>
    movingAverage(
      right.map((one) => (one ? 100 : 0)),
      windowOf(runs),
    );
  return runs.map(({ name, right }) => ({ name, values: values(right) }));
}

function chart(runs: readonly ReplicaRun[]) {
  const title = `Tickets handed to the right team, in % of the last ${windowOf(runs)}`;
  return { title, xLabel: "ticket", min: 0, max: 100 };
}

// npm run fuzz -- bytes --count N --seed S      mutations of stored episodes, checkpoints and pending writes
// npm run fuzz -- names --count N --seed S      hostile names of namespaces, threads, episodes and users

import { parseArgs } from "node:util";
import { createClient } from "redis";
import { fuzzRecords } from "../checkpointer/fuzz-records.js";
import { startServer } from "../servers/index.js";
import { fuzzBytes } from "./fuzz-bytes.js";
import { fuzzErasure, fuzzKeys } from "./fuzz-names.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string" }, seed: { type: "string", default: "1" } },
});
const seed = Number(values.seed);

if (positionals[0] === "bytes") {
  const count = Number(values.count ?? 1_000_000);
  const report = fuzzBytes(count, seed);
  console.log("stored episodes", report);
  console.log("stored checkpoints and writes", await fuzzRecords(count, seed));
  if (report.altered > 0) process.exitCode = 1;
} else if (positionals[0] === "names") {
  const count = Number(values.count ?? 100_000);
  const server = await startServer();
  const client = createClient({ url: server.url });
  await client.connect();
  const reports = [fuzzKeys(Math.ceil(count / 2), seed), await fuzzErasure(client, count, seed)];
  client.destroy();
  await server.stop();
  for (const { names, leaks } of reports) {
    console.log({ names, leaks: leaks.length });
    for (const leak of leaks.slice(0, 10)) console.log(leak);
    if (leaks.length > 0) process.exitCode = 1;
  }
} else throw new Error("Expected bytes or names.");

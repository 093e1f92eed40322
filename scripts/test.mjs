// npm test: format and lint, types, all tests; each with a summary line, and the sum on the last line.
// Extra arguments go to vitest, and then only vitest runs: npm test -- packages/core
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { installRedis } from "./install-redis.mjs";
import { root, setUp } from "./set-up.mjs";

const selection = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
/** What needs a look, named once more at the end, where it is not scrolled away. */
const remarks = [];

await setUp();
if (selection.length === 0) {
  await check("format and lint (Biome)", "biome", [
    "check",
    "--error-on-warnings",
    "--max-diagnostics=100",
    ".",
  ]);
  await check("types (tsc)", "tsc", ["-p", "tsconfig.json"]);
}
// A selection of other packages needs no Redis.
if (selection.length === 0 || selection.some((argument) => argument.includes("redis"))) installRedis();
await vitest(selection);
for (const remark of remarks) console.log(remark);
if (total.passed + total.failed === 0) {
  console.log("No test ran.");
  process.exitCode = 1;
}
if (total.failed > 0) process.exitCode = 1;
const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);

async function check(name, tool, args) {
  const { code, output, seconds } = await run(tool, args, "pipe");
  if (code === 0) {
    total.passed++;
    console.log(`ok      ${name}, ${seconds} s`);
  } else {
    total.failed++;
    console.log(`${output.trimEnd()}\nFAILED  ${name}, ${seconds} s`);
    remarks.push(`FAILED  ${name}: see above`);
  }
}

async function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "jitrl-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  try {
    const { code, seconds } = await run("vitest", ["run", ...reporters, ...args], "inherit");
    const files = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : [];
    const counts = tally(files);
    if (code !== 0 && counts.failed === 0) {
      counts.failed++;
      remarks.push("FAILED  vitest ended with an error outside the tests: see above");
    }
    for (const key of Object.keys(total)) total[key] += counts[key];
    const { passed, failed, skipped } = counts;
    const word = failed === 0 ? "ok    " : "FAILED";
    console.log(
      `${word}  tests (vitest), ${seconds} s: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tally(files) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, status, assertionResults } of files) {
    const path = relative(root, name);
    // A file that could not be loaded, or whose hook failed, has no failed test to show for it; and that its other
    // tests did not run is the same fault.
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed")) {
      counts.passed += assertionResults.filter((test) => test.status === "passed").length;
      counts.failed++;
      remarks.push(`FAILED  ${path}`);
      continue;
    }
    for (const test of assertionResults) {
      const outcome = test.status === "passed" || test.status === "failed" ? test.status : "skipped";
      counts[outcome]++;
      if (outcome !== "passed") {
        remarks.push(`${outcome === "failed" ? "FAILED" : "SKIPPED"}  ${path}: ${test.fullName}`);
      }
    }
  }
  return counts;
}

function run(tool, args, output) {
  const windows = process.platform === "win32";
  const started = Date.now();
  const child = spawn(resolve(root, "node_modules/.bin", windows ? `${tool}.cmd` : tool), args, {
    cwd: root,
    stdio: ["ignore", output, output],
    shell: windows,
  });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => chunks.push(chunk));
  return new Promise((ended) => {
    const end = (code) =>
      ended({
        code,
        output: Buffer.concat(chunks).toString(),
        seconds: ((Date.now() - started) / 1000).toFixed(1),
      });
    child.on("close", end);
    child.on("error", (error) => {
      chunks.push(Buffer.from(`${tool} could not be started: ${error.message}\n`));
      end(1);
    });
  });
}

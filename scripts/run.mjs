// Runs one TypeScript entry point (or, after --bin, one installed tool) from a clone that may be bare:
// everything the workspace needs is installed first, with nothing but Node and npm.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { root, setUp } from "./set-up.mjs";

await setUp();

const [first, ...rest] = process.argv.slice(2);
const bin = (name) => resolve(root, "node_modules/.bin", process.platform === "win32" ? `${name}.cmd` : name);
const [command, args] =
  first === "--bin"
    ? [bin(rest[0]), rest.slice(1)]
    : [process.execPath, ["--conditions=@jitrl/source", "--import", "tsx", resolve(root, first), ...rest]];

const child = spawn(command, args, {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32" && first === "--bin",
  env: {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: "1",
    PATH: `${resolve(root, "node_modules/.bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`,
  },
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${command} could not be started: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = signal ? 1 : code;
});

// Brings pnpm and all dependencies into a fresh clone; does nothing when the lock file has not changed since.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = resolve(root, "node_modules/.jitrl-set-up");
const manifest = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));

/** @throws when Node is too old or the installation fails; the message says what to do. */
export async function setUp() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: JitRL needs Node 20.19 or newer.`);
  }
  const wanted = createHash("sha256")
    .update(readFileSync(resolve(root, "pnpm-lock.yaml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  const pnpm = `pnpm@${manifest.devDependencies.pnpm}`;
  console.log(`Setting up (once): fetching ${pnpm} and the dependencies ...`);
  const started = Date.now();
  const installed = spawnSync("npx", ["-y", pnpm, "install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
    shell: process.platform === "win32",
  });
  if (installed.status !== 0) {
    console.error(installed.stdout ?? "", installed.stderr ?? "", installed.error?.message ?? "");
    fail(`Installing failed. Check the network and the npm registry settings, then run the command again.`);
  }
  writeFileSync(stamp, wanted);
  console.log(`Ready after ${((Date.now() - started) / 1000).toFixed(0)} s.\n`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

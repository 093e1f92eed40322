// Brings pnpm and all dependencies into a fresh clone, with nothing but Node and npm; does nothing, and takes no
// network, when they are there already.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
/** Written when an installation has ended well, removed before one begins: an interrupted one is repeated. */
const stamp = resolve(root, "node_modules/.jitrl-set-up");
const lockFile = resolve(root, "pnpm-lock.yaml");

/** Ends the process with a message that says what to do when Node is too old or the installation fails. */
export async function setUp() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: JitRL needs Node 20.19 or newer.`);
  }
  const { packageManager } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
  const wanted = createHash("sha256")
    .update(readFileSync(lockFile))
    .update(`${packageManager} ${process.platform} ${process.arch}`)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  console.log(`Setting up (once, about a minute): installing the dependencies with ${packageManager} ...`);
  rmSync(stamp, { force: true });
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  const ticks = setInterval(() => console.log(`... still installing after ${seconds()}`), 20_000);
  const { code, output } = await install(packageManager);
  clearInterval(ticks);
  if (code !== 0) {
    console.error(output);
    fail("Installing failed. Check the network and the npm registry settings, then run the command again.");
  }
  writeFileSync(stamp, wanted);
  console.log(`Ready after ${seconds()}.\n`);
}

async function install(packageManager) {
  const { env, remove } = environment();
  // Neither command may ask anything, and development dependencies are wanted whatever NODE_ENV says.
  const args = ["--frozen-lockfile", "--prod=false", "--prefer-offline", "--reporter=append-only"];
  const windows = process.platform === "win32";
  const child = spawn(
    "npx",
    ["--yes", packageManager, "install", ...args, "--config.confirmModulesPurge=false"],
    // A process group of its own, so that an interruption ends npx and what it started.
    { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], shell: windows, detached: !windows },
  );
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => chunks.push(chunk));
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      if (windows) child.kill();
      else process.kill(-child.pid, "SIGKILL");
      remove();
      process.exit(130);
    });
  }
  const code = await new Promise((ended) => {
    child.on("close", ended);
    child.on("error", (error) => {
      chunks.push(Buffer.from(error.message));
      ended(1);
    });
  });
  remove();
  return { code, output: Buffer.concat(chunks).toString() };
}

/** npm and pnpm cache below the home folder; where nothing can be written there, a temporary folder stands in. */
function environment() {
  const cache = process.env.npm_config_cache ?? resolve(homedir(), ".npm");
  if (writable(cache) && writable(resolve(homedir(), ".local"))) {
    return { env: process.env, remove() {} };
  }
  const folder = mkdtempSync(resolve(tmpdir(), "jitrl-set-up-"));
  const env = { ...process.env, npm_config_cache: resolve(folder, "npm") };
  for (const name of ["XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]) {
    env[name] = resolve(folder, name);
  }
  return { env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Whether the folder, or else the nearest one above it that exists, can be written to. */
function writable(folder) {
  if (!existsSync(folder)) return dirname(folder) !== folder && writable(dirname(folder));
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

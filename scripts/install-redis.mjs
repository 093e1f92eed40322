// Brings redis-server, which the tests of @jitrl/redis start, to a machine that lacks it: quietly, and only where that
// needs no question, which is as root with apt-get. Elsewhere the tests are reported as skipped and say what to install.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** @returns whether redis-server is there now */
export function installRedis() {
  if (onPath("redis-server")) return true;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) return false;
  console.log("Installing redis-server with apt-get, for the tests that need it ...");
  const install = ["install", "-y", "--no-install-recommends", "redis-server"];
  if (!aptGet(install) && aptGet(["update"])) aptGet(install);
  if (onPath("redis-server")) return true;
  console.log("That failed: the tests that need it are skipped.");
  return false;
}

function aptGet(args) {
  return (
    spawnSync("apt-get", args, {
      stdio: "ignore",
      timeout: 180_000,
      // Run level 1: the package's own service, which nobody asked for, is not started.
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    }).status === 0
  );
}

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The `redis-server` that is on PATH, if one is. */
export const redisServerPath = find("redis-server");

export const howToInstall =
  "redis-server 6.2 or newer is not on PATH: install it (Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis; or Valkey with a link named redis-server)";

/** @throws Error that says what to install */
export function needRedisServer(): string {
  if (!redisServerPath) throw new Error(howToInstall);
  return redisServerPath;
}

function find(program: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

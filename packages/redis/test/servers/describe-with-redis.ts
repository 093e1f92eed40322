import { describe } from "vitest";
import { howToInstall, redisServerPath } from "./redis-server-path.js";

/** `describe` where Redis servers can be started; elsewhere the tests are skipped, and their name says what to install. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (redisServerPath) describe(name, tests);
  else describe.skip(`${name} [${howToInstall}]`, tests);
}

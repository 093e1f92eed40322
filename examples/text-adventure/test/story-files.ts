import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const zorkPath = resolve(import.meta.dirname, "../../../../shared/games/zork1/zork1.z3");

/** Zork I, which the repository does not ship; `undefined` where it is not beside it. */
export const zork: Uint8Array | undefined = existsSync(zorkPath) ? readFileSync(zorkPath) : undefined;

/** The header of a story, with no story after it. */
export function headerOnly(version: number, flags = 0): Uint8Array {
  const file = new Uint8Array(64);
  file[0] = version;
  file[1] = flags;
  return file;
}

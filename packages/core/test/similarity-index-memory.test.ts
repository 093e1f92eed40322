import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("at capacity memory stays flat: what a removed state leaves is used again", async () => {
  const program = fileURLToPath(new URL("similarity-index-churn.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--expose-gc",
    "--conditions=@jitrl/source",
    "--import",
    "tsx",
    program,
  ]);
  const said = stdout
    .trim()
    .split("\n")
    .map((line): { made: number; size: number; bytes: number } => JSON.parse(line));
  const [first, , last] = said;
  expect(said.map(({ size }) => size)).toEqual([3000, 3000, 3000]);
  // Less than one number for each state that came and went; all in all a state takes some hundreds of bytes.
  expect((last!.bytes - first!.bytes) / (last!.made - first!.made)).toBeLessThan(4);
});

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runVectors } from "./vectors.js";

test("all worked cases of the plain rule pass", async () => {
  const { passed, failures } = await runVectors(fileURLToPath(new URL("plain-rule.json", import.meta.url)));
  expect(failures).toEqual([]);
  expect(passed).toBe(100);
});

// What somebody who wrote a store of their own does: the suite of @jitrl/core/testing, with another test runner.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { InMemoryExperienceStore } from "@jitrl/core";
import { type SuiteRunner, storeSuite } from "@jitrl/core/testing";

const cases: { name: string; run: () => Promise<void> }[] = [];
const runner: SuiteRunner = {
  test: (name, run) => cases.push({ name, run }),
  expect: (actual) => ({
    toEqual: (expected) => deepStrictEqual(actual, expected),
    toBe: (expected) => strictEqual(actual, expected),
  }),
};
storeSuite(runner, async (options) => new InMemoryExperienceStore(options));

const failed: string[] = [];
for (const { name, run } of cases) {
  await run().catch((error: unknown) => failed.push(`${name}: ${String(error)}`));
}
console.log(JSON.stringify({ several: cases.length > 10, failed }));

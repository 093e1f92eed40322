import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { EdgeVM } from "@edge-runtime/vm";
import { describe, expect, test } from "vitest";
import { bundle } from "./bundle.js";
import { scenario } from "./scenario.js";

const SCENARIO = 'export { scenario } from "./scenario.js";';

/** Most bytes of everything that @jitrl/core exports, minified and gzipped. */
const SIZE_LIMIT = 40_500;

/** γ is 0.9: ringing returns 0.9·1 first, −0.9 when the visitor was unwelcome after all; kicking returns 0.5. */
const expected = {
  before: { action: "kick the door", reason: "no-evidence" },
  learned: "stored",
  after: { action: "ring the bell", reason: "learned", value: (0.9 + 0.5) / 2 },
  corrected: { action: "kick the door", reason: "learned", value: (-0.9 + 0.5) / 2 },
  forgotten: 2,
  states: 0,
  afterwards: { action: "kick the door", reason: "no-evidence" },
  isExact: true,
};

test("@jitrl/core learns, decides and forgets in Node", async () => {
  expect(await scenario()).toEqual(expected);
});

describe("in a browser", () => {
  test.each(["esm", "iife"] as const)(
    "@jitrl/core does the same as %s, with web globals only",
    async (format) => {
      expect(JSON.parse(await runInPage(format, await bundle(SCENARIO, { format })))).toEqual(expected);
    },
  );

  test("a bundle that needs Node does not pass", async () => {
    const node = 'import { readFileSync } from "node:fs"; export const scenario = async () => readFileSync;';
    await expect(bundle(node, { format: "esm" })).rejects.toThrow("node:fs");
    const globals = "export const scenario = async () => process.version;";
    const bundled = await bundle(globals, { format: "iife" });
    await expect(runInPage("iife", bundled)).rejects.toThrow("process is not defined");
  });

  test("the whole of @jitrl/core is small", async () => {
    const code = await bundle('export * from "@jitrl/core";', { format: "esm", minify: true });
    const size = gzipSync(code, { level: 9 }).length;
    console.info(`@jitrl/core, minified and gzipped: ${size} bytes of at most ${SIZE_LIMIT}`);
    expect(size).toBeLessThanOrEqual(SIZE_LIMIT);
    expect(size, "a limit far above the size no longer holds anything").toBeGreaterThan(SIZE_LIMIT / 2);
  });
});

test("@jitrl/core does the same in an edge runtime", async () => {
  const edge = new EdgeVM();
  expect(edge.evaluate("typeof process + typeof require")).toBe("undefinedundefined");
  edge.evaluate(await bundle(SCENARIO, { format: "iife" }));
  expect(JSON.parse(await edge.evaluate("bundle.scenario().then(JSON.stringify)"))).toEqual(expected);
});

function runInPage(format: "esm" | "iife", code: string): Promise<string> {
  const script = fileURLToPath(new URL("run-in-page.mjs", import.meta.url));
  const options = ["--experimental-vm-modules", "--no-warnings", script, format];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, options, (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stdout),
    );
    child.stdin?.end(code);
  });
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readManifest, root, workspacePackages } from "./workspace.js";

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

test("one version of pnpm is named, in both places", () => {
  const { packageManager, devDependencies } = readManifest(root);
  expect(packageManager).toBe(`pnpm@${devDependencies.pnpm}`);
});

test("the lock file names no registry", () => {
  const lock = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  const resolutions = lock.split("\n").filter((line) => line.includes("resolution:"));
  expect(resolutions.length).toBeGreaterThan(50);
  expect(resolutions.filter((line) => /tarball:|https?:|registry/.test(line))).toEqual([]);
});

const everywhere = [
  { folder: "the root", manifest: readManifest(root) },
  ...workspacePackages("packages"),
  ...workspacePackages("examples"),
];
for (const { folder, manifest } of everywhere) {
  test(`${folder} pins what it is developed with`, () => {
    // Types follow the oldest Node that is supported.
    const { "@types/node": _types, ...others } = manifest.devDependencies;
    const loose = Object.entries(others).filter(
      ([, version]) => !EXACT.test(version) && !version.startsWith("workspace:"),
    );
    expect(loose).toEqual([]);
  });
}

for (const { folder, path, manifest } of workspacePackages()) {
  test(`packages/${folder} can be published: public, licensed, with entry points for users and for this workspace`, () => {
    expect(manifest).toMatchObject({
      license: "MIT",
      type: "module",
      files: ["dist", "README.md", "LICENSE"],
      exports: { ".": { "@jitrl/source": "./src/index.ts" } },
      publishConfig: { access: "public" },
    });
    expect(manifest.private).toBeUndefined();
    expect(readFileSync(join(path, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
  });
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const versions = z.record(z.string(), z.string()).default({});
const manifest = z.looseObject({
  name: z.string(),
  packageManager: z.string().optional(),
  dependencies: versions,
  peerDependencies: versions,
  devDependencies: versions,
});
export type Manifest = z.infer<typeof manifest>;

export function readManifest(folder: string): Manifest {
  return manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
}

export interface WorkspacePackage {
  /** Name of its folder, as in `packages/core`. */
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
}

/** The folders of packages/ (or examples/) that are packages. */
export function workspacePackages(parent: "packages" | "examples" = "packages"): WorkspacePackage[] {
  return readdirSync(join(root, parent))
    .map((folder) => ({ folder, path: join(root, parent, folder) }))
    .filter(({ path }) => existsSync(join(path, "package.json")))
    .map((entry) => ({ ...entry, manifest: readManifest(entry.path) }));
}

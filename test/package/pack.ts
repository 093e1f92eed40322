import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, realpath, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, type WorkspacePackage, workspacePackages } from "./workspace.js";

const execute = promisify(execFile);

/** Runs a program; what it wrote is in the error if it fails. @returns what it wrote to standard output */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await execute(program, args, { cwd, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = Object(error);
    throw new Error(`${program} ${args.join(" ")} failed in ${cwd}:\n${stdout || stderr || error}`);
  }
}

/** An installed tool of this workspace. */
export const tool = (name: string) => join(root, "node_modules/.bin", name);

/**
 * Builds all packages from clean and packs them, in a copy, so that nothing is left in the checkout and nothing that
 * lies about in it is used.
 *
 * @returns the tarball of each package, in the order of dependency
 */
export async function packAll(folder: string): Promise<{ entry: WorkspacePackage; tarball: string }[]> {
  await mkdir(folder, { recursive: true });
  await Promise.all(
    ["package.json", "pnpm-workspace.yaml", "tsconfig.base.json"].map((file) =>
      cp(join(root, file), join(folder, file)),
    ),
  );
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  const packed = [];
  for (const entry of inOrderOfDependency(workspacePackages())) {
    const copy = join(folder, "packages", entry.folder);
    await copyPackage(entry, copy);
    // The libraries' declarations are checked where a project uses the packages, and need not be twice.
    await run(tool("tsc"), ["-p", "tsconfig.json", "--skipLibCheck"], copy);
    // What the build script copies besides.
    const scripts = join(copy, "src/lua");
    if (existsSync(scripts)) await cp(scripts, join(copy, "dist/lua"), { recursive: true });
    await run(tool("pnpm"), ["pack", "--pack-destination", copy], copy);
    const tarball = (await readdir(copy)).find((name) => name.endsWith(".tgz"));
    if (!tarball) throw new Error(`pnpm pack left no tarball in ${copy}.`);
    packed.push({ entry, tarball: join(copy, tarball) });
  }
  return packed;
}

async function copyPackage({ path, manifest }: WorkspacePackage, copy: string): Promise<void> {
  const skipped = ["dist", "node_modules", "test", ".turbo"].map((name) => join(path, name));
  await cp(path, copy, { recursive: true, filter: (source) => !skipped.includes(source) });
  // pnpm looks here for the versions behind `workspace:`, and the compiler for the declarations just built.
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const target = version.startsWith("workspace:")
      ? join(copy, "..", folderOf(name))
      : join(path, "node_modules", name);
    await linkPackage(name, target, copy);
  }
}

/** Makes a package importable by name in a folder, as an installation would. */
export async function linkPackage(name: string, target: string, folder: string): Promise<void> {
  const link = join(folder, "node_modules", name);
  await mkdir(join(link, ".."), { recursive: true });
  // Several packages may have the same peer.
  if (!existsSync(link)) await symlink(await realpath(target), link, "dir");
}

function folderOf(name: string): string {
  const found = workspacePackages().find(({ manifest }) => manifest.name === name);
  if (!found) throw new Error(`${name} is no package of this workspace.`);
  return found.folder;
}

function inOrderOfDependency(packages: readonly WorkspacePackage[]): WorkspacePackage[] {
  const ordered: WorkspacePackage[] = [];
  const waiting = [...packages];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ manifest }) =>
      waiting.every((other) => !(other.manifest.name in manifest.dependencies)),
    );
    if (next < 0) throw new Error("The packages depend on each other in a circle.");
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}

import { isBuiltin } from "node:module";
import { join, relative, sep } from "node:path";
import { describe, expect, test } from "vitest";
import {
  findCircle,
  importedPath,
  parseSourceFile,
  readSourceFiles,
  type SourceFile,
} from "./source-file.js";
import { root, workspacePackages } from "./workspace.js";

/** Which package may import which; every package must be named here. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "@jitrl/core": [],
  "@jitrl/langgraph": ["@jitrl/core"],
  "@jitrl/redis": ["@jitrl/core"],
  "@jitrl/cli": ["@jitrl/core", "@jitrl/redis"],
};
/** Who uses JitRL has these already, and two copies of them do not work together. */
const PEERS = /^(?:@langchain\/.*|langchain|redis|@redis\/.*|zod)$/;
const packages = workspacePackages().map((entry) => ({
  ...entry,
  source: join(entry.path, "src"),
  files: readSourceFiles(join(entry.path, "src")),
}));
const packageName = (specifier: string) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
const isRelative = (specifier: string) => specifier.startsWith(".");

test("there are packages to check", () => {
  expect(packages.map(({ folder }) => folder)).toEqual(expect.arrayContaining(["core", "langgraph"]));
  expect(packages.flatMap(({ files }) => files).length).toBeGreaterThan(20);
});

for (const { folder, path, source, files, manifest } of packages)
  describe(`packages/${folder}`, () => {
    const uses = imports(files);

    test("imports other packages of this repository only along the arrows", () => {
      expect(Object.keys(ALLOWED), "every package has its place in ALLOWED").toContain(manifest.name);
      const allowed = ALLOWED[manifest.name] ?? [];
      const wrong = uses.filter(({ specifier }) => {
        const name = packageName(specifier);
        return name.startsWith("@jitrl/") && !allowed.includes(name);
      });
      expect(wrong).toEqual([]);
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
      expect(declared.filter((name) => name.startsWith("@jitrl/") && !allowed.includes(name))).toEqual([]);
    });

    test("imports nothing that its manifest does not declare, and no file outside its src folder", () => {
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
      const undeclared = uses.filter(
        ({ specifier }) =>
          !isRelative(specifier) && !isBuiltin(specifier) && !declared.includes(packageName(specifier)),
      );
      expect(undeclared).toEqual([]);
      const paths = new Set(files.map((file) => file.path));
      const outside = files.flatMap((file) =>
        file.imports
          .filter((specifier) => isRelative(specifier) && !paths.has(importedPath(file, specifier)))
          .map((specifier) => ({ file: relative(root, file.path), specifier })),
      );
      expect(outside).toEqual([]);
    });

    test("has LangChain, LangGraph, Redis and zod as peers only", () => {
      expect(Object.keys(manifest.dependencies).filter((name) => PEERS.test(name))).toEqual([]);
    });

    test("has no circle of imports, type imports included", () => {
      expect(findCircle(files, path)).toBeUndefined();
    });

    test("writes nothing to the console", () => {
      const lines = files.flatMap((file) =>
        file.consoleLines.map((line) => `${relative(root, file.path)}:${line}`),
      );
      expect(lines).toEqual([]);
    });

    test("has entry points that only re-export, from explicit lists", () => {
      const entries = files.filter((file) => file.path.endsWith(`${sep}index.ts`));
      expect(entries.some((file) => file.path === join(source, "index.ts"))).toBe(true);
      const lines = entries.flatMap((file) =>
        file.ownStatementLines.map((line) => `${relative(root, file.path)}:${line}`),
      );
      expect(lines).toEqual([]);
    });
  });

describe("@jitrl/core", () => {
  const core = packages.find(({ manifest }) => manifest.name === "@jitrl/core")!;

  test("has no dependency at all, and Node modules only in src/file", () => {
    expect({ ...core.manifest.dependencies, ...core.manifest.peerDependencies }).toEqual({});
    const file = join(core.source, "file") + sep;
    const wrong = core.files.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => !isRelative(specifier))
        .filter((specifier) => !(path.startsWith(file) && specifier.startsWith("node:")))
        .map((specifier) => ({ file: relative(root, path), specifier })),
    );
    expect(wrong).toEqual([]);
  });

  test("reaches src/file, src/offline and src/testing through no other entry point", () => {
    const apart = ["file", "offline", "testing"].map((folder) => join(core.source, folder) + sep);
    const wrong = core.files.flatMap((file) =>
      file.imports
        .filter((specifier) => isRelative(specifier))
        .filter((specifier) =>
          apart.some(
            (folder) => importedPath(file, specifier).startsWith(folder) && !file.path.startsWith(folder),
          ),
        )
        .map((specifier) => ({ file: relative(root, file.path), specifier })),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the reading of source files", () => {
  test("sees every way to name a module, and none in comments and strings", () => {
    const { imports } = parseSourceFile(
      "a.ts",
      `import type { A } from "a";
       import { type B } from "b";
       import "c";
       export { d } from "d";
       export * from "e";
       const f = await import("f");
       type G = import("g").G;
       // import { no } from "no";
       const text = 'import { no } from "no"';
       /** @example import { no } from "no"; */
       export const h = text;`,
    );
    expect(imports).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });

  test("sees consoles and statements of one's own", () => {
    const file = parseSourceFile(
      "a.ts",
      'export { a } from "./a.js";\nexport type { B } from "./b.js";\nexport * from "./c.js";\nexport const d = () => globalThis.console.log(1);\n// console.log(2)',
    );
    expect(file.ownStatementLines).toEqual([3, 4]);
    expect(file.consoleLines).toEqual([4]);
  });

  test("finds a circle through a type import", () => {
    const a = parseSourceFile("/x/a.ts", 'import { b } from "./b.js"; export const a = b;');
    const b = parseSourceFile("/x/b.ts", 'import type { c } from "./c.js"; export const b = 1;');
    const c = parseSourceFile("/x/c.ts", 'export { a } from "./a.js";');
    const d = parseSourceFile("/x/d.ts", 'export { a } from "./a.js";');
    expect(findCircle([d, a, b, c], "/x")).toEqual(["a.ts", "b.ts", "c.ts", "a.ts"]);
    expect(findCircle([a, b, d], "/x")).toBeUndefined();
  });
});

function imports(files: readonly SourceFile[]) {
  return files.flatMap((file) =>
    file.imports.map((specifier) => ({ file: relative(root, file.path), specifier })),
  );
}

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { transform } from "esbuild";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkPackage, packAll, run, tool } from "./pack.js";
import { readManifest, root, workspacePackages } from "./workspace.js";

const consumers = join(root, "test/package/consumer");
const names = workspacePackages().map(({ manifest }) => manifest.name);
const tarballs = new Map<string, string>();
let folder: string;
/** A project beside the build, with the unpacked tarballs and their peers installed and nothing else. */
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jitrl packed "));
  project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "project", type: "module" }));
  for (const { entry, tarball } of await packAll(join(folder, "build"))) {
    tarballs.set(entry.manifest.name, tarball);
    const installed = join(project, "node_modules", entry.manifest.name);
    await mkdir(installed, { recursive: true });
    await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed], folder);
    for (const peer of Object.keys(readManifest(installed).peerDependencies)) {
      const source = join(entry.path, "node_modules", peer);
      await linkPackage(peer, source, project);
    }
  }
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(names)("%s as it is published", (name) => {
  const installed = () => join(project, "node_modules", name);
  const files = async () =>
    (await readdir(installed(), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed(), join(entry.parentPath, entry.name)).split(sep).join("/"));

  test("has no fault that publint knows of", async () => {
    const tarball = new Uint8Array(await readFile(tarballs.get(name)!)).buffer;
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that resolve for ES modules", async () => {
    // Without @types packages nothing is looked up in a registry.
    const args = [tarballs.get(name)!, "--profile", "esm-only", "--no-definitely-typed", "--format", "ascii"];
    await run(tool("attw"), args, folder);
  }, 60_000);

  test("holds the build, its papers and nothing else", async () => {
    const found = await files();
    expect(found).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE", "dist/index.js"]));
    const strange = found.filter(
      (file) =>
        !["package.json", "README.md", "LICENSE"].includes(file) &&
        !/^dist\/(?:.*\.(?:js|d\.ts|js\.map)|lua\/[\w-]+\.lua)$/.test(file),
    );
    expect(strange).toEqual([]);
    expect(found.filter((file) => /(?:^|[./])test\b/.test(file))).toEqual([]);
  });

  test("has no source map that names a source it does not bring", async () => {
    for (const file of (await files()).filter((name) => name.endsWith(".map"))) {
      const { sources, sourcesContent } = JSON.parse(await readFile(join(installed(), file), "utf8"));
      expect(sourcesContent, file).toHaveLength(sources.length);
    }
  });

  test("has a manifest for users: no source condition, no workspace version", async () => {
    const manifest = await readFile(join(installed(), "package.json"), "utf8");
    expect(manifest).not.toContain("@jitrl/source");
    expect(manifest).not.toContain("workspace:");
    expect(manifest).not.toContain("./src/");
  });
});

describe("a project that installed the packages", () => {
  // The declarations of the packages are checked as well.
  test.each([
    { name: "Node", files: /\.ts$/, module: "nodenext", moduleResolution: "nodenext", types: ["node"] },
    { name: "a bundler", files: /\.ts$/, module: "esnext", moduleResolution: "bundler", types: ["node"] },
    { name: "a browser", files: /^browser\.ts$/, module: "esnext", moduleResolution: "bundler", types: [] },
  ])(
    "type-checks for $name",
    async ({ name, files, ...options }) => {
      const source = join(project, name);
      await mkdir(source);
      for (const file of (await readdir(consumers)).filter((file) => files.test(file))) {
        await writeFile(join(source, file), await readFile(join(consumers, file)));
      }
      const compilerOptions = {
        ...options,
        target: "es2022",
        lib: ["es2022", "dom"],
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        typeRoots: [join(root, "node_modules/@types")],
      };
      await writeFile(join(source, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
      await run(tool("tsc"), ["-p", "tsconfig.json"], source);
    },
    60_000,
  );

  test("uses @jitrl/core from an ES module, without a TypeScript loader", async () => {
    expect(await runConsumer("core.ts", "es-module.jsonl")).toEqual({
      learned: "learned",
      value: 1,
      corrected: -1,
      forgotten: 1,
      unknown: "episode-not-found",
    });
  });

  test("uses @jitrl/core with require()", async () => {
    expect(await runConsumer("core.cjs", "commonjs.jsonl")).toEqual({
      reason: "learned",
      value: 1,
      store: "function",
    });
  });

  test("uses @jitrl/core/testing with a test runner of its own", async () => {
    expect(await runConsumer("store.ts")).toEqual({ several: true, failed: [] });
  });

  test("uses @jitrl/langgraph from an ES module, in a graph that learns", async () => {
    expect(await runConsumer("langgraph.ts")).toEqual({ first: "kick", second: "knock", episodes: 2 });
  });

  test("uses @jitrl/langgraph with require()", async () => {
    expect(await runConsumer("langgraph.cjs")).toEqual({
      name: "knock",
      args: { times: 2 },
      options: ["input"],
    });
  });
});

/** Runs one of the consumers with plain Node, its types taken away. @returns what it prints, as JSON */
async function runConsumer(file: string, ...args: string[]): Promise<unknown> {
  const text = await readFile(join(consumers, file), "utf8");
  const isTypeScript = file.endsWith(".ts");
  const script = isTypeScript ? file.replace(/\.ts$/, ".mjs") : file;
  await writeFile(
    join(project, script),
    isTypeScript ? (await transform(text, { loader: "ts" })).code : text,
  );
  return JSON.parse(await run(process.execPath, [script, ...args], project));
}

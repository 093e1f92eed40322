import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../package/workspace.js";
import type { Block } from "./markdown.js";

const execute = promisify(execFile);

/** A block of TypeScript with those that go on from it. */
export interface Snippet {
  readonly document: string;
  /** Line of its first line of code. */
  readonly line: number;
  /** Every line stands where it stands in the document, so that errors name the document's lines. */
  readonly code: string;
  readonly runs: boolean;
}

/** @throws if the first block goes on from nothing */
export function snippetsOf(document: string, blocks: readonly Block[]): Snippet[] {
  const snippets: Snippet[] = [];
  for (const { language, code, line, continues, runs } of blocks) {
    if (language !== "ts") continue;
    const previous = continues ? snippets.pop() : undefined;
    if (continues && !previous)
      throw new Error(`${document}:${line} continues, but no block of ts stands before it.`);
    const before = previous?.code ?? "";
    const padding = "\n".repeat(line - before.split("\n").length);
    snippets.push({
      document,
      line: previous?.line ?? line,
      code: before + padding + code,
      runs: runs || (previous?.runs ?? false),
    });
  }
  return snippets;
}

/**
 * Writes the snippets into a folder of this repository that git ignores, so that they find the packages, and calls
 * `use` with it; removes it afterwards.
 */
export async function withSnippets<T>(
  snippets: readonly Snippet[],
  use: (folder: string, fileOf: (snippet: Snippet) => string) => Promise<T>,
): Promise<T> {
  const parent = join(root, ".jitrl");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "docs-"));
  const fileOf = ({ document, line }: Snippet) => `${document.replace(/[^\w.-]+/g, "_")}.${line}.ts`;
  try {
    // A snippet without imports is a module all the same.
    await Promise.all(
      snippets.map((snippet) => writeFile(join(folder, fileOf(snippet)), `${snippet.code}\nexport {};\n`)),
    );
    return await use(folder, fileOf);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What documents use that the root does not have, but the package that they are about. */
const paths = Object.fromEntries(
  ["langchain", "@langchain/langgraph-supervisor"].map((name) => [
    name,
    [join(root, "packages/langgraph/node_modules", name, "dist/index.d.ts")],
  ]),
);

/** Type-checks all snippets. @returns the compiler's complaints, with the documents' names and lines */
export function typeErrors(snippets: readonly Snippet[]): Promise<string[]> {
  return withSnippets(snippets, async (folder, fileOf) => {
    // The libraries' own declarations are checked with the packages.
    const compilerOptions = { skipLibCheck: true, paths };
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.ts"], exclude: [] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const args = ["-p", "tsconfig.json", "--pretty", "false"];
    const output = await execute(join(root, "node_modules/.bin/tsc"), args, { cwd: folder }).then(
      () => "",
      (error: unknown) => String(Object(error).stdout || error),
    );
    const documents = new Map(snippets.map((snippet) => [fileOf(snippet), snippet.document]));
    return output
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) =>
        line.replace(/^([^\s(]+)\((\d+),\d+\)/, (all, file, at) => named(documents.get(file), at, all)),
      );
  });
}

/** Runs one snippet. @throws with what it wrote if it does not exit with 0 */
export function runSnippet(snippet: Snippet): Promise<void> {
  return withSnippets([snippet], async (folder, fileOf) => {
    const args = ["--conditions=@jitrl/source", "--import", "tsx", fileOf(snippet)];
    await execute(process.execPath, args, { cwd: folder, timeout: 60_000 });
  });
}

function named(document: string | undefined, line: string, otherwise: string): string {
  return document ? `${document}:${line}` : otherwise;
}

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseAst } from "vitest/node";

/** What a TypeScript file imports and does, as far as the rules of this repository look at it. */
export interface SourceFile {
  readonly path: string;
  /** Every module it names: imports, re-exports, `import()` and `import("…")` types, type-only ones included. */
  readonly imports: readonly string[];
  /** Lines on which it uses `console`. */
  readonly consoleLines: readonly number[];
  /** Lines of top-level statements that are no re-exports from an explicit list. */
  readonly ownStatementLines: readonly number[];
}

export function readSourceFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => parseSourceFile(join(folder, name), readFileSync(join(folder, name), "utf8")));
}

export function parseSourceFile(path: string, text: string): SourceFile {
  const { body } = parseAst(text, { lang: "ts" });
  const imports: string[] = [];
  const consoleLines: number[] = [];
  const lineOf = ({ start }: { start?: unknown }) =>
    text.slice(0, typeof start === "number" ? start : 0).split("\n").length;
  walk(body, (node) => {
    if (isNode(node.source) && typeof node.source.value === "string") imports.push(node.source.value);
    if (node.type === "Identifier" && node.name === "console") consoleLines.push(lineOf(node));
  });
  const own = body.filter((node) => node.type !== "ExportNamedDeclaration" || node.source === null);
  return { path, imports, consoleLines, ownStatementLines: own.map(lineOf) };
}

/** The file that a relative import names: what is written `./x.js` is `./x.ts` here. */
export function importedPath(file: SourceFile, specifier: string): string {
  return resolve(dirname(file.path), specifier).replace(/\.js$/, ".ts");
}

/** One circle of imports among the files, if there is any, as the paths along it. */
export function findCircle(files: readonly SourceFile[], base: string): string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const visit = (file: SourceFile, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(file.path);
    if (at >= 0) return [...trail.slice(at), file.path];
    if (finished.has(file.path)) return undefined;
    for (const specifier of file.imports.filter((name) => name.startsWith("."))) {
      const next = byPath.get(importedPath(file, specifier));
      const circle = next && visit(next, [...trail, file.path]);
      if (circle) return circle;
    }
    finished.add(file.path);
    return undefined;
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle) return circle.map((path) => relative(base, path));
  }
  return undefined;
}

type SyntaxNode = Record<string, unknown>;

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null;
}

function walk(value: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const member of value) walk(member, visit);
  else if (isNode(value)) {
    visit(value);
    for (const member of Object.values(value)) walk(member, visit);
  }
}

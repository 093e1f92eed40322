import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../package/workspace.js";
import { commandFaults } from "./commands.js";
import { type Document, readMarkdown } from "./markdown.js";
import { runSnippet, type Snippet, snippetsOf, typeErrors } from "./snippets.js";

/** Other names of the languages that are checked; under them a block would escape. */
const ESCAPES: Readonly<Record<string, string>> = {
  "": "a language, for example `text`",
  ...Object.fromEntries(
    ["typescript", "tsx", "mts", "cts", "javascript", "js", "jsx", "mjs", "cjs"].map((name) => [
      name,
      "`ts`",
    ]),
  ),
  ...Object.fromEntries(["bash", "shell", "console", "zsh", "shell-session"].map((name) => [name, "`sh`"])),
};
const IGNORED = /^(?:\..*|node_modules|dist|coverage)$/;
const documents = documentPaths().map((path) => ({
  path,
  ...readMarkdown(readFileSync(join(root, path), "utf8")),
}));
const snippets = documents.flatMap(({ path, blocks }) => snippetsOf(path, blocks));

test("the TypeScript in the documents type-checks", async () => {
  expect(snippets.length === 0 ? [] : await typeErrors(snippets)).toEqual([]);
}, 60_000);

for (const snippet of snippets.filter(({ runs }) => runs)) {
  test(`the TypeScript of ${snippet.document}:${snippet.line} runs`, () => runSnippet(snippet), 60_000);
}

for (const { path, ...document } of documents) {
  describe(path, () => {
    test("names the language of its blocks so that none escapes the checks", () => {
      const wrong = document.blocks
        .filter(({ language }) => language in ESCAPES)
        .map(
          ({ language, line }) => `${path}:${line - 1}: write ${ESCAPES[language]} in place of "${language}"`,
        );
      expect(wrong).toEqual([]);
      const markers = document.unknownMarkers.map(
        ({ target, line }) => `${path}:${line}: <!-- ${target} -->`,
      );
      expect(markers, "above a block stand only the markers `continues` and `run`").toEqual([]);
    });

    test("mentions only commands that exist", () => {
      expect(commandFaultsOf(document, path)).toEqual([]);
    });

    test("links only to what exists", () => {
      expect(linkFaults(document, path)).toEqual([]);
    });
  });
}

describe("the checks of documents", () => {
  const snippet = (text: string): Snippet[] => snippetsOf("x.md", readMarkdown(text).blocks);

  test("find a type error, in the line of the document", async () => {
    const text = [
      "# X",
      "```ts",
      'import { openMemory } from "@jitrl/core";',
      "const memory = await openMemory();",
      "```",
      "and",
      "<!-- continues -->",
      "```ts",
      "const stats: number = await memory.stats();",
      "```",
    ].join("\n");
    const errors = await typeErrors(snippet(text));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^x\.md:9: error TS2322: /);
  });

  test("find a snippet that fails when it runs, and let one pass that does not", async () => {
    const [good, bad] = snippet(
      '<!-- run -->\n```ts\nimport { words } from "@jitrl/core";\nif (words("a b").size === 0) throw new Error();\n```\n<!-- run -->\n```ts\nthrow new Error("as expected");\n```',
    );
    expect([good?.runs, bad?.runs]).toEqual([true, true]);
    await runSnippet(good!);
    await expect(runSnippet(bad!)).rejects.toThrow("as expected");
  });

  test("find scripts, files, folders and packages that do not exist", () => {
    const shell = [
      "git clone URL jitrl && cd jitrl",
      "npm install @jitrl/core @jitrl/nothing zod",
      "npm test && npm run nothing -- x # npm run comment",
      "FOO=1 node scripts/run.mjs examples/nothing.ts",
      "node --import tsx nothing.mjs",
      "$ npm run check",
      ".ci/nothing",
    ].join("\n");
    expect(commandFaults(shell)).toEqual([
      "npm install: there is no package @jitrl/nothing",
      "npm run nothing: there is no such script",
      "node scripts/run.mjs examples/nothing.ts: there is no such file",
      "node nothing.mjs: there is no such file",
      ".ci/nothing: there is no such file",
    ]);
    expect(commandFaults("cd nothing")).toEqual(["cd nothing: there is no such folder"]);
    expect(commandFaults("cd packages/core && npm run build\nnpm run demo")).toEqual([
      "npm run demo: there is no such script",
    ]);
    const inline = readMarkdown("Run `npm run nothing`.");
    expect(commandFaultsOf(inline, "x.md")).toEqual(["x.md:1: npm run nothing: there is no such script"]);
  });

  test("find links, pictures and headings that do not exist", () => {
    const text = [
      "# It's a `title`: one",
      "[a](LICENSE) [b](nothing.md) ![c](nothing.svg) [d](#its-a-title-one) [e](#nothing)",
      '<img src="nothing.png"> `[f](nothing.md)` [g](https://example.com) [h][i]',
      "[i]: nothing/i.md",
      "[j](../outside.md)",
    ].join("\n");
    expect(linkFaults(readMarkdown(text), "x.md", ["its-a-title-one"])).toEqual([
      "x.md:2: nothing.md",
      "x.md:2: nothing.svg",
      "x.md:2: #nothing",
      "x.md:3: nothing.png",
      "x.md:4: nothing/i.md",
      "x.md:5: ../outside.md",
    ]);
    expect(readMarkdown(text).anchors).toEqual(["its-a-title-one"]);
  });
});

/** Every Markdown document of this repository. */
function documentPaths(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED.test(entry.name) ? [] : documentPaths(path);
    return entry.isFile() && path.endsWith(".md") ? [path] : [];
  });
}

/** Shell blocks start in the repository's root; commands in the text may be those of the document's folder. */
function commandFaultsOf(document: Document, path: string): string[] {
  const blocks = document.blocks.filter(({ language }) => language === "sh");
  const inline = document.inlineCode.filter(({ target }) =>
    /^(?:npm (?:run|test)|node \S+\.\w+)/.test(target),
  );
  return [
    ...blocks.flatMap(({ code, line }) => commandFaults(code).map((fault) => `${path}:${line}: ${fault}`)),
    ...inline.flatMap(({ target, line }) =>
      commandFaults(target).map((fault) => `${path}:${line}: ${fault}`),
    ),
  ];
}

function linkFaults(document: Document, path: string, anchors = document.anchors): string[] {
  return document.links
    .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target))
    .filter(({ target }) => {
      const [file = "", anchor] = decodeURI(target).split("#");
      const linked = file === "" ? path : relative(root, resolve(root, dirname(path), file));
      if (file !== "" && (linked.startsWith("..") || !existsSync(join(root, linked)))) return true;
      if (anchor === undefined || anchor === "") return false;
      if (file === "") return !anchors.includes(anchor);
      return (
        linked.endsWith(".md") &&
        !readMarkdown(readFileSync(join(root, linked), "utf8")).anchors.includes(anchor)
      );
    })
    .map(({ target, line }) => `${path}:${line}: ${target}`);
}

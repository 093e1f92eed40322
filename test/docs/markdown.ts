/** A fenced block of a document. */
export interface Block {
  /** The first word after the fence; empty if there is none. */
  readonly language: string;
  readonly code: string;
  /** Line of the first line of code, from 1. */
  readonly line: number;
  /** It goes on from the previous block in the same language: `<!-- continues -->` stands above it. */
  readonly continues: boolean;
  /** It is executed as well: `<!-- run -->` stands above it. */
  readonly runs: boolean;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

export interface Document {
  readonly blocks: readonly Block[];
  /** Links and pictures outside code. */
  readonly links: readonly Link[];
  /** Anchors of its headings, as GitHub forms them. */
  readonly anchors: readonly string[];
  /** Comments just above a fence that are no markers, with their lines; a misspelt marker is one of them. */
  readonly unknownMarkers: readonly Link[];
  /** Text between single backticks, outside fenced blocks. */
  readonly inlineCode: readonly Link[];
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(\S*)/;
const COMMENT = /^\s*<!--\s*(.*?)\s*-->\s*$/;
const LINKS = [/!?\[[^\]]*\]\(\s*<?([^\s)>]+)/g, /\b(?:href|src)="([^"]+)"/g, /^\s*\[[^\]]+\]:\s*(\S+)/g];

/** Reads what the checks need of a Markdown document. @throws for a fence that is not closed */
export function readMarkdown(text: string): Document {
  const blocks: Block[] = [];
  const links: Link[] = [];
  const anchors: string[] = [];
  const unknownMarkers: Link[] = [];
  const inlineCode: Link[] = [];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const [, indent = "", fence, language = ""] = FENCE.exec(line) ?? [];
    if (fence) {
      const end = lines.findIndex(
        (other, j) => j > i && other.trim().startsWith(fence) && !/[^`~\s]/.test(other),
      );
      if (end < 0) throw new Error(`The block in line ${i + 1} is not closed.`);
      const code = lines
        .slice(i + 1, end)
        .map((inner) => inner.slice(Math.min(indent.length, inner.search(/\S|$/))));
      const marker = COMMENT.exec(lines.slice(0, i).findLast((above) => above.trim() !== "") ?? "")?.[1];
      const words = marker?.split(/[\s,]+/) ?? [];
      if (words.some((word) => word !== "continues" && word !== "run")) {
        unknownMarkers.push({ target: marker!, line: i });
      }
      blocks.push({
        language,
        code: code.join("\n"),
        line: i + 2,
        continues: words.includes("continues"),
        runs: words.includes("run"),
      });
      i = end;
      continue;
    }
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading) anchors.push(anchorOf(heading, anchors));
    for (const [, target] of line.matchAll(/`([^`]+)`/g)) inlineCode.push({ target: target!, line: i + 1 });
    const prose = line.replace(/`[^`]*`/g, (code) => "x".repeat(code.length));
    for (const pattern of LINKS) {
      for (const [, target] of prose.matchAll(pattern)) links.push({ target: target!, line: i + 1 });
    }
  }
  return { blocks, links, anchors, unknownMarkers, inlineCode };
}

function anchorOf(heading: string, taken: readonly string[]): string {
  const anchor = heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, "")
    .replaceAll(" ", "-");
  let unique = anchor;
  for (let count = 1; taken.includes(unique); count++) unique = `${anchor}-${count}`;
  return unique;
}

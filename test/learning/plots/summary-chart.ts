import type { ExperimentResult, LearnerResult } from "../results.js";
import { colorOf } from "./palette.js";

const panel = { width: 292, head: 34, row: 17, foot: 16, names: 82, bars: 160, gap: 34, below: 14 };
const page = { columns: 3, margin: 24, head: 66 };
/** What a bar can show; lower scores end at the edge, and the number says the rest. */
const shown = { low: -0.25, high: 1 };

/** All scores in one picture: a panel an experiment, a bar a learner with its 95 % interval. */
export function summaryChart(results: readonly ExperimentResult[]): string {
  const rows = Math.max(1, ...results.map(({ learners }) => learners.length));
  const height = panel.head + rows * panel.row + panel.foot;
  const lines = Math.ceil(results.length / page.columns);
  const columns = Math.min(page.columns, results.length);
  const width = Math.max(680, 2 * page.margin + columns * panel.width + (columns - 1) * panel.gap);
  const total = page.head + lines * (height + panel.below) + page.margin - panel.below;
  const panels = results.map((result, i) => {
    const x = page.margin + (i % page.columns) * (panel.width + panel.gap);
    const y = page.head + Math.floor(i / page.columns) * (height + panel.below);
    return `<g transform="translate(${x}, ${y})">${panelOf(result, rows)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" font-family="system-ui, sans-serif" font-size="12" fill="#27272a" role="img" aria-label="Scores of all learners in all experiments">`,
    `<rect width="${width}" height="${total}" rx="8" fill="#ffffff"/>`,
    `<text x="${page.margin}" y="30" font-size="16" font-weight="600">Scores: 0 is a random policy, 1 the best</text>`,
    `<text x="${page.margin}" y="49" fill="#52525b">Means with 95 % intervals over seeds; bars end at −0.25; bold: the best, and what the seeds cannot tell from it</text>`,
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function panelOf({ experiment, learners, reference, bestOrTied }: ExperimentResult, rows: number): string {
  const bottom = panel.head + rows * panel.row;
  const axis = [0, 0.5, 1].map(
    (tick) =>
      `<line x1="${place(tick)}" x2="${place(tick)}" y1="${panel.head - 4}" y2="${bottom}" stroke="${tick === 0 ? "#71717a" : "#e4e4e7"}"/>` +
      `<text x="${place(tick)}" y="${bottom + 13}" text-anchor="middle" font-size="10" fill="#71717a">${tick}</text>`,
  );
  const bars = learners.map((result, row) => {
    const y = panel.head + row * panel.row;
    const weight = bestOrTied.includes(result.learner) ? ' font-weight="700"' : "";
    const name = `<text x="${panel.names - 8}" y="${y + 12}" text-anchor="end"${weight}>${escapeXml(result.learner)}</text>`;
    return name + barOf(result, y, colorOf(result.learner, reference), weight);
  });
  return `<text x="0" y="16" font-size="13" font-weight="600">${escapeXml(experiment.name)}</text>${axis.join("")}${bars.join("")}`;
}

function barOf({ score, skipped }: LearnerResult, y: number, color: string, weight: string): string {
  if (!score) {
    const note = skipped === undefined ? "failed" : "skipped";
    return `<text x="${place(0) + 6}" y="${y + 12}" fill="#a1a1aa" font-style="italic">${note}</text>`;
  }
  const from = place(Math.min(0, score.mean));
  const to = place(Math.max(0, score.mean));
  const middle = y + panel.row / 2 - 0.5;
  const number = score.mean
    .toFixed(2)
    .replace(/^-0\.00$/, "0.00")
    .replace("-", "−");
  return [
    `<rect x="${from}" y="${y + 2}" width="${round(to - from)}" height="${panel.row - 5}" fill="${color}" fill-opacity="0.8"/>`,
    `<line x1="${place(score.low)}" x2="${place(score.high)}" y1="${middle}" y2="${middle}" stroke="#18181b" stroke-width="1.5"/>`,
    `<text x="${panel.width}" y="${y + 12}" text-anchor="end"${weight}>${number}</text>`,
  ].join("");
}

function place(score: number): number {
  const share = (Math.min(shown.high, Math.max(shown.low, score)) - shown.low) / (shown.high - shown.low);
  return round(panel.names + share * panel.bars);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

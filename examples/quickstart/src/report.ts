import { relative } from "node:path";
import { type Decision, explain } from "@jitrl/core";
import { movingAverage, textChart } from "@jitrl/example-charts";
import type { Resolved } from "./work-through.js";

export interface Results {
  readonly plain: readonly Resolved[];
  readonly learned: readonly Resolved[];
  /** How many tickets at the end were like none before. */
  readonly fresh: number;
  /** Path of the experience file, where there is one. */
  readonly experience?: string;
}

/** What a run came to, as text of at most 80 columns. */
export function report({ plain, learned, fresh, experience }: Results): string {
  const parts = partsOf(plain.length, fresh);
  const rows = parts.map(({ name, from, to }) => {
    const columns = [plain, learned].map((resolved) =>
      `${percentRight(resolved.slice(from, to))} %`.padStart(14),
    );
    return `${name.padEnd(34)}${columns.join("")}`;
  });
  const window = Math.max(4, Math.round(plain.length / 10));
  const chart = textChart(
    [
      { name: "with JitRL", values: shareRight(learned, window) },
      { name: "without", values: shareRight(plain, window) },
    ],
    {
      title: `Tickets resolved by the rules, in % of the last ${window}`,
      xLabel: "ticket",
      min: 0,
      max: 100,
    },
  );
  return [
    "",
    `${"Resolved by the company's rules".padEnd(34)}${"without".padStart(14)}${"with JitRL".padStart(14)}`,
    ...rows,
    "",
    chart,
    ...oneDecision(learned),
    ...(experience === undefined ? [] : kept(experience)),
  ].join("\n");
}

function kept(experience: string): string[] {
  return [
    "",
    `What was learned is kept in ${relative(process.cwd(), experience)}.`,
    "Run again to go on from there, or `npm run demo -- --fresh` to start anew.",
  ];
}

function partsOf(count: number, fresh: number) {
  const known = count - fresh;
  const third = Math.round(known / 3);
  return [
    { name: `Tickets 1 to ${third}`, from: 0, to: third },
    { name: `Tickets ${third + 1} to ${2 * third}`, from: third, to: 2 * third },
    { name: `Tickets ${2 * third + 1} to ${known}`, from: 2 * third, to: known },
    { name: `Never seen before, ${known + 1} to ${count}`, from: known, to: count },
  ];
}

/** The last ticket that came out right because learning changed what was done. */
function oneDecision(learned: readonly Resolved[]): string[] {
  const changed = (decision: Decision) =>
    decision.chosen.action !== decision.baseAction && decision.reason === "learned";
  const example = learned.findLast(({ right, decisions }) => right && decisions.some(changed));
  const decision = example?.decisions.findLast(changed);
  if (!example || !decision) return ["", "No decision was changed by learning in this run."];
  const { order, text } = example.ticket;
  return [
    "",
    "One decision that learning changed",
    `  "${text.replace(/^Topic: ([^.]*)\. /, "[$1] ")}"`.replace(/(.{1,74})(?:\s|$)/g, "$1\n   ").trimEnd(),
    `  ${order.product}, ${order.priceEur} EUR, ${order.country}, sent ${order.days} days ago`,
    "",
    ...explain(decision)
      .split("\n")
      .map((line) => `  ${line}`.trimEnd()),
  ];
}

function shareRight(resolved: readonly Resolved[], window: number): number[] {
  return movingAverage(
    resolved.map(({ right }) => (right ? 100 : 0)),
    window,
  );
}

function percentRight(resolved: readonly Resolved[]): number {
  return Math.round((100 * resolved.filter(({ right }) => right).length) / resolved.length);
}

import type { Cost, KindCosts } from "./measure.js";

/** The costs as Markdown, a table a kind of agent. */
export function costTables(costs: readonly KindCosts[]): string {
  return costs.map(tableOf).join("\n\n");
}

function tableOf({ name, plain, setups }: KindCosts): string {
  const rows = [
    [
      "candidates",
      "calls: a tool step",
      "an answer",
      "an episode",
      "tokens: a step, in + out",
      "an episode",
      "judge: calls an episode",
      "tokens, in + out",
    ],
    ["---", ...new Array<string>(7).fill("--:")],
    rowOf("without JitRL", plain, plain),
    ...setups.map(({ candidates, cost }) => rowOf(candidates, cost, plain)),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, i) => padded(cell, widths[i]!, i)).join(" | ")} |`);
  return [`**${name}**`, "", ...lines].join("\n");
}

function padded(cell: string, width: number, column: number): string {
  if (/^-+:?$/.test(cell)) return cell.endsWith(":") ? `${"-".repeat(width - 1)}:` : "-".repeat(width);
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function rowOf(name: string, cost: Cost, plain: Cost): string[] {
  const { callsAtToolStep, callsAtAnswer, calls, input, output, steps, judge } = cost;
  const tokens = whole(input + output);
  return [
    name,
    calling(callsAtToolStep, plain.callsAtToolStep),
    calling(callsAtAnswer, plain.callsAtAnswer),
    calling(calls, plain.calls),
    `${whole(input / steps)} + ${whole(output / steps)}`,
    cost === plain ? tokens : `${tokens} (${((input + output) / (plain.input + plain.output)).toFixed(1)}×)`,
    judge.calls === 0 ? "" : `${round(judge.calls)}`,
    judge.calls === 0 ? "" : `${whole(judge.input)} + ${whole(judge.output)}`,
  ];
}

/** A number of calls, and what that is more than without JitRL. */
function calling(calls: number, without: number): string {
  const more = calls - without;
  return `${round(calls)}${more === 0 ? "" : ` (+${round(more)})`}`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

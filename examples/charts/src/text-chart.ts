/** One line of a chart: values at x = 1, 2, 3, … */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** An interval around each value, for charts that can show it. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
  /** For charts in colour. @default the next of a palette */
  readonly color?: string;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  /** Least and greatest value of the axis. @default from the data */
  readonly min?: number;
  readonly max?: number;
  /** How a value on the axis is written. @default rounded */
  readonly format?: (value: number) => string;
  /** What the last value's x is, where not every x has a value. @default the number of values */
  readonly lastX?: number;
  /** Where a picture names its lines: in the plot, or to the right of it with the highest last value first. @default "inside" */
  readonly legend?: "inside" | "beside";
  /** Columns of the whole chart. @default 78 */
  readonly width?: number;
  /** Rows of the plot. @default 11 */
  readonly height?: number;
}

const marks = ["*", "o", "+", "x", "#"];

/** A line chart as plain text; where lines meet, the first one is seen. */
export function textChart(series: readonly Series[], options: ChartOptions): string {
  const { title, xLabel, format = (value) => String(Math.round(value)), width = 78, height = 11 } = options;
  const { low, high } = rangeOf(series, options);
  const labels = Array.from({ length: height }, (_, row) =>
    format(high - ((high - low) * row) / (height - 1)),
  );
  const margin = Math.max(...labels.map((label) => label.length)) + 1;
  const columns = width - margin - 2;
  const length = Math.max(...series.map(({ values }) => values.length));

  const grid = Array.from({ length: height }, () => new Array<string>(columns).fill(" "));
  for (const [i, { values }] of [...series.entries()].reverse()) {
    for (let column = 0; column < columns; column++) {
      const value = values[length === 1 ? 0 : Math.round((column * (length - 1)) / (columns - 1))];
      if (value === undefined) continue;
      const row = Math.round(((high - value) / (high - low)) * (height - 1));
      const line = grid[Math.min(height - 1, Math.max(0, row))];
      if (line) line[column] = marks[i % marks.length] ?? "*";
    }
  }
  return [
    title,
    ...grid.map((line, row) => {
      const labelled = row % 5 === 0 || row === height - 1;
      return `${labelled ? `${labels[row]?.padStart(margin - 1)} ┤` : `${" ".repeat(margin)}│`}${line.join("")}`.trimEnd();
    }),
    `${" ".repeat(margin)}└${"─".repeat(columns)}`,
    `${" ".repeat(margin)} 1${`${xLabel} ${length}`.padStart(columns - 1)}`,
    `${" ".repeat(margin)} ${series.map(({ name }, i) => `${marks[i % marks.length]} ${name}`).join("   ")}`,
  ].join("\n");
}

/** Least and greatest value of the axis, never the same. */
export function rangeOf(series: readonly Series[], { min, max }: Pick<ChartOptions, "min" | "max">) {
  const values = series.flatMap((one) => [
    ...one.values,
    ...(one.band?.low ?? []),
    ...(one.band?.high ?? []),
  ]);
  const low = min ?? Math.min(...values);
  const high = max ?? Math.max(...values);
  return { low, high: high > low ? high : low + 1 };
}

/** Means over the last `window` values, fewer at the beginning. */
export function movingAverage(values: readonly number[], window: number): number[] {
  return values.map((_, i) => {
    const part = values.slice(Math.max(0, i + 1 - window), i + 1);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

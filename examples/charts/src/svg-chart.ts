import { type ChartOptions, rangeOf, type Series } from "./text-chart.js";

const colors = ["#0b7285", "#c2410c", "#6b21a8", "#4d7c0f", "#52525b"];
const edges = { width: 760, height: 400, left: 64, right: 24, top: 52, bottom: 56 };

/** A line chart as SVG that reads on light and dark pages; a `band` is drawn around its line. */
export function svgChart(series: readonly Series[], options: ChartOptions): string {
  const { title, xLabel, format = (value) => String(Math.round(value * 10) / 10) } = options;
  const frame = options.legend === "beside" ? { ...edges, width: 860, right: 136 } : edges;
  const { low, high, ticks } = axisOf(series, options);
  const length = Math.max(...series.map(({ values }) => values.length));
  const x = (i: number) =>
    frame.left + ((frame.width - frame.left - frame.right) * i) / Math.max(1, length - 1);
  const y = (value: number) =>
    frame.top + (frame.height - frame.top - frame.bottom) * ((high - value) / (high - low));
  const point = (i: number, value: number) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`;

  const grid = ticks.map(
    (tick) =>
      `<line x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#d4d4d8"/>` +
      `<text x="${frame.left - 10}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${escapeXml(format(tick))}</text>`,
  );
  const lastX = options.lastX ?? length;
  const xs = [1, ...[0.25, 0.5, 0.75, 1].map((share) => Math.round(share * lastX))].filter((x) => x >= 1);
  const steps = [...new Set(xs)].map(
    (at) =>
      `<text x="${x(((at - 1) * (length - 1)) / Math.max(1, lastX - 1)).toFixed(1)}" y="${frame.height - frame.bottom + 20}" text-anchor="middle">${at}</text>`,
  );
  const colorOf = (s: number) => series[s]?.color ?? colors[s % colors.length];
  // All areas lie under all lines; many of them would hide each other.
  const opacity = series.length > 5 ? 0.09 : 0.15;
  const areas = series.map(({ band }, s) => {
    if (!band) return "";
    const upper = band.high.map((value, i) => point(i, value));
    const lower = band.low.map((value, i) => point(i, value)).reverse();
    return `<polygon points="${[...upper, ...lower].join(" ")}" fill="${colorOf(s)}" fill-opacity="${opacity}"/>`;
  });
  const lines = series.map(
    ({ values }, s) =>
      `<polyline points="${values.map((value, i) => point(i, value)).join(" ")}" fill="none" stroke="${colorOf(s)}" stroke-width="2.5" stroke-linejoin="round"/>`,
  );
  const named = series.map(({ name, values }, s) => ({ name, color: colorOf(s), last: values.at(-1) ?? 0 }));
  if (options.legend === "beside") named.sort((a, b) => b.last - a.last);
  const at =
    options.legend === "beside"
      ? { x: frame.width - frame.right + 16, y: frame.top + 6 }
      : { x: frame.left + 8, y: frame.top + 14 };
  const legend = named.map(
    ({ name, color }, n) =>
      `<g transform="translate(${at.x}, ${at.y + n * 20})"><line x1="0" x2="22" y1="0" y2="0" stroke="${color}" stroke-width="3"/><text x="30" y="4">${escapeXml(name)}</text></g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${frame.height}" font-family="system-ui, sans-serif" font-size="13" fill="#27272a" role="img" aria-label="${escapeXml(title)}">`,
    `<rect width="${frame.width}" height="${frame.height}" rx="8" fill="#ffffff"/>`,
    `<text x="${frame.left}" y="28" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
    ...grid,
    ...steps,
    `<text x="${frame.width - frame.right}" y="${frame.height - 14}" text-anchor="end">${escapeXml(xLabel)}</text>`,
    ...areas.filter(Boolean),
    ...lines,
    ...legend,
    "</svg>",
    "",
  ].join("\n");
}

/** The axis from one round number to another, with some four to eight round steps. */
function axisOf(series: readonly Series[], options: ChartOptions) {
  const { low, high } = rangeOf(series, options);
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((round) => round * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { low: first * step, high: last * step, ticks };
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

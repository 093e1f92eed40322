import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExperimentResult } from "../results.js";
import { learningCurve } from "./learning-curve.js";
import { summaryChart } from "./summary-chart.js";

/** Pixels a unit of the SVG. */
const SCALE = 2;

/**
 * Writes `EXPERIMENT.svg` and `.png` with the learning curves, and `summary.svg` and `.png` with all scores.
 *
 * @param onPlot called before each plot is written
 * @returns how many files it wrote
 */
export async function writePlots(
  folder: string,
  results: readonly ExperimentResult[],
  onPlot: (name: string) => void = () => {},
): Promise<number> {
  // Loaded only here: where there is no build of it for a platform, everything else works.
  const { Resvg } = await import("@resvg/resvg-js");
  await mkdir(folder, { recursive: true });
  const plots = [
    { name: "summary", draw: () => summaryChart(results) },
    ...results.map((result) => ({ name: result.experiment.name, draw: () => learningCurve(result) })),
  ];
  let files = 0;
  for (const { name, draw } of plots) {
    const svg = draw();
    if (svg === undefined) continue;
    onPlot(name);
    const png = new Resvg(svg, {
      fitTo: { mode: "zoom", value: SCALE },
      // "system-ui" is a browser's word.
      font: { loadSystemFonts: true, sansSerifFamily: "DejaVu Sans", defaultFontFamily: "DejaVu Sans" },
    }).render();
    await writeFile(join(folder, `${name}.svg`), svg);
    await writeFile(join(folder, `${name}.png`), png.asPng());
    files += 2;
  }
  return files;
}

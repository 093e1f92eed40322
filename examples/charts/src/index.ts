export { Progress } from "./progress.js";
export { svgChart } from "./svg-chart.js";
export { type ChartOptions, movingAverage, type Series, textChart } from "./text-chart.js";

import { fileURLToPath, pathToFileURL } from "node:url";
import type { Experiment } from "./experiment.js";

/** The module with the experiments of the suite. */
export const suiteModule = fileURLToPath(new URL("./experiments/index.ts", import.meta.url));

/**
 * The experiments that a module exports as `experiments`.
 *
 * @param module its path
 */
export async function loadExperiments(module: string): Promise<readonly Experiment[]> {
  const { experiments } = (await import(pathToFileURL(module).href)) as { experiments?: unknown };
  if (!Array.isArray(experiments)) {
    throw new Error(`Expected ${module} to export a list named experiments, found ${typeof experiments}.`);
  }
  return experiments as readonly Experiment[];
}

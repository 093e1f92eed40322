import type { ScriptRunner } from "../script.js";

/** Carries out what changes something of threads. */
export interface ThreadWriter {
  /** @param key one of those that are written */
  write<T>(key: string, work: (client: ScriptRunner) => Promise<T>): Promise<T>;
}

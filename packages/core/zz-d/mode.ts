import { invalid } from "./check.js";
import type { Candidate, PolicyMode } from "./decision.js";

/** What is known of a run. */
export interface RunInfo {
  readonly threadId?: string;
  /** E.g. the tenant: whatever the caller gave the run. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * The mode by the run and by what the agent would do without learning. It is asked at every decision, must answer at
 * once, and must give the same answer for the same run and action. Where it fails, the mode is `off`.
 *
 * @param base absent only where somebody asks by `Policy.modeFor` before the agent's own call is known
 */
export type ModeByRun = (run: RunInfo, base?: Candidate) => PolicyMode;

const modes: readonly unknown[] = ["on", "shadow", "off"] satisfies PolicyMode[];

/** @throws JitRLError `invalid-input` */
export function checkMode(mode: unknown): void {
  if (typeof mode !== "function" && !modes.includes(mode)) {
    throw invalid("mode", `"on", "shadow", "off" or a function that gives one of them`, mode);
  }
}

/** @throws what a function of the caller throws, and JitRLError `invalid-input` where it gives no mode */
export function modeFor(mode: PolicyMode | ModeByRun, run: RunInfo, base?: Candidate): PolicyMode {
  if (typeof mode !== "function") return mode;
  const given: unknown = mode(run, base);
  const known = isMode(given) ? given : undefined;
  if (known) return known;
  // A promise that nobody awaits must not end the process when it is rejected.
  if (given instanceof Promise) given.catch(() => undefined);
  const found = given instanceof Promise ? "a promise: the function must answer at once" : given;
  throw invalid("what the mode function gives", `"on", "shadow" or "off"`, found);
}

function isMode(mode: unknown): mode is PolicyMode {
  return modes.includes(mode);
}

import { invalid, record } from "./check.js";
import type { Candidate } from "./decision.js";
import type { RunInfo } from "./mode.js";

/**
 * Limits what learning may choose, whatever experience says. Both functions are asked at every decision, must answer
 * at once with true or false, and must give the same answer for the same action and run. Where one fails, the base
 * action stands.
 */
export interface Guard {
  /** False for an action that learning never puts in the place of another. As the base action it may stand. @default all may be chosen */
  mayChoose?(candidate: Candidate, run: RunInfo): boolean;
  /** False for a base action that stands, whatever else there is, such as a call that asks a person for approval. @default all may be replaced */
  mayReplace?(base: Candidate, run: RunInfo): boolean;
}

/** @throws JitRLError `invalid-input`; a misspelt guard would guard nothing */
export function checkGuard(guard: unknown): void {
  if (guard === undefined) return;
  for (const [name, member] of Object.entries(record(guard, "guard"))) {
    if (name !== "mayChoose" && name !== "mayReplace")
      throw invalid("guard", "an object with mayChoose and mayReplace", `"${name}" in it`);
    if (member !== undefined && typeof member !== "function")
      throw invalid(`guard.${name}`, "a function", member);
  }
}

/**
 * Which candidates the guard bars, for each candidate that might be the base action. The base action itself is
 * never barred.
 *
 * @throws what a function of the caller throws, and JitRLError `invalid-input` where it gives no boolean
 */
export function barredBy(
  guard: Guard,
  candidates: readonly Candidate[],
  run: RunInfo,
): (base: number) => readonly boolean[] {
  const barred = candidates.map(
    (candidate) => guard.mayChoose !== undefined && !verdict("mayChoose", guard.mayChoose(candidate, run)),
  );
  return (base) => {
    const stands =
      guard.mayReplace !== undefined && !verdict("mayReplace", guard.mayReplace(candidates[base]!, run));
    return barred.map((own, a) => a !== base && (own || stands));
  };
}

function verdict(name: keyof Guard, given: unknown): boolean {
  if (typeof given === "boolean") return given;
  if (given instanceof Promise) given.catch(() => undefined);
  const found = given instanceof Promise ? "a promise: a guard must answer at once" : given;
  throw invalid(`what guard.${name} gives`, "true or false", found);
}

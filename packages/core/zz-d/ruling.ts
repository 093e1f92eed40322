import type { Candidate, DecisionReason, PolicyMode } from "./decision.js";
import { barredBy, type Guard } from "./guard.js";
import { type ModeByRun, modeFor, type RunInfo } from "./mode.js";

/** What mode and guard say of a decision, where this candidate is the base action. */
export interface Ruling {
  readonly base: number;
  readonly mode: PolicyMode;
  /** Why the base action stands, whatever the memory says. */
  readonly reason?: DecisionReason;
  /** Which candidates the guard bars. */
  readonly barred: readonly boolean[];
}

export interface Rules {
  readonly mode: PolicyMode | ModeByRun;
  readonly guard: Guard;
  /** Told what failed; the base action stands then. */
  readonly onError: (error: unknown) => void;
}

/** One ruling for each candidate that might be the base action. */
export function rule(
  { mode, guard, onError }: Rules,
  candidates: readonly Candidate[],
  bases: readonly number[],
  run: RunInfo,
): Ruling[] {
  const none = candidates.map(() => false);
  const rulings = bases.map((base): Ruling => {
    try {
      const own = modeFor(mode, run, candidates[base]);
      return { base, mode: own, barred: none, ...(own === "off" ? { reason: "off" } : {}) };
    } catch (error) {
      onError(error);
      return { base, mode: "off", reason: "mode-failed", barred: none };
    }
  });
  if (rulings.every(({ mode }) => mode === "off")) return rulings;
  const guarded = (rest: (base: number) => Pick<Ruling, "barred" | "reason">) =>
    rulings.map((ruling) => (ruling.mode === "off" ? ruling : { ...ruling, ...rest(ruling.base) }));
  try {
    const barredFor = barredBy(guard, candidates, run);
    return guarded((base) => {
      const barred = barredFor(base);
      const nothingLeft = candidates.length > 1 && barred.every((is, a) => is || a === base);
      return { barred, ...(nothingLeft ? { reason: "guarded" } : {}) };
    });
  } catch (error) {
    onError(error);
    return guarded(() => ({ barred: none, reason: "guard-failed" }));
  }
}

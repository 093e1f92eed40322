import type { PolicyMode } from "./decision.js";
import { JitRLError } from "./errors.js";
import type { ModeByRun, RunInfo } from "./mode.js";

export interface RolloutOptions {
  /** Share of the threads that learning acts in, in [0, 100]; a percentage may have any number of digits. */
  percent: number;
  /**
   * What is drawn, each with all its decisions: a thread, a tenant. A run of which it gives neither a string that is
   * not empty nor a finite number is outside.
   *
   * @default the thread
   */
  by?: (run: RunInfo) => unknown;
  /** Another text draws others, independently of all other rollouts. @default "" */
  salt?: string;
  /** For those within the percentage. @default "on" */
  inside?: PolicyMode;
  /** For all others. @default "shadow" */
  outside?: PolicyMode;
}

/**
 * A mode for a stable percentage of threads: `policy.mode = rollout({ percent: 10 })`. Raising the percentage adds
 * threads and takes none away; see {@link withinPercent}.
 *
 * @throws JitRLError `invalid-input` for a percentage out of its range
 */
export function rollout({
  percent,
  by = (run) => run.threadId,
  salt = "",
  inside = "on",
  outside = "shadow",
}: RolloutOptions): ModeByRun {
  checkPercent(percent);
  return (run) => {
    const id = by(run);
    const known = (typeof id === "string" && id !== "") || (typeof id === "number" && Number.isFinite(id));
    return known && withinPercent(String(id), percent, salt) ? inside : outside;
  };
}

/**
 * True for the same `percent` of all ids each time and on every machine: an id's place in [0, 100) is a hash of the
 * salt and the id (FNV-1a of 32 bits over their UTF-16 code units, finished as in MurmurHash3), and it is within
 * the percentage if its place is below it. So ids that are within 10 % are within 20 % too.
 *
 * Who can choose ids can choose their place: it is no protection against anybody.
 *
 * @param percent in [0, 100]
 * @throws JitRLError `invalid-input` for a percentage out of its range
 */
export function withinPercent(id: string, percent: number, salt = ""): boolean {
  checkPercent(percent);
  return (hash(`${salt.length}:${salt}${id}`) / 2 ** 32) * 100 < percent;
}

function checkPercent(percent: number): void {
  if (!(percent >= 0 && percent <= 100))
    throw new JitRLError("invalid-input", `Expected percent to be in [0, 100], found ${percent}.`);
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h = Math.imul(h ^ (unit & 0xff), 0x01000193);
    h = Math.imul(h ^ (unit >>> 8), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

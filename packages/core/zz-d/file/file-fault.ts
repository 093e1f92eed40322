import { JitRLError } from "../errors.js";

/** The `code` of an error of the operating system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** @param attempt what was tried, after "Could not" */
export function storeFailed(attempt: string, path: string, cause: unknown): JitRLError {
  const code = systemCode(cause);
  const advice = (code && advices[code]) ?? "See the cause.";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JitRLError("store-failed", `Could not ${attempt} "${path}": ${reason}. ${advice}`, {
    cause,
    details: { path, ...(code ? { systemCode: code } : {}) },
  });
}

const unwritable = "Give this process the right to write in that folder, or choose another path.";
const full = "Free space on the disk, then try again; what was stored before is intact.";
const advices: Readonly<Record<string, string>> = {
  EACCES: unwritable,
  EPERM: unwritable,
  EROFS: unwritable,
  EISDIR: "Name a file, not a folder.",
  ENOTDIR: "A part of that path is a file: choose another path.",
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
};

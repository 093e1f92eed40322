import { JitRLError } from "./errors.js";

// What comes from callers and from storage is checked with these, once, at the boundary. Each throws `invalid-input`.

export function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(what, "an object", value);
  return value as Record<string, unknown>;
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(what, "an array", value);
  return value;
}

export function string(value: unknown, what: string): string {
  if (typeof value !== "string") throw invalid(what, "a string", value);
  return value;
}

export function text(value: unknown, what: string): string {
  if (string(value, what) === "") throw invalid(what, "a string that is not empty", "an empty one");
  return value as string;
}

export function finite(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw invalid(what, "a finite number", value);
  return value;
}

export function integer(value: unknown, what: string, least: number): number {
  if (!Number.isInteger(value) || (value as number) < least)
    throw invalid(what, `an integer ≥ ${least}`, value);
  return value as number;
}

export function invalid(what: string, expected: string, found: unknown): JitRLError {
  const shown =
    typeof found === "object" && found !== null
      ? Array.isArray(found)
        ? "an array"
        : "an object"
      : String(found);
  return new JitRLError("invalid-input", `Expected ${what} to be ${expected}, found ${shown.slice(0, 80)}.`, {
    details: { field: what },
  });
}

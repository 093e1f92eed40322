import { JitRLError, type JitRLErrorCode } from "@jitrl/core";
import { describe, expect, test, vi } from "vitest";

const codes = [
  "invalid-input",
  "invalid-candidates",
  "oversized-state",
  "episode-not-found",
  "conflict",
  "memory-closed",
  "memory-failed",
  "store-locked",
  "store-corrupt",
  "store-failed",
  "store-unavailable",
  "missing-channel",
  "candidates-failed",
  "reward-failed",
] as const satisfies JitRLErrorCode[];

describe("JitRLError", () => {
  test.each(codes)("carries the code %s, its message, cause and details", (code) => {
    const cause = new Error("below");
    const error = new JitRLError(code, "What to do.", { cause, details: { field: "x" } });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "JitRLError",
      code,
      message: "What to do.",
      cause,
      details: { field: "x" },
    });
    expect(String(error)).toBe("JitRLError: What to do.");
  });

  test("has no cause and no details unless it is given them", () => {
    const error = new JitRLError("conflict", "Again.");
    expect("cause" in error).toBe(false);
    expect(error.details).toEqual({});
  });

  test("is known across two copies of the package", async () => {
    vi.resetModules();
    const copy = await import("@jitrl/core");
    expect(copy.JitRLError).not.toBe(JitRLError);
    const foreign: unknown = new copy.JitRLError("conflict", "From the other copy.");
    expect(foreign).not.toBeInstanceOf(JitRLError);
    expect(JitRLError.isInstance(foreign)).toBe(true);
    expect(copy.JitRLError.isInstance(new JitRLError("conflict", "From this one."))).toBe(true);
    if (JitRLError.isInstance(foreign)) expect(foreign.code).toBe("conflict");
  });

  test("is known in an error of a class of its own", () => {
    class Special extends JitRLError {}
    expect(JitRLError.isInstance(new Special("conflict", "Again."))).toBe(true);
  });

  test.each([
    ["another error", new Error("x")],
    ["something that merely looks alike", { name: "JitRLError", code: "conflict", message: "x" }],
    ["a text", "JitRLError"],
    ["null", null],
    ["undefined", undefined],
    ["a function", () => {}],
  ])("is not found in %s", (_, value) => {
    expect(JitRLError.isInstance(value)).toBe(false);
  });
});

import { createPolicy, type ModeByRun, type PolicyMode } from "@jitrl/core";
import { describe, expect, test } from "vitest";
import { candidatesOf, enumerate, given, memoryOf, policyOf } from "./experience.js";
import { thrown } from "./thrown.js";

const memory = await memoryOf([{ action: "a0", return: 0 }]);
const input = { state: "here", candidates: candidatesOf([1, 0]) };

/** A value that the types do not allow. */
function untyped<T>(value: unknown): T {
  return value as T;
}

describe("the mode of a policy", () => {
  test("can be changed while running, from the next decision on", async () => {
    const policy = await policyOf([0, 5]);
    const seen: [PolicyMode, string][] = [];
    for (const mode of ["on", "shadow", "off", "on"] as const) {
      policy.mode = mode;
      expect(policy.mode).toBe(mode);
      const decision = await policy.decide(input);
      seen.push([decision.mode, decision.chosen.action]);
    }
    expect(seen).toEqual([
      ["on", "a1"],
      ["shadow", "a0"],
      ["off", "a0"],
      ["on", "a1"],
    ]);
  });

  test("that is none is refused, and the mode stays as it was", async () => {
    const policy = await policyOf([0, 5], { mode: "shadow" });
    for (const mode of ["shaddow", undefined, null, 1, {}]) {
      const error = thrown(() => {
        policy.mode = untyped(mode);
      });
      expect(error.code).toBe("invalid-input");
      expect(error.message).toContain("mode");
    }
    expect((await policy.decide(input)).mode).toBe("shadow");
  });

  test("may depend on the thread, on what the caller gave the run, and on the base action", async () => {
    const mode: ModeByRun = ({ threadId, metadata }, base) => {
      if (base?.action === "pay") return "shadow";
      return metadata?.tenant === "acme" || threadId === "t1" ? "on" : "off";
    };
    const policy = await policyOf([0, 5], { mode });
    const candidates = [
      { action: "pay", logit: 1, payload: { name: "pay", args: {} } },
      { action: "ask", logit: 0 },
    ];
    const modeOf = async (...[run, baseAction]: [Parameters<ModeByRun>[0] | undefined, string]) => {
      const decision = await policy.decide({
        state: "here",
        candidates,
        baseAction,
        ...(run ? { run } : {}),
      });
      return [decision.mode, decision.reason];
    };
    expect(await modeOf({ threadId: "t1" }, "ask")).toEqual(["on", "learned"]);
    expect(await modeOf({ threadId: "t2" }, "ask")).toEqual(["off", "off"]);
    expect(await modeOf({ threadId: "t2", metadata: { tenant: "acme" } }, "ask")).toEqual(["on", "learned"]);
    expect(await modeOf({ threadId: "t1" }, "pay")).toEqual(["shadow", "learned"]);
    expect(await modeOf(undefined, "ask")).toEqual(["off", "off"]);
    expect(policy.modeFor({ threadId: "t1" })).toBe("on");
    expect(policy.modeFor({ threadId: "t1" }, candidates[0])).toBe("shadow");
  });

  const failing: [string, ModeByRun][] = [
    [
      "throws",
      () => {
        throw new Error("no tenants today");
      },
    ],
    ["gives nothing", () => untyped(undefined)],
    ["gives another word", () => untyped("maybe")],
    ["answers later", () => untyped(Promise.resolve("on"))],
    ["fails later", () => untyped(Promise.reject(new Error("later")))],
  ];
  test.each(failing)("is off where its function %s, which is reported", async (_, mode) => {
    const errors: unknown[] = [];
    const policy = await policyOf([0, 5], { mode, onError: (error) => errors.push(error) });
    expect(await policy.decide(input)).toMatchObject({
      mode: "off",
      reason: "mode-failed",
      chosen: { action: "a0" },
      chosenBy: "base",
      preferredAction: "a0",
      propensity: 1,
      kl: 0,
      evidence: [],
      draws: [],
    });
    expect(errors).toHaveLength(1);
    expect(policy.modeFor({})).toBe("off");
    expect(errors).toHaveLength(2);
  });

  test("off by function does not ask the memory", async () => {
    const policy = await policyOf([0, 5]);
    await policy.memory.close();
    policy.mode = () => "off";
    expect((await policy.decide(input)).reason).toBe("off");
  });

  test("that depends on a base action drawn among ties counts in the propensities", async () => {
    for (const selection of ["greedy", "epsilon-greedy", "sample"] as const) {
      const modes: Record<string, PolicyMode> = { a0: "on", a1: "shadow", a2: "off" };
      const options = { estimator: given([0, 5, 5]), ties: "random", selection, epsilon: 0.5 } as const;
      const mode: ModeByRun = (_, base) => modes[base?.action ?? ""] ?? "off";
      const outcomes = await enumerate(
        (random) => {
          const policy = createPolicy({ memory, mode, random, ...options });
          return policy.decide({ state: "here", candidates: candidatesOf([0, 0, 0]) });
        },
        selection === "sample" ? 24 : 12,
        selection === "epsilon-greedy" ? 3 : 2,
      );
      for (const { frequency, propensities } of outcomes.values()) {
        expect(propensities.size).toBe(1);
        expect(Math.abs(frequency - [...propensities][0]!)).toBeLessThan(
          selection === "sample" ? 1 / 24 : 1e-9,
        );
      }
    }
  });
});

test("createPolicy refuses a mode that is none", () => {
  expect(thrown(() => createPolicy({ memory, mode: untyped("sometimes") })).code).toBe("invalid-input");
});

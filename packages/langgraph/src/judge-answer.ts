import { JitRLError, type JudgedStep, MAX_REASON } from "@jitrl/core";
import { shortened } from "./shortened.js";

/** The least and the largest score of a judge, which are rewards as they stand. */
export interface JudgeScale {
  readonly min: number;
  readonly max: number;
}

/** The form of a judge's answer, as JSON Schema. The reason comes first, so that the score follows from it. */
export function answerSchema({ min, max }: JudgeScale) {
  return {
    title: "score_steps",
    description: "Scores the steps of an agent's run by what they led to.",
    type: "object",
    additionalProperties: false,
    required: ["scores"],
    properties: {
      scores: {
        type: "array",
        description: "One entry for every step that was shown.",
        items: {
          type: "object",
          additionalProperties: false,
          required: ["step", "reason", "score"],
          properties: {
            step: { type: "integer", description: "the index of the step" },
            reason: { type: "string", description: "what the step led to, in one or two sentences" },
            score: { type: "number", description: `from ${min} to ${max}` },
          },
        },
      },
    },
  };
}

/**
 * Reads a judge's answer. An answer with a fault is of no use as a whole: who scores a step that was not there, or
 * one step in two ways, may have mixed up the others too. Steps without a score are no fault, and stay unscored.
 *
 * @param steps indices of the steps that were shown
 * @throws JitRLError `reward-failed`, which says what was wrong
 */
export function readJudgement(
  answer: unknown,
  steps: { readonly from: number; readonly to: number },
  scale: JudgeScale,
): Map<number, JudgedStep> {
  const { scores } = members(answer, "an object { scores }");
  if (!Array.isArray(scores)) throw malformed("a list of scores", scores);
  const listed: readonly unknown[] = scores;
  if (listed.length === 0) throw malformed("a score for each step", "none");
  const judged = new Map<number, JudgedStep>();
  for (const entry of listed) {
    const { step: index, reason, score } = members(entry, "entries { step, reason, score }");
    const step = numberOf(index);
    if (step === undefined || !Number.isInteger(step) || step < steps.from || step >= steps.to)
      throw malformed(`a step from ${steps.from} to ${steps.to - 1}`, index);
    const value = numberOf(score);
    if (value === undefined || value < scale.min || value > scale.max)
      throw malformed(`a score from ${scale.min} to ${scale.max}`, score);
    if (typeof reason !== "string" && reason !== undefined && reason !== null)
      throw malformed("a reason in words", reason);
    const before = judged.get(step);
    if (before && before.value !== value) throw malformed(`one score for step ${step}`, "two");
    judged.set(step, { step, value, ...(reason ? { reason: shortened(reason, MAX_REASON) } : {}) });
  }
  return judged;
}

function members(value: unknown, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(expected, value);
  return { ...value };
}

/** Models write numbers as texts at times. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function malformed(expected: string, found: unknown): JitRLError {
  const shown = typeof found === "object" && found !== null ? "an object" : String(found).slice(0, 80);
  return new JitRLError("reward-failed", `Expected the judge to give ${expected}, found ${shown}.`, {
    details: { expected },
  });
}

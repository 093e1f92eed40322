import { JitRLError, type JudgedStep, MAX_REASON, type RewardSource } from "@jitrl/core";
import type { Evaluator, JudgedRun } from "./evaluator.js";
import { shortened } from "./shortened.js";
import { callsFromPayload } from "./tool-call.js";

/** What evaluators of `openevals` and `agentevals` return. */
export interface OpenevalsResult {
  readonly key: string;
  readonly score: number | boolean;
  readonly comment?: string;
}

/** A message in the form that these evaluators take. */
export type OpenevalsMessage =
  | { role: "user"; content: string }
  | {
      role: "assistant";
      content: string;
      tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
    }
  | { role: "tool"; content: string; tool_call_id: string };

/** What an evaluator is called with. A type, so that it also fits records. */
export type OpenevalsParams = {
  /** What the run was asked to do. */
  inputs: string;
  /** The run as a conversation. */
  outputs: OpenevalsMessage[];
};

export interface FromOpenevalsOptions {
  /** Who judges: its rewards have the source `judge:<name>`. @default "openevals" */
  name?: string;
  /** The reward for a score. @default 1 for true and −1 for false; a number as it stands */
  reward?: (score: number | boolean, key: string) => number;
}

type Results = OpenevalsResult | OpenevalsResult[];

/**
 * An evaluator of `openevals` or `agentevals`, or any other function that returns `{ key, score, comment }`, as judge
 * of a run's outcome. Several results are rewards in several respects, which add up. Its comment becomes the reason.
 *
 * @param evaluate called with the run as a conversation; an evaluator that needs more gets it from a function around it
 * @example
 * fromOpenevals(createTrajectoryLLMAsJudge({ prompt: TRAJECTORY_ACCURACY_PROMPT, judge: model }));
 * fromOpenevals((params) => trajectoryStrictMatch({ ...params, referenceOutputs }));
 * @throws JitRLError `invalid-input`
 */
export function fromOpenevals(
  evaluate: (params: OpenevalsParams, run: JudgedRun) => Results | Promise<Results>,
  options: FromOpenevalsOptions = {},
): Evaluator {
  const { name = "openevals", reward = rewardOf } = options;
  if (typeof evaluate !== "function" || name === "")
    throw new JitRLError("invalid-input", "Expected a function as evaluator, and a name that is not empty.");
  const source: RewardSource = `judge:${name}`;
  return {
    source,
    async evaluate(run) {
      const results = await evaluate(paramsOf(run), run);
      const listed = Array.isArray(results) ? results : [results];
      return listed.map((result): JudgedStep => {
        const { key, score, comment } = checked(result);
        const reason = comment ? { reason: shortened(comment, MAX_REASON) } : {};
        return { value: reward(score, key), ...(listed.length > 1 ? { respect: key } : {}), ...reason };
      });
    },
  };
}

function rewardOf(score: number | boolean): number {
  return typeof score === "number" ? score : score ? 1 : -1;
}

function checked(result: OpenevalsResult): OpenevalsResult {
  const score: unknown = result?.score;
  if (typeof score === "boolean" || Number.isFinite(score)) return result;
  throw new JitRLError(
    "reward-failed",
    `Expected the evaluator to return { key, score }, with a number or a boolean as score, found ${String(score)}.`,
  );
}

function paramsOf(run: JudgedRun): OpenevalsParams {
  const { task = "", steps, outcome } = run.transcript;
  const outputs: OpenevalsMessage[] = task === "" ? [] : [{ role: "user", content: task }];
  run.steps.forEach(({ action, payload }, i) => {
    const { said = "", result } = steps[i] ?? {};
    const calls = (callsFromPayload(payload) ?? []).map((call, j) => ({
      id: call.id ?? `step-${i}.${j}`,
      type: "function" as const,
      function: { name: call.name, arguments: JSON.stringify(call.args) },
    }));
    const content = said === "" && calls.length === 0 ? action : said;
    outputs.push({ role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) });
    // What several calls at once brought is known together only.
    calls.forEach(({ id }, j) => {
      if (result !== undefined)
        outputs.push({ role: "tool", content: j === 0 ? result : "", tool_call_id: id });
    });
  });
  if (outcome !== undefined) outputs.push({ role: "assistant", content: outcome });
  return { inputs: task, outputs };
}

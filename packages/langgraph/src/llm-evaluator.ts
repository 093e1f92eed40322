import { JitRLError, type JudgedStep, MAX_REWARD, type RewardSource } from "@jitrl/core";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Evaluator, JudgedRun } from "./evaluator.js";
import { answerSchema, type JudgeScale, readJudgement } from "./judge-answer.js";
import {
  again,
  type JudgePrompt,
  type JudgePromptOptions,
  judgeInstructions,
  judgePrompts,
} from "./judge-prompt.js";
import { type CountTokens, estimateTokens } from "./judge-record.js";
import { unstreamed } from "./unstreamed.js";

export interface LlmEvaluatorOptions {
  /** Any chat model with structured output. */
  model: Pick<BaseChatModel, "withStructuredOutput">;
  /**
   * Who judges: its rewards have the source `judge:<name>`. Change it with the model or the rubric, so that what the
   * earlier one said can be told apart, revoked or recomputed.
   *
   * @default "llm"
   */
  name?: string;
  /** What counts as good and bad, in plain words. @default nothing but the consequences */
  rubric?: string;
  /** The least and the largest score; a score is a reward as it stands. @default { min: -1, max: 1 } */
  scale?: JudgeScale;
  /**
   * Hides from the judge how the run came out: its end, the agent's last words, what the last step brought, and the
   * rewards of others. Against judges who call everything good that ended well.
   *
   * @default false
   */
  blind?: boolean;
  /**
   * Most tokens of one request, as `countTokens` counts them, without the schema of the answer; at least 2,000. A
   * longer run is judged in several requests. Long texts are cut in their middle.
   *
   * @default 24_000
   */
  tokenBudget?: number;
  /** Steps that one window shares with the one before, an integer ≥ 0. @default 2 */
  overlap?: number;
  /** Counts the tokens of a text. @default an estimate: a token for 4 characters of ASCII, and for each other character */
  countTokens?: CountTokens;
}

/**
 * A model as judge: one call an episode scores every step by what it led to. A run that is too long for the budget is
 * judged in windows that overlap; a step in two of them has the score of the later one, which sees more of what the
 * step led to.
 *
 * An answer that is not of the form is asked for once more; then the evaluation fails, and the episode stays unscored.
 * Nothing is put in place of a score. The texts of the run are delimited so that they cannot pose as anything else, and
 * the judge is told to follow none of them. That is no proof: a model may still be talked into a score. Where that
 * matters, let the environment or people reward too, who come before any judge.
 *
 * @throws JitRLError `invalid-input` for an option out of its range
 */
export function llmEvaluator(options: LlmEvaluatorOptions): Evaluator {
  const {
    model,
    name = "llm",
    rubric = "",
    scale = { min: -1, max: 1 },
    blind = false,
    tokenBudget = 24_000,
    overlap = 2,
    countTokens = estimateTokens,
  } = options;
  if (name === "") throw new JitRLError("invalid-input", "Expected name to be a text that is not empty.");
  if (!(scale.min < scale.max && Math.max(-scale.min, scale.max) <= MAX_REWARD)) {
    const found = `{ min: ${scale.min}, max: ${scale.max} }`;
    throw new JitRLError(
      "invalid-input",
      `Expected scale to be { min, max } with min < max, found ${found}.`,
    );
  }
  if (!(tokenBudget >= 2_000))
    throw new JitRLError("invalid-input", `Expected tokenBudget to be at least 2000, found ${tokenBudget}.`);
  if (!Number.isInteger(overlap) || overlap < 0)
    throw new JitRLError("invalid-input", `Expected overlap to be an integer ≥ 0, found ${overlap}.`);
  const prompting: JudgePromptOptions = { rubric, scale, blind, tokenBudget, overlap, countTokens };
  const instructions = judgeInstructions(prompting);
  if (countTokens(instructions) > tokenBudget / 2) {
    throw new JitRLError("invalid-input", "Expected a rubric that leaves half of tokenBudget to the run.");
  }
  // With the raw message, an answer that cannot be parsed is told from a request that failed, whatever the provider.
  const judge = model.withStructuredOutput(answerSchema(scale), { name: "score_steps", includeRaw: true });
  const source: RewardSource = `judge:${name}`;

  async function score({ window, text }: JudgePrompt, config: RunnableConfig, fault?: string) {
    const asked = fault === undefined ? text : again(text, fault);
    const messages = [new SystemMessage(instructions), new HumanMessage(asked)];
    try {
      return readJudgement(parsedOf(await judge.invoke(messages, config)), window, scale);
    } catch (error) {
      if (fault !== undefined || !isMalformed(error)) throw error;
      // Not what was found: those are words of the model, which may repeat words of anybody.
      const expected = JitRLError.isInstance(error) ? error.details.expected : undefined;
      const told = typeof expected === "string" ? `Expected ${expected}.` : "It was not of the form.";
      return score({ window, text }, config, told);
    }
  }

  return {
    source,
    async evaluate(run: JudgedRun, config: RunnableConfig = {}) {
      const judged = new Map<number, JudgedStep>();
      for (const prompt of judgePrompts(run, prompting)) {
        const scores = await score(prompt, { ...unstreamed(config), runName: "jitrl:judge" });
        for (const [step, one] of scores) judged.set(step, one);
      }
      return [...judged.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
    },
  };
}

function parsedOf(answer: unknown): unknown {
  const both = typeof answer === "object" && answer !== null && "raw" in answer && "parsed" in answer;
  return both ? answer.parsed : answer;
}

/** The model did answer, but not as it was asked to; what else fails is for its own retries. */
function isMalformed(error: unknown): boolean {
  if (JitRLError.isInstance(error)) return error.code === "reward-failed";
  return (
    error instanceof Error && "lc_error_code" in error && error.lc_error_code === "OUTPUT_PARSING_FAILURE"
  );
}

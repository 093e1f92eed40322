import { JitRLError } from "./errors.js";

/** Share that an action gets which was scored 0 or never sampled, as a fraction of the smallest share that was. */
const UNSEEN_SHARE = 0.1;

/**
 * Logits from scores such as a model's 0–100: `softmax(z) = score / Σ scores`, so `z = ln(score / Σ scores)`.
 * Only the ratios count. A score of 0 would be a probability of 0 that no evidence could ever raise, so zeros are
 * lifted to a tenth of the smallest positive score before the shares are taken. All scores 0: all equal.
 *
 * @throws JitRLError `invalid-input` for scores that are negative or not finite, and for none at all
 */
export function logitsFromScores(scores: readonly number[]): number[] {
  checkNonNegative("scores", scores);
  const top = scores.reduce((max, score) => Math.max(max, score), 0);
  if (top === 0) return scores.map(() => -Math.log(scores.length));
  // As logarithms relative to the top, so that neither the sum nor a share leaves the range of numbers.
  const relative = scores.map((score) => Math.log(score) - Math.log(top));
  const least = relative.reduce((low, z, a) => (scores[a]! > 0 ? Math.min(low, z) : low), 0);
  const lifted = relative.map((z, a) => (scores[a]! > 0 ? z : least + Math.log(UNSEEN_SHARE)));
  const total = lifted.reduce((sum, z) => sum + Math.exp(z), 0);
  return lifted.map((z) => z - Math.log(total));
}

/**
 * Logits from natural-log probabilities as model APIs give them: they are logits as they stand. A probability of
 * 0 (`-Infinity`, or the sentinel -9999 of some APIs) is lifted to `floor`.
 *
 * @param floor least log-probability kept, @default -20
 * @throws JitRLError `invalid-input` for NaN, `+Infinity` or a log-probability above 0 by more than rounding
 */
export function logitsFromLogprobs(logprobs: readonly number[], options: { floor?: number } = {}): number[] {
  const floor = options.floor ?? -20;
  if (logprobs.length === 0)
    throw new JitRLError("invalid-input", "Expected at least one log-probability, found none.");
  return logprobs.map((logprob, i) => {
    if (Number.isNaN(logprob) || logprob > 1e-6) {
      throw new JitRLError(
        "invalid-input",
        `Expected logprobs[${i}] to be a natural logarithm ≤ 0, found ${logprob}.`,
      );
    }
    return Math.max(logprob, floor);
  });
}

/**
 * Logits from how often each action was sampled: `softmax(z) = count / Σ counts`. A count of 0 is lifted as in
 * {@link logitsFromScores}.
 */
export function logitsFromFrequencies(counts: readonly number[]): number[] {
  checkNonNegative("counts", counts);
  return logitsFromScores(counts);
}

function checkNonNegative(what: string, values: readonly number[]): void {
  if (values.length === 0)
    throw new JitRLError("invalid-input", `Expected at least one of ${what}, found none.`);
  const wrong = values.findIndex((value) => !Number.isFinite(value) || value < 0);
  if (wrong >= 0) {
    throw new JitRLError(
      "invalid-input",
      `Expected ${what}[${wrong}] to be a finite number ≥ 0, found ${values[wrong]}.`,
    );
  }
}

/**
 * The policy update of just-in-time reinforcement learning (arXiv 2601.18510), in closed form.
 *
 * Among all policies π, the maximiser of `E_π[A] − (1/β)·KL(π ‖ π₀)` is
 *
 *     π*(a) ∝ π₀(a) · exp(β·A(a))      that is, in logits,      z*(a) = z(a) + β·A(a)
 *
 * so no gradient and no training is needed: adding the advantages to the logits is the optimum itself.
 */
export function updateLogits(
  logits: readonly number[],
  advantages: readonly number[],
  beta: number,
): number[] {
  return logits.map((z, a) => clamp(z + clamp(beta * advantages[a]!)));
}

/** `softmax(z)(a) = exp(z(a)) / Σ exp(z)`; sums to 1 for any logits, ±1e308 and infinities included. */
export function softmax(logits: readonly number[]): number[] {
  const exponentials = shifted(logits).map(Math.exp);
  const total = exponentials.reduce((sum, e) => sum + e, 0);
  return exponentials.map((e) => e / total);
}

/** `ln softmax(z)`, exact where the probability itself is too small for a number. */
export function logSoftmax(logits: readonly number[]): number[] {
  const z = shifted(logits);
  const logTotal = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
  return z.map((x) => x - logTotal);
}

/** `KL(softmax(z) ‖ softmax(z₀)) = Σ π ln(π / π₀)` in nats, ≥ 0. */
export function klDivergence(logits: readonly number[], baseLogits: readonly number[]): number {
  const logP = logSoftmax(logits);
  const logQ = logSoftmax(baseLogits);
  let kl = 0;
  for (let a = 0; a < logP.length; a++) {
    const p = Math.exp(logP[a]!);
    if (p > 0) kl += p * (logP[a]! - logQ[a]!);
  }
  return clamp(Math.max(0, kl));
}

/**
 * The largest `β' ≤ β` with `KL(π_β' ‖ π₀) ≤ budget`, by bisection: the divergence grows monotonically in β'.
 *
 * @param budget nats, ≥ 0; `Infinity` for none
 */
export function betaWithinBudget(
  logits: readonly number[],
  advantages: readonly number[],
  beta: number,
  budget: number,
): number {
  const divergence = (b: number) => klDivergence(updateLogits(logits, advantages, b), logits);
  if (budget === Number.POSITIVE_INFINITY || divergence(beta) <= budget) return beta;
  let within = 0;
  let beyond = beta;
  for (;;) {
    const middle = within + (beyond - within) / 2;
    if (middle === within || middle === beyond) return within;
    if (divergence(middle) <= budget) within = middle;
    else beyond = middle;
  }
}

function clamp(x: number): number {
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, x));
}

/** Logits less their maximum, so that exponentials cannot overflow; finite, so that divergences are. */
function shifted(logits: readonly number[]): number[] {
  const top = logits.reduce((max, z) => Math.max(max, z), Number.NEGATIVE_INFINITY);
  // An infinite maximum is a tie of all that reach it; the difference of two infinities would be NaN.
  return logits.map((z) => (z === top ? 0 : clamp(z - top)));
}

/** A mean with how sure it is. */
export interface ValueEstimate {
  readonly value: number;
  /** Ends of the 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
}

/** What one episode adds to a ratio of two sums. Its steps depend on each other; episodes are taken as independent. */
export interface ClusterSum {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * `v = Σ N_e / Σ D_e` over E episodes, with its standard error by linearisation, the episode being the unit:
 *
 *     se² = E/(E−1) · Σ (N_e − v·D_e)² / (Σ D_e)²
 *
 * and the interval `v ± t·se`, with the 97.5 % quantile t of Student's distribution of E − 1 degrees of freedom.
 *
 * @param clusters at least two, with a positive sum of denominators
 */
export function ratioOfSums(clusters: readonly ClusterSum[]): ValueEstimate {
  const count = clusters.length;
  const denominator = clusters.reduce((sum, c) => sum + c.denominator, 0);
  const value = clusters.reduce((sum, c) => sum + c.numerator, 0) / denominator;
  const squares = clusters.reduce((sum, c) => sum + (c.numerator - value * c.denominator) ** 2, 0);
  const standardError = Math.sqrt((count / (count - 1)) * squares) / denominator;
  const reach = studentT975(count - 1) * standardError;
  return { value, low: value - reach, high: value + reach, standardError };
}

/**
 * The 97.5 % quantile of Student's t distribution, by Cornish and Fisher's expansion around the normal one; within
 * 0.003 from 5 degrees of freedom on.
 */
export function studentT975(degrees: number): number {
  const z = 1.959963984540054;
  const n = degrees;
  return (
    z +
    (z ** 3 + z) / (4 * n) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3) +
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92160 * n ** 4)
  );
}

import type { Feature, State } from "@jitrl/core";
import fc from "fast-check";

/** Words of few letters, so that random bags overlap. */
export const randomTokens = (maxLength = 6): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength });

/** States small enough that equal ones, equal features and equal similarities are frequent. */
export function randomState(): fc.Arbitrary<State> {
  const feature: fc.Arbitrary<Feature> = fc.record({
    tokens: randomTokens(),
    weight: fc.constantFrom(0.1, 0.3, 0.6, 1),
  });
  return fc.record(
    {
      features: fc.dictionary(fc.constantFrom("f", "g", "__proto__"), feature, { minKeys: 1, maxKeys: 3 }),
      partition: fc.constantFrom("p", "q"),
    },
    { requiredKeys: ["features"] },
  );
}

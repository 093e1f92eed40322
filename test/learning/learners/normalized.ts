import { jitrlLearner } from "./jitrl-learner.js";

export const normalized = jitrlLearner("normalized", "JitRL with the paper's normalized advantages", {
  policy: { estimator: "normalized" },
});

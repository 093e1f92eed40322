import { jitrlLearner } from "./jitrl-learner.js";

export const plain = jitrlLearner("plain", "JitRL with the published rule", {
  policy: { estimator: "plain" },
});

import { jitrlLearner } from "./jitrl-learner.js";

/** The frozen model alone: the candidate with the highest logit, whatever happened before. */
export const staticLearner = jitrlLearner("static", "the model's first choice, always", {
  policy: { mode: "off" },
});

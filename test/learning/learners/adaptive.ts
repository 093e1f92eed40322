import { jitrlLearner } from "./jitrl-learner.js";

export const adaptive = jitrlLearner("adaptive", "JitRL with the default estimator");

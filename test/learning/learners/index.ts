import type { LearnerKind } from "../experiment.js";
import { adaptive } from "./adaptive.js";
import { cache } from "./cache.js";
import { linucb } from "./linucb.js";
import { normalized } from "./normalized.js";
import { plain } from "./plain.js";
import { released } from "./released.js";
import { staticLearner } from "./static.js";
import { text } from "./text.js";
import { vw } from "./vw.js";

/** All kinds of learners, in the order in which they are shown. */
export const learnerKinds: readonly LearnerKind[] = [
  staticLearner,
  adaptive,
  plain,
  normalized,
  released,
  text,
  cache,
  linucb,
  vw,
];

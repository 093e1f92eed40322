import type { Experiment } from "../experiment.js";
import { bandit } from "./bandit.js";
import { contexts } from "./contexts.js";
import { credit } from "./credit.js";
import { deepSea } from "./deep-sea.js";
import { drift } from "./drift.js";
import { fewShots } from "./few-shot.js";
import { goodPrior } from "./good-prior.js";
import { judgeOnly } from "./judge-only.js";
import { manyActions } from "./many-actions.js";
import { noisyJudges } from "./noisy-judge.js";
import { poisoned } from "./poisoned.js";
import { supportDesk } from "./support-desk.js";
import { transfer } from "./transfer.js";
import { zork1 } from "./zork1.js";

/** The suite, in the order in which it is shown; `zork1` only where its story is. */
export const experiments: readonly Experiment[] = [
  bandit,
  contexts,
  credit,
  deepSea,
  ...noisyJudges,
  drift,
  transfer,
  goodPrior,
  manyActions,
  ...fewShots,
  judgeOnly,
  poisoned,
  supportDesk,
  ...(zork1 ? [zork1] : []),
];

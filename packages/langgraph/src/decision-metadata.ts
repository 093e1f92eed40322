import { type DecisionSummary, summarize } from "@jitrl/core";
import type { Decided } from "./decision-options.js";
import type { DecisionMetadata } from "./events.js";
import type { Recorded } from "./record-steps.js";

/**
 * What the message tells of the decision.
 *
 * @param mirror whether the steps themselves go along, since the message outlives the place where they are kept
 */
export function metadataOf(
  { trajectory, index }: Recorded,
  { decision }: Decided,
  mirror: boolean,
): DecisionMetadata {
  const first = trajectory.steps[0];
  return {
    episodeId: trajectory.episodeId,
    step: index,
    stepId: first?.id ?? "",
    action: first?.action ?? "",
    chosenBy: first?.chosenBy ?? "base",
    ...(decision ? { decision: inMessage(summarize(decision)) } : {}),
    ...(mirror ? { trajectory } : {}),
  };
}

/** What was not chosen is kept with the step alone: a message lives on in every state of the thread. */
function inMessage({ candidates: _, ...decision }: DecisionSummary): DecisionSummary {
  return decision;
}

import type { Decision } from "@jitrl/core";
import { RunnableLambda } from "@langchain/core/runnables";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { DecisionMetadata } from "./events.js";

/**
 * Leaves the decision in the trace, as a run of its own that LangSmith and other tracers show: candidates as its
 * input, the decision as its output, and in its metadata what one searches for. A run that has begun, such as the
 * node's, takes no more metadata.
 */
export async function traceDecision(
  decision: Decision,
  { episodeId, step }: Pick<DecisionMetadata, "episodeId" | "step">,
  config: LangGraphRunnableConfig,
): Promise<void> {
  if (!config.callbacks) return;
  const { chosen, chosenBy, mode, reason, baseAction, preferredAction, propensity, kl, evidence } = decision;
  const metadata = {
    jitrl_episode: episodeId,
    jitrl_step: step,
    jitrl_action: chosen.action,
    jitrl_chosen_by: chosenBy,
    jitrl_mode: mode,
    jitrl_reason: reason,
    jitrl_base_action: baseAction,
    jitrl_preferred_action: preferredAction,
    jitrl_propensity: propensity,
    jitrl_kl: kl,
    jitrl_evidence: evidence.length,
  };
  const run = RunnableLambda.from((_: Pick<Decision, "candidates">) => decision);
  await run.invoke(
    { candidates: decision.candidates },
    {
      ...config,
      runName: "jitrl:decision",
      tags: [...(config.tags ?? []), "jitrl"],
      metadata: { ...config.metadata, ...metadata },
    },
  );
}

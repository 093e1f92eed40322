import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/** Tag of all that is asked of models only to decide, by which `withoutHidden` knows it in a stream of events. */
export const HIDDEN = "jitrl:hidden";

/** The first of them is the one by which LangGraph keeps the tokens of a model out of the stream of messages. */
export const quietTags: readonly string[] = ["langsmith:nostream", HIDDEN];

/**
 * Runs a node as LangGraph runs functions: what it calls finds the config by itself, for `interrupt`, tracing and
 * the like. Models that are called on the way do not show up in the stream of messages.
 */
export function quietly<T>(config: RunnableConfig, run: (config: RunnableConfig) => Promise<T>): Promise<T> {
  const quiet = { ...config, tags: [...(config.tags ?? []), ...quietTags] };
  return AsyncLocalStorageProviderSingleton.runWithConfig(quiet, () => run(quiet));
}

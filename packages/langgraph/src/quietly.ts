import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/** Tag by which LangGraph keeps the tokens of a model out of the stream of messages. */
const NO_STREAM = "langsmith:nostream";

/**
 * Runs a node as LangGraph runs functions: what it calls finds the config by itself, for `interrupt`, tracing and
 * the like. Models that are called on the way do not show up in the stream of messages.
 */
export function quietly<T>(config: RunnableConfig, run: (config: RunnableConfig) => Promise<T>): Promise<T> {
  const quiet = { ...config, tags: [...(config.tags ?? []), NO_STREAM] };
  return AsyncLocalStorageProviderSingleton.runWithConfig(quiet, () => run(quiet));
}

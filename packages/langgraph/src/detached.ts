import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/**
 * Runs work that outlives the run in which it began: models called on the way find nothing of that run, neither its
 * abort signal nor its streams nor its trace.
 *
 * @param config what models are to be called with
 */
export function detached<T>(work: (config: RunnableConfig) => Promise<T>): Promise<T> {
  return AsyncLocalStorageProviderSingleton.runWithConfig(undefined, () => work({ callbacks: [] }), true);
}

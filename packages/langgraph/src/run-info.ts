import type { RunInfo } from "@jitrl/core";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";

/** The thread of a run, if it has one. */
export function threadOf({ configurable }: LangGraphRunnableConfig): string | undefined {
  const id: unknown = configurable?.thread_id;
  return (typeof id === "string" && id !== "") || typeof id === "number" ? String(id) : undefined;
}

/** What a mode or a guard may depend on: the thread, and what the caller gave the run as metadata. */
export function runInfoOf(config: LangGraphRunnableConfig): RunInfo {
  const threadId = threadOf(config);
  return {
    ...(threadId === undefined ? {} : { threadId }),
    ...(config.metadata ? { metadata: config.metadata } : {}),
  };
}

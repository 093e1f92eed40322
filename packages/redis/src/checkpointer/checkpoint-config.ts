import { JitRLError } from "@jitrl/core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { getCheckpointId } from "@langchain/langgraph-checkpoint";

/** The thread that a configuration names. @throws JitRLError `invalid-input` */
export function threadOf(config: RunnableConfig, action: string): string {
  const thread: unknown = config.configurable?.thread_id;
  if (typeof thread === "string" && thread !== "") return thread;
  throw new JitRLError(
    "invalid-input",
    `Expected configurable.thread_id to be a string that is not empty, to ${action}; found ${thread === "" ? "an empty one" : typeof thread}. Pass one: graph.invoke(input, { configurable: { thread_id: "my-thread" } }).`,
    { details: { field: "configurable.thread_id" } },
  );
}

export function namespaceOf(config: RunnableConfig): string | undefined {
  const namespace: unknown = config.configurable?.checkpoint_ns;
  return typeof namespace === "string" ? namespace : undefined;
}

/** The checkpoint that a configuration names, if it names one. */
export function checkpointOf(config: RunnableConfig): string | undefined {
  return getCheckpointId(config) || undefined;
}

export function configOf(thread: string, namespace: string, id: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: id } };
}

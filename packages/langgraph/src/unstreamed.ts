import {
  callbackHandlerPrefersChatModelStreamEvents,
  callbackHandlerPrefersStreaming,
} from "@langchain/core/callbacks/base";
import type { Callbacks } from "@langchain/core/callbacks/manager";

/**
 * A config with which a model answers in one piece, although somebody watches the graph's stream: put together from
 * chunks, answers lose their log-probabilities with some clients, structured answers cannot be read with ChatAnthropic, and
 * several completions become one with all.
 */
export function unstreamed<C extends { callbacks?: Callbacks }>(config: C): C {
  const { callbacks } = config;
  // A list holds what the caller gave, such as tracers; watchers of a graph's stream come in a manager.
  if (!callbacks || Array.isArray(callbacks)) return config;
  const manager = callbacks.copy();
  for (const handler of [...manager.handlers]) {
    if (callbackHandlerPrefersStreaming(handler) || callbackHandlerPrefersChatModelStreamEvents(handler))
      manager.removeHandler(handler);
  }
  return { ...config, callbacks: manager };
}

import type { RunnableConfig } from "@langchain/core/runnables";
import { HIDDEN, quietTags } from "../quietly.js";

/**
 * Runs what calls models whose tokens nobody is to see: their runs get the tags that keep them out of the stream of
 * messages, and by which {@link withoutHidden} finds them.
 *
 * The tags are added to the node's callbacks, and not to the model, so that they hold for a fallback model too, and
 * so that langchain still sees what the model can do.
 */
export async function hidden<T>({ callbacks }: RunnableConfig, run: () => Promise<T>): Promise<T> {
  // Without callbacks nobody looks on.
  if (!callbacks || Array.isArray(callbacks)) return run();
  const added = quietTags.filter((tag) => !callbacks.inheritableTags.includes(tag));
  callbacks.addTags(added, true);
  try {
    return await run();
  } finally {
    callbacks.removeTags(added);
  }
}

/**
 * A stream of `streamEvents` without the events of what is asked of models only to decide, among them the agent's own
 * calls that may be replaced. What is executed is still there: in the events of the agent's node.
 */
export async function* withoutHidden<E extends { readonly tags?: readonly string[] }>(
  events: AsyncIterable<E>,
): AsyncGenerator<E> {
  for await (const event of events) if (!event.tags?.includes(HIDDEN)) yield event;
}

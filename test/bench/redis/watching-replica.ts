// A process that follows a namespace and says when each episode could be retrieved: visibility.ts starts it.
import { ExactSimilarityIndex, openMemory, type State } from "@jitrl/core";
import { RedisExperienceStore } from "@jitrl/redis";
import { connected } from "./connected.js";
import { markOf } from "./marked-episode.js";

const [url = "", namespace = ""] = process.argv.slice(2);
let seen: [mark: number, at: number][] = [];

/** Notes when a state with a mark can be found. */
class NotingIndex extends ExactSimilarityIndex {
  override add(state: State): number {
    const id = super.add(state);
    const mark = markOf(state);
    if (mark !== undefined) seen.push([mark, performance.timeOrigin + performance.now()]);
    return id;
  }
}

const client = await connected(url);
const store = await RedisExperienceStore.open({ client, namespace });
await openMemory({ store, createIndex: () => new NotingIndex() });
setInterval(() => {
  if (seen.length > 0) process.send?.(seen);
  seen = [];
}, 20);
process.once("disconnect", () => process.exit());
process.send?.("ready");

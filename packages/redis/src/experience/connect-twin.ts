import type { RedisConnection, TwinSettings } from "../redis-connection.js";
import { within } from "./reach.js";

/** How long a connection may take, ms. */
const CONNECT_TIMEOUT = 5_000;

const settings: TwinSettings = { commandOptions: { timeout: undefined }, minimizeConnections: true };

/**
 * Connects a duplicate of a client, for commands that block.
 *
 * @param signal gives up at once
 */
export async function connectTwin(client: RedisConnection, signal: AbortSignal): Promise<RedisConnection> {
  try {
    return await connect(client.duplicate(settings), signal);
  } catch (error) {
    // The nodes by which a cluster was found at first may be gone; those that it has now are known.
    const known = client.masters ?? [];
    if (known.length === 0 || signal.aborted) throw error;
    const rootNodes = known.map(({ host, port }) => ({ socket: { host, port } }));
    return connect(client.duplicate({ ...settings, rootNodes }), signal);
  }
}

async function connect(twin: RedisConnection, signal: AbortSignal): Promise<RedisConnection> {
  let last: Error | undefined;
  // Without a listener an error of the connection would end the process; the commands that it concerns fail with it.
  twin.on("error", (error) => {
    last = error;
  });
  const aborted = new AbortController();
  try {
    const given = new Promise<never>((_, reject) => {
      const giveUp = () => reject(new Error("the store is closed"));
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true, signal: aborted.signal });
    });
    await within(Promise.race([twin.connect(), given]), CONNECT_TIMEOUT);
    return twin;
  } catch (error) {
    disconnect(twin);
    throw last ?? error;
  } finally {
    aborted.abort();
  }
}

export function disconnect(client: RedisConnection): void {
  try {
    const gone = client.destroy();
    if (gone instanceof Promise) gone.catch(() => {});
  } catch (error) {
    // It was closed already, by its own means.
    void error;
  }
}

import type { RedisConnection } from "../redis-connection.js";
import { within } from "./reach.js";

/** How long a connection may take, ms. */
const CONNECT_TIMEOUT = 5_000;

/** Connects a duplicate of a client, for commands that block. */
export async function connectTwin(client: RedisConnection): Promise<RedisConnection> {
  const twin = client.duplicate({ commandOptions: { timeout: undefined } });
  let last: Error | undefined;
  // Without a listener an error of the connection would end the process; the commands that it concerns fail with it.
  twin.on("error", (error) => {
    last = error;
  });
  try {
    await within(twin.connect(), CONNECT_TIMEOUT);
    return twin;
  } catch (error) {
    disconnect(twin);
    throw last ?? error;
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

import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type CheckpointerOptions, RedisExperienceCheckpointer } from "../../src/index.js";
import { sharedServer } from "../servers/index.js";

/** A server for the tests of a `describe`, and checkpointers on it that close by themselves. */
export function withCheckpointers(
  start: () => Promise<{ readonly url: string; stop(): Promise<void> }> = sharedServer,
) {
  let server: { readonly url: string; stop(): Promise<void> };
  const opened: RedisExperienceCheckpointer[] = [];
  beforeAll(async () => {
    server = await start();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((checkpointer) => checkpointer.close()));
  });
  afterAll(async () => {
    await server.stop();
  });
  return {
    url: () => server.url,
    /** In a namespace of its own unless one is given. */
    async open(options: CheckpointerOptions = {}): Promise<RedisExperienceCheckpointer> {
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url, {
        namespace: randomUUID(),
        ...options,
      });
      opened.push(checkpointer);
      return checkpointer;
    },
  };
}

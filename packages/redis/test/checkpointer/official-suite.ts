import { randomUUID } from "node:crypto";
import * as vitest from "vitest";
import { RedisExperienceCheckpointer } from "../../src/index.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { useAll } from "./use-all.js";

/**
 * The official suite of LangGraph's checkpointers, and its cases of delta channels, which are not part of it. It
 * expects vitest's functions as globals, as `globals: true` gives them to every file; this gives them to one.
 */
export async function officialSuite(
  name: string,
  start: () => Promise<{ readonly url: string; stop(): Promise<void> }>,
): Promise<void> {
  const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } = vitest;
  Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
  const { deltaChannelHistoryTests, validate } = await import("@langchain/langgraph-checkpoint-validation");
  describeWithRedis(`the official suite on ${name}`, () => {
    let server: Awaited<ReturnType<typeof start>>;
    const initializer = {
      checkpointerName: "RedisExperienceCheckpointer",
      beforeAllTimeout: 60_000,
      async beforeAll() {
        server = await start();
      },
      async afterAll() {
        await server.stop();
      },
      // Each set of cases in a namespace of its own: nothing is found there that another left.
      createCheckpointer: () => RedisExperienceCheckpointer.fromUrl(server.url, { namespace: randomUUID() }),
      async destroyCheckpointer(checkpointer: RedisExperienceCheckpointer) {
        await checkpointer.end();
      },
    };
    validate(initializer);
    deltaChannelHistoryTests(initializer);

    it("and all else that the package does", async () => {
      const faults: unknown[] = [];
      const options = { namespace: randomUUID(), onError: (error: unknown) => faults.push(error) };
      const checkpointer = await RedisExperienceCheckpointer.fromUrl(server.url, options);
      await useAll(checkpointer);
      await checkpointer.close();
      expect(faults).toEqual([]);
    });
  });
}

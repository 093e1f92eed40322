import { ExperienceMemory } from "@jitrl/core";
import { expect, test, vi } from "vitest";
import { RedisExperienceCheckpointer } from "../../src/index.js";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { episode, putNew } from "./episodes.js";
import { Served, until } from "./served.js";
import { TcpProxy } from "./tcp-proxy.js";

describeWithRedis("closing with nothing to send", () => {
  test("waits for no timer while the follower's connection gets no answer", async () => {
    const { setTimeout: start } = globalThis;
    // Whoever waits for a second waits for ever.
    vi.stubGlobal("setTimeout", (work: () => void, ms = 0) => start(work, ms < 1_000 ? ms : 1e9));
    await using served = await Served.start();
    const proxy = await TcpProxy.start(() => served.server.port);
    try {
      const client = await served.client(proxy.url);
      const duplicates = vi.spyOn(client, "duplicate");
      const store = await served.store({ client });
      const memory = new ExperienceMemory({ store });
      await memory.ready();
      const writer = await served.store();
      await putNew(writer, episode("a"));
      await until(async () => (await memory.stats()).episodes === 1, "the follower follows");
      served.server.pause();
      proxy.cut();
      await until(() => duplicates.mock.calls.length > 1, "the follower connects anew");
      await memory.close();
    } finally {
      vi.unstubAllGlobals();
      await proxy.stop();
    }
  });

  test("needs no server, though not all was loaded", async () => {
    await using served = await Served.start();
    const errors: unknown[] = [];
    const client = await served.client();
    await served.server.kill();
    const checkpointer = new RedisExperienceCheckpointer({
      client,
      experience: { patience: 50 },
      onError: (error) => errors.push(error),
    });
    const loaded = checkpointer.memory.ready().then(
      () => "loaded",
      () => "not loaded",
    );
    await checkpointer.close();
    expect(await loaded).toBe("not loaded");
    expect(errors).toEqual([]);
  });
});

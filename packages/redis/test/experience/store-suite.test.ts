import { storeSuite } from "@jitrl/core/testing";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { sharedServer, startCluster } from "../servers/index.js";
import { storesOn } from "./world.js";

describeWithRedis("RedisExperienceStore on one server", () => {
  let client: ReturnType<typeof createClient>;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const server = await sharedServer();
    stop = () => server.stop();
    client = createClient({ url: server.url });
    client.on("error", () => {});
    await client.connect();
  });
  afterAll(async () => {
    client?.destroy();
    await stop?.();
  });
  const { open, reopen } = storesOn(() => client);
  storeSuite({ test, expect }, open, { reopen });
});

describeWithRedis("RedisExperienceStore on a cluster", () => {
  let cluster: ReturnType<typeof createCluster>;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const servers = await startCluster();
    stop = () => servers.stop();
    cluster = createCluster({ rootNodes: [{ url: servers.url }] });
    cluster.on("error", () => {});
    await cluster.connect();
  });
  afterAll(async () => {
    cluster?.destroy();
    await stop?.();
  });
  const { open, reopen } = storesOn(() => cluster);
  storeSuite({ test, expect }, open, { reopen });
});

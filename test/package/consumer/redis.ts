import { RedisExperienceCheckpointer } from "@jitrl/redis";
import { createClient, createCluster, createSentinel } from "redis";

export const fromUrl = () =>
  RedisExperienceCheckpointer.fromUrl("redis://localhost:6379", { namespace: "n", ttl: { seconds: 60 } });

export const checkpointers = [
  new RedisExperienceCheckpointer({ client: createClient() }),
  new RedisExperienceCheckpointer({ client: createCluster({ rootNodes: [{}] }) }),
  new RedisExperienceCheckpointer({ client: createSentinel({ name: "primary", sentinelRootNodes: [] }) }),
];

export type { ConnectOptions } from "./checkpointer/connect.js";
export {
  type CheckpointerOptions,
  type RedisCheckpointerClient,
  RedisExperienceCheckpointer,
} from "./checkpointer/redis-experience-checkpointer.js";
export type { ThreadTtl } from "./checkpointer/thread-ttl.js";
export { RedisExperienceStore } from "./experience/redis-experience-store.js";
export type { NamespaceSettings, RedisStoreOptions } from "./experience/redis-store-options.js";
export { keyPattern } from "./keys.js";
export type { RedisConnection } from "./redis-connection.js";

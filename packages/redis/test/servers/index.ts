export { type ClusterOptions, startCluster, type TestCluster } from "./cluster.js";
export type { Connection } from "./redis-process.js";
export { needRedisServer, redisServerPath } from "./redis-server-path.js";
export { type SentinelOptions, startSentinels, type TestSentinels } from "./sentinel.js";
export { type ServerOptions, sharedServer, startServer, type TestServer } from "./server.js";

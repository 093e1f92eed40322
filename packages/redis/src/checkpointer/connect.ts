import { JitRLError } from "@jitrl/core";
import { createClient, createCluster, ReconnectStrategyError, type RedisClientOptions } from "redis";
import { isPassing, redisFault } from "../redis-fault.js";

export interface ConnectOptions {
  /**
   * Whether the URL is of a node of a Redis Cluster; the others are then found from there.
   * @default what the server says
   */
  readonly cluster?: boolean;
  /** How long to try to reach the server at first, ms, above 0; once reached, it is sought for ever. @default 10_000 */
  readonly connectTimeout?: number;
  /** What else node-redis is told: TLS certificates (`socket`), credentials, timeouts. */
  readonly clientOptions?: Omit<RedisClientOptions, "url" | "modules" | "functions" | "scripts" | "RESP">;
}

const PROTOCOLS: readonly string[] = ["redis:", "rediss:"];

/**
 * A connected client or cluster.
 *
 * @param onError told of every fault of the connection, which then tries again by itself
 * @throws JitRLError `invalid-input` without the URL, which may hold a password; `store-unavailable`, `store-failed`
 */
export async function connect(url: string, options: ConnectOptions, onError: (error: Error) => void) {
  checkUrl(url);
  const { connectTimeout = 10_000, clientOptions = {} } = options;
  const deadline = Date.now() + connectTimeout;
  let reached = false;
  const reconnectStrategy = (retries: number, cause: Error) => {
    // What the server refuses at first, a password for example, it will refuse again.
    if (!reached && (Date.now() > deadline || !isPassing(cause))) return cause;
    return Math.min(2_000, 50 * 2 ** Math.min(retries, 10)) * (0.75 + 0.5 * Math.random());
  };
  const settings = { ...clientOptions, url, socket: { reconnectStrategy, ...clientOptions.socket } };
  const attempt = async <T extends { destroy(): unknown }>(
    client: T,
    open: (client: T) => Promise<unknown>,
  ) => {
    try {
      await open(client);
      reached = true;
      return client;
    } catch (cause) {
      client.destroy();
      throw redisFault(
        "connect to Redis",
        cause instanceof ReconnectStrategyError ? cause.originalError : cause,
      );
    }
  };
  const openCluster = () => {
    const { username, password } = new URL(url);
    const defaults = {
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      ...settings,
      url: undefined,
      socket: { ...settings.socket, ...(url.startsWith("rediss:") ? { tls: true as const } : {}) },
    };
    const cluster = createCluster({
      rootNodes: [settings],
      defaults,
      // A master that is away may have been replaced: node-redis asks the others only after 5 s by itself.
      topologyRefreshOnReconnectionAttemptStrategy: 1_000,
    });
    return attempt(cluster.on("error", onError), (it) => it.connect());
  };
  if (options.cluster) return openCluster();
  const client = await attempt(createClient(settings).on("error", onError), (it) => it.connect());
  if (options.cluster === false) return client;
  const mode = await serverMode(client);
  if (mode === "cluster") {
    client.destroy();
    reached = false;
    return openCluster();
  }
  if (mode === "sentinel") {
    client.destroy();
    throw new JitRLError(
      "invalid-input",
      "Expected the URL of a Redis that holds data, found a sentinel's. Make a client with createSentinel of node-redis and pass it: new RedisExperienceCheckpointer({ client }).",
    );
  }
  return client;
}

/** "standalone", "cluster" or "sentinel". Every user may ask this. */
async function serverMode(client: { sendCommand(args: string[]): Promise<unknown> }): Promise<unknown> {
  const reply = await client.sendCommand(["HELLO"]);
  const flat = Array.isArray(reply) ? reply : Object.entries(reply ?? {}).flat();
  return flat[flat.indexOf("mode") + 1];
}

function checkUrl(url: string): void {
  if (URL.canParse(url) && PROTOCOLS.includes(new URL(url).protocol)) return;
  throw new JitRLError(
    "invalid-input",
    "Expected a URL of the form redis://user:password@host:6379 (rediss: with TLS); found another, not shown here because it may hold a password.",
    { details: { field: "url" } },
  );
}

import { randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./certificate.js";
import { type Connection, RedisProcess } from "./redis-process.js";

export interface ServerOptions {
  /** Keeps an append-only file, flushed as said: what was acknowledged survives `kill` for certain only with "always". */
  readonly appendOnly?: "everysec" | "always";
  /** Lines of an ACL file, e.g. `user agent on >secret ~jitrl:a:* +@all`. The default user is off then. */
  readonly acl?: readonly string[];
  /** Speaks TLS only, with a certificate that signs itself. */
  readonly tls?: boolean;
  /** Replicates this server. */
  readonly replicaOf?: { readonly port: number };
  /** More lines of the configuration file. */
  readonly config?: readonly string[];
}

/** A server of the tests' own: it ends with them, however they end. */
export interface TestServer {
  /** With all rights. */
  readonly url: string;
  readonly port: number;
  /** What `createClient` takes to connect with all rights. */
  readonly connection: Connection;
  readonly running: boolean;
  /** What `createClient` takes to connect as this user of the ACL file. */
  as(user: string, password: string): Connection;
  /** Runs one command with all rights, on a connection of its own. */
  command(...args: string[]): Promise<unknown>;
  /** Ends it and removes all that it left. */
  stop(): Promise<void>;
  /** SIGKILL; what is on disk stays for `restart`. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Starts it again, same port, same files; ended in order first if it runs. */
  restart(): Promise<void>;
}

/** Starts one `redis-server`; resolves when it answers. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "jitrl-redis-"));
  const password = randomUUID();
  const config = ['save ""', "repl-diskless-sync-delay 0", ...(options.config ?? [])];
  if (options.appendOnly) config.push("appendonly yes", `appendfsync ${options.appendOnly}`);
  else config.push("appendonly no");
  if (options.replicaOf) config.push(`replicaof 127.0.0.1 ${options.replicaOf.port}`);
  if (options.acl) {
    const lines = ["user default off", `user admin on >${password} ~* &* +@all`, ...options.acl];
    writeFileSync(join(folder, "users.acl"), `${lines.join("\n")}\n`);
    config.push(`aclfile "${join(folder, "users.acl")}"`);
  }
  let ca: string | undefined;
  if (options.tls) {
    const made = makeCertificate(folder);
    ca = made.ca;
    config.push("port 0", "tls-port {port}", `tls-cert-file "${made.certificate}"`);
    config.push(
      `tls-key-file "${made.key}"`,
      `tls-ca-cert-file "${made.certificate}"`,
      "tls-auth-clients no",
    );
  } else config.push("port {port}");

  const connect = (port: number, user?: string, secret?: string): Connection => ({
    url: `${ca ? "rediss" : "redis"}://${user ? `${user}:${encodeURIComponent(secret ?? "")}@` : ""}127.0.0.1:${port}`,
    ...(ca ? { socket: { tls: true as const, ca } } : {}),
  });
  const server = await RedisProcess.start({
    folder,
    config,
    connection: (port) => (options.acl ? connect(port, "admin", password) : connect(port)),
  });
  return {
    url: server.connection.url,
    port: server.port,
    connection: server.connection,
    get running() {
      return server.running;
    },
    as: (user, secret) => connect(server.port, user, secret),
    command: (...args) => server.command(...args),
    stop: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
  };
}

/**
 * A server for tests that need nothing of it but its commands: the one that `JITRL_TEST_REDIS_URL` names, and else
 * one that is started for them. Such tests use namespaces of their own and leave what they did not make.
 */
export async function sharedServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const url = process.env.JITRL_TEST_REDIS_URL;
  return url ? { url, stop: async () => {} } : startServer();
}

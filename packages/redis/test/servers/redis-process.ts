import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { freePort } from "./free-port.js";
import { needRedisServer } from "./redis-server-path.js";

/** How a test connects to a server, as `createClient` of node-redis takes it. */
export interface Connection {
  readonly url: string;
  readonly socket?: { readonly tls: true; readonly ca: string };
}

export interface ProcessSettings {
  /** A temporary folder of this process alone; removed by `stop`, or when the test process dies. */
  readonly folder: string;
  /** Lines of the configuration file. */
  readonly config: readonly string[];
  /** Runs as a sentinel. */
  readonly sentinel?: boolean;
  /** A connection with all rights. */
  readonly connection: (port: number) => Connection;
}

/**
 * A shell stands between the tests and the server: the pipe to its standard input closes when the test process
 * dies, however it dies, and then the server is killed and its folder removed.
 */
const guardian = `
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
echo "$server"
( read -r _ <&3; trap "" TERM; kill -9 "$server"; rm -rf "$FOLDER" ) 2>/dev/null &
watch=$!
wait "$server"
kill "$watch" 2>/dev/null
`;

/** One `redis-server` on a free port of 127.0.0.1. */
export class RedisProcess {
  readonly port: number;
  readonly #settings: ProcessSettings;
  #shell: ChildProcess | undefined;
  #pid = 0;
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(settings: ProcessSettings, port: number) {
    this.#settings = settings;
    this.port = port;
  }

  /** Resolves when the server answers. A port that somebody else took meanwhile is replaced by another. */
  static async start(settings: ProcessSettings): Promise<RedisProcess> {
    for (let attempt = 0; ; attempt++) {
      const process = new RedisProcess(settings, await freePort());
      try {
        await process.#start();
        return process;
      } catch (error) {
        if (attempt === 4 || !String(error).includes("Address already in use")) throw error;
      }
    }
  }

  get connection(): Connection {
    return this.#settings.connection(this.port);
  }

  get running(): boolean {
    return this.#shell !== undefined;
  }

  /** Runs one command with all rights, on a connection of its own. */
  async command(...args: string[]): Promise<unknown> {
    const { url, socket } = this.connection;
    const options = { reconnectStrategy: false, connectTimeout: 2_000 } as const;
    const client = createClient({
      url,
      socket: socket ? { ...socket, ...options } : options,
      RESP: 2,
      disableClientInfo: true,
      maintNotifications: "disabled",
    });
    // The same failure rejects `connect` or the command.
    client.on("error", () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Ends the server in order, and removes its folder. */
  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#settings.folder, { recursive: true, force: true });
  }

  /** SIGKILL; what it had on disk stays for `restart`. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Starts again on the same port and folder, ending the server first (SIGTERM) if it runs. */
  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.#start();
  }

  async #start(): Promise<void> {
    const { folder, config, sentinel } = this.#settings;
    const file = join(folder, "redis.conf");
    const log = join(folder, "redis.log");
    // Redis itself rewrites the file of a sentinel, which must survive a restart.
    if (!this.#pid || !sentinel) {
      const lines = [`dir "${folder}"`, `logfile "${log}"`, "bind 127.0.0.1", "daemonize no"];
      writeFileSync(
        file,
        `${[...lines, ...config.map((line) => line.replaceAll("{port}", String(this.port)))].join("\n")}\n`,
      );
    }
    writeFileSync(log, "");
    const args = [needRedisServer(), file, ...(sentinel ? ["--sentinel"] : [])];
    const shell = spawn("sh", ["-c", guardian, "sh", ...args], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, FOLDER: folder },
    });
    this.#shell = shell;
    this.#ended = new Promise((ended) => shell.once("close", ended)).then(() => {
      if (this.#shell === shell) this.#shell = undefined;
    });
    this.#pid = await new Promise<number>((known, failed) => {
      shell.once("error", failed);
      shell.stdout?.once("data", (line: Buffer) => known(Number(line.toString())));
    });
    const deadline = Date.now() + 20_000;
    while (!(await this.#answers())) {
      if (!this.#shell || Date.now() > deadline) {
        await this.kill();
        throw new Error(`redis-server did not start:\n${readFileSync(log, "utf8").slice(-2_000)}`);
      }
      await sleep(20);
    }
  }

  /** Whether a server answers on the port, and is this one and no other. */
  async #answers(): Promise<boolean> {
    try {
      if ((await this.command("PING")) !== "PONG") return false;
      return String(await this.command("INFO", "server")).includes(`process_id:${this.#pid}\r\n`);
    } catch {
      // Not listening yet, or still loading its data.
      return false;
    }
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (!this.#shell) return;
    if (signal === "SIGTERM") this.resume();
    this.#signal(signal);
    await this.#ended;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#shell) process.kill(this.#pid, signal);
  }
}

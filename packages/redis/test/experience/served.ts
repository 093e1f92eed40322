import { randomUUID } from "node:crypto";
import { createClient } from "redis";
import { RedisExperienceStore } from "../../src/experience/redis-experience-store.js";
import type { RedisStoreOptions } from "../../src/experience/redis-store-options.js";
import { type ServerOptions, startServer, type TestServer } from "../servers/index.js";

type Client = ReturnType<typeof createClient>;

/** A server of a test, with what was opened on it; all of it ends with the test. */
export class Served implements AsyncDisposable {
  readonly server: TestServer;
  readonly #stores: RedisExperienceStore[] = [];
  readonly #clients: Client[] = [];

  private constructor(server: TestServer) {
    this.server = server;
  }

  static async start(options: ServerOptions = {}): Promise<Served> {
    return new Served(await startServer(options));
  }

  /** @param url @default the server's own */
  async client(url = this.server.url): Promise<Client> {
    const client: Client = createClient({ url, socket: { reconnectStrategy: 30 } });
    client.on("error", () => {});
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** Opens a store on a client of its own, unless it is given one. */
  async store(options: Partial<RedisStoreOptions> = {}): Promise<RedisExperienceStore> {
    const store = await RedisExperienceStore.open({
      // A busy machine is no server that is away; tests of that say how long they wait.
      patience: 60_000,
      ...options,
      client: options.client ?? (await this.client()),
    });
    this.#stores.push(store);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.resume();
    await Promise.all(this.#stores.map((store) => store.close()));
    for (const client of this.#clients) client.destroy();
    await this.server.stop();
  }
}

export function someNamespace(): string {
  return `test ${randomUUID()}`;
}

/** Waits for what happens a little later. Fails when it does not happen. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

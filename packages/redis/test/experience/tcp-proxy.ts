import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between clients and a server, and cuts what goes through it when told. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #deaf = false;
  #refusing = false;
  /** Answers lost so far. */
  lost = 0;

  private constructor(target: () => number) {
    this.#server = createServer((near) => {
      if (this.#refusing) {
        near.destroy();
        return;
      }
      const far = connect(target(), "127.0.0.1");
      const pair = [near, far] as const;
      this.#pairs.add(pair);
      near.on("data", (data) => far.write(data));
      far.on("data", (data) => {
        // The server has carried the command out; its answer is lost with the connection.
        if (this.#deaf) {
          this.lost++;
          this.#cut(pair);
        } else near.write(data);
      });
      for (const socket of pair) {
        socket.on("error", () => this.#cut(pair));
        socket.on("close", () => this.#cut(pair));
      }
    });
  }

  /** @param target the server's port, asked for at every connection */
  static async start(target: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resets all connections. */
  cut(): void {
    for (const pair of [...this.#pairs]) this.#cut(pair);
  }

  /** While deaf, commands reach the server and their answers cut the connection. */
  set deaf(deaf: boolean) {
    this.#deaf = deaf;
  }

  /** While refusing, nobody can connect. */
  set refusing(refusing: boolean) {
    this.#refusing = refusing;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #cut(pair: readonly [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of pair) socket.destroy();
  }
}

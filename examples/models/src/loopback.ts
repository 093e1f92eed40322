import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that stands in for a provider's, on this machine alone. */
export interface Loopback {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Answers posted JSON with JSON, so that examples run a provider's real client without the provider.
 *
 * @param answer gets path and body of a request; what it throws is answered with status 400
 */
export async function serveJson(
  answer: (path: string, body: unknown) => Promise<unknown>,
): Promise<Loopback> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const reply = (status: number, json: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(json));
      };
      try {
        reply(200, await answer(request.url ?? "", JSON.parse(Buffer.concat(parts).toString())));
      } catch (error) {
        reply(400, { error: { code: 400, message: String(error), status: "INVALID_ARGUMENT" } });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

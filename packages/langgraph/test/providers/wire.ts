import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a server sends back: one JSON value, or a stream of events or of lines. */
export type Reply =
  | { readonly json: unknown; readonly status?: number }
  | { readonly events: readonly ServerEvent[] }
  | { readonly lines: readonly unknown[] };

/** One server-sent event; without a name it is only data. A string is sent as it is, such as `[DONE]`. */
export interface ServerEvent {
  readonly name?: string;
  readonly data: unknown;
}

export interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A server on the loopback interface that answers posted JSON. */
export async function serve(answer: (asked: Asked) => Reply) {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString() || "null");
      const reply = answer({ path: request.url ?? "", body, headers: request.headers });
      if ("json" in reply) {
        response.writeHead(reply.status ?? 200, { "content-type": "application/json" });
        response.end(JSON.stringify(reply.json));
      } else if ("events" in reply) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const event of reply.events) response.write(eventText(event));
        response.end();
      } else {
        response.writeHead(200, { "content-type": "application/x-ndjson" });
        for (const line of reply.lines) response.write(`${JSON.stringify(line)}\n`);
        response.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function eventText({ name, data }: ServerEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${text}\n\n`;
}

import { createServer } from "node:net";

/** A port of 127.0.0.1 that is free, and whose cluster bus port (10,000 above) is free too. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Below the range from which systems hand out ports to outgoing connections.
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
  throw new Error("Found no free port on 127.0.0.1.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((known) => {
    const server = createServer();
    server.once("error", () => known(false));
    server.listen(port, "127.0.0.1", () => server.close(() => known(true)));
  });
}

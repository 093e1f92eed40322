// Starts a server, says which, and waits to be killed: servers.test.ts looks whether the server dies too.
import { startServer } from "./server.js";

const server = await startServer();
const info = String(await server.command("INFO", "server"));
const [, folder] = (await server.command("CONFIG", "GET", "dir")) as [string, string];
console.log(JSON.stringify({ pid: Number(/process_id:(\d+)/.exec(info)?.[1]), folder }));
setInterval(() => {}, 1_000);

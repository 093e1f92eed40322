import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient, createCluster, createSentinel } from "redis";
import { expect, it } from "vitest";
import { describeWithRedis } from "./servers/describe-with-redis.js";
import { startCluster, startSentinels, startServer } from "./servers/index.js";

describeWithRedis("the servers of the tests", () => {
  it("start plain, keep an append-only file over SIGKILL, pause and stop", async () => {
    const server = await startServer({ appendOnly: "always" });
    const client = await createClient(server.connection)
      .on("error", () => {})
      .connect();
    try {
      await client.set("a", "1");
      server.pause();
      const late = client.get("a");
      expect(await Promise.race([late, sleep(100, "nothing")])).toBe("nothing");
      server.resume();
      expect(await late).toBe("1");
      await server.kill();
      expect(server.running).toBe(false);
      await server.restart();
      expect(await client.get("a")).toBe("1");
    } finally {
      client.destroy();
      await server.stop();
    }
  });

  it("speak TLS and know users", async () => {
    const server = await startServer({ tls: true, acl: ["user agent on >secret ~a:* +get +set"] });
    try {
      const client = await createClient(server.as("agent", "secret")).connect();
      await client.set("a:1", "x");
      await expect(client.set("b:1", "x")).rejects.toThrow("NOPERM");
      client.destroy();
      await expect(server.command("GET", "a:1")).resolves.toBe("x");
    } finally {
      await server.stop();
    }
  });

  it("form a cluster with replicas", async () => {
    const cluster = await startCluster({ replicas: 1 });
    try {
      const client = await createCluster({ rootNodes: [{ url: cluster.url }], useReplicas: true }).connect();
      expect([client.masters.length, client.replicas.length]).toEqual([3, 3]);
      await Promise.all(["a", "b", "c"].map((key) => client.set(key, key)));
      client.destroy();
    } finally {
      await cluster.stop();
    }
  });

  it("stand behind a sentinel", async () => {
    const { name, roots, stop } = await startSentinels();
    try {
      const client = await createSentinel({ name, sentinelRootNodes: [...roots] }).connect();
      expect(await client.set("a", "1")).toBe("OK");
      await client.destroy();
    } finally {
      await stop();
    }
  });

  it("die with the process that started them, also when it is killed", async () => {
    const script = fileURLToPath(new URL("./servers/start-and-wait.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
    expect(alive(pid)).toBe(true);
    child.kill("SIGKILL");
    for (let wait = 0; wait < 1200 && (alive(pid) || existsSync(folder)); wait++) await sleep(50);
    expect(alive(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { startCluster, type TestServer } from "../../packages/redis/test/servers/index.js";
import { NAMESPACE } from "./messages.js";
import { replication, type Scene, settled, stall, until } from "./scene.js";

/** Three masters with a replica each; when the master that holds the experience dies, its replica is promoted. */
export async function clusterScene(): Promise<Scene> {
  const cluster = await startCluster({ replicas: 1 });
  const key = `jitrl:${NAMESPACE}:{${NAMESPACE}}:meta`;
  let [primary, other] = await holdersOf(cluster.nodes, key);
  const third = cluster.nodes.find((node) => node !== primary && node !== other) ?? primary;
  return {
    route: { kind: "cluster", urls: cluster.urls },
    durable: true,
    calm: 2_000,
    faults: [
      stall(() => primary),
      stall(() => other, "replica stalled"),
      stall(() => third, "another node stalled"),
      {
        name: "failed over",
        happen: async () => {
          // A replica that has not all of it yet must not be promoted: nobody was told that it has.
          [primary, other] = await settled(primary, other);
          await primary.kill();
          await until(async () => (await replication(other)).includes("role:master"));
          await primary.restart();
          [primary, other] = await settled(other, primary);
        },
      },
    ],
    primary: async () => (await settled(primary, other))[0].url,
    stop: () => cluster.stop(),
  };
}

/** The master that holds a key, and its replica. */
async function holdersOf(nodes: readonly TestServer[], key: string): Promise<[TestServer, TestServer]> {
  const [first] = nodes;
  const slot = Number(await first?.command("CLUSTER", "KEYSLOT", key));
  const ranges = (await first?.command("CLUSTER", "SLOTS")) as [number, number, ...[string, number][]][];
  const [, , ...holders] = ranges.find(([from, to]) => from <= slot && slot <= to) ?? [0, 0];
  const [primary, other] = holders.map(([, port]) => nodes.find((node) => node.port === port));
  if (!primary || !other) throw new Error("Expected a master and a replica for every slot.");
  return [primary, other];
}

import { createClient, type RedisClientType } from "redis";

/** A connected client; what goes wrong on its connection rejects the commands that it concerns. */
export async function connected(url: string): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

// One process of the agent. It works through tickets when told to, and says what came of them.
import { seededRandom } from "@jitrl/core";
import { RedisExperienceCheckpointer } from "@jitrl/redis";
import type { Job, Settings } from "./protocol.js";
import { routingAgent } from "./routing-agent.js";
import { randomTicket, type Ticket } from "./tickets.js";

const { url, namespace, seed, getsFeedback } = JSON.parse(process.argv[2] ?? "") as Settings;
const checkpointer = await RedisExperienceCheckpointer.fromUrl(url, { namespace });
await checkpointer.memory.ready();

const random = seededRandom(seed);
const tickets = new Map<string, Ticket>();
const feedback = (text: string, team: string) => (tickets.get(text)?.team === team ? 1 : -1);
const route = routingAgent(checkpointer, random, getsFeedback ? feedback : undefined);

process.on("message", async ({ first, count }: Job) => {
  const right: boolean[] = [];
  for (let n = first; n < first + count; n++) {
    const ticket = randomTicket(random);
    tickets.set(ticket.text, ticket);
    right.push((await route(ticket, `replica-${seed}-ticket-${n}`)) === ticket.team);
  }
  process.send?.({ right });
});
process.once("disconnect", () => checkpointer.close());
process.send?.({ ready: true });

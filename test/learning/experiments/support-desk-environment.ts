import type { Candidate } from "@jitrl/core";
import { verbalizedCandidates } from "@jitrl/langgraph";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { rightResolution } from "../../../examples/quickstart/src/company-rules.js";
import { StandInModel } from "../../../examples/quickstart/src/stand-in-model.js";
import { describeCall, describeTicket } from "../../../examples/quickstart/src/support-desk.js";
import {
  type Order,
  type Ticket,
  type Topic,
  ticketNumber,
} from "../../../examples/quickstart/src/tickets.js";
import { deskTools } from "../../../examples/quickstart/src/tools.js";
import type { KnownEnvironment } from "./known.js";
import { plannedEnvironment } from "./planned-environment.js";
import type { DeskSettings } from "./support-desk.js";

export async function deskEnvironment(settings: DeskSettings, seed: number): Promise<KnownEnvironment> {
  const { tickets: count, fresh, resolutions } = settings;
  const tickets = Array.from({ length: count }, (_, i) => ticketNumber(seed * count + i, i >= count - fresh));
  habits ??= askForHabits(resolutions);
  const candidates = await habits;
  return plannedEnvironment({
    cases(episode) {
      const ticket = tickets[episode]!;
      const { tool, ...args } = rightResolution(ticket);
      const best = describeCall({ name: tool, args });
      return [
        {
          state: describeTicket({ messages: lookedUp(ticket) }),
          candidates: candidates.get(ticket.topic)!,
          best,
          worth: (action) => (action === best ? 1 : -1),
        },
      ];
    },
  });
}

/** What the tool `find_order` answers; calling the tool itself takes a millisecond a ticket. */
export function foundOrder({ product, priceEur, country, days }: Order): string {
  return JSON.stringify({ product, price_eur: priceEur, country, days });
}

/** The conversation once the order was looked up. */
function lookedUp({ text, order }: Ticket): BaseMessage[] {
  const call = { name: "find_order", args: { order_id: order.id }, id: "order" };
  return [
    new HumanMessage(text),
    new AIMessage({ content: "", tool_calls: [call] }),
    new ToolMessage({ name: call.name, content: foundOrder(order), tool_call_id: call.id }),
  ];
}

type Habits = ReadonlyMap<Topic, readonly Candidate[]>;

/** What the stand-in model proposes depends on the topic alone, so it is asked once for each. */
let habits: Promise<Habits> | undefined;

async function askForHabits(resolutions: number): Promise<Habits> {
  const tickets = Array.from({ length: 50 }, (_, i) => ticketNumber(i));
  const byTopic = new Map(tickets.map((ticket) => [ticket.topic, ticket]));
  const tools = deskTools(tickets);
  const model = new StandInModel();
  const source = verbalizedCandidates({ model, tools, count: resolutions });
  const found = new Map<Topic, readonly Candidate[]>();
  for (const [topic, ticket] of byTopic) {
    const messages = lookedUp(ticket);
    const call = (await model.bindTools(tools).invoke(messages)).tool_calls?.[0];
    if (!call) throw new Error(`expected the stand-in model to call a tool for a ticket on ${topic}`);
    const candidates = await source({ state: { messages }, call, actionKey: describeCall, config: {} });
    found.set(
      topic,
      candidates.map(({ action, logit }) => ({ action, logit })),
    );
  }
  return found;
}

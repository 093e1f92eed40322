import { tool } from "@langchain/core/tools";
import * as z from "zod";
import { teams, warehouses } from "./company-rules.js";
import type { Ticket } from "./tickets.js";

const orderId = z.string().describe("the order number, e.g. A-12345");

/** The tools of the desk, over the orders that the tickets are about. */
export function deskTools(tickets: readonly Ticket[]) {
  const orders = new Map(tickets.map(({ order }) => [order.id, order]));
  const find = tool(
    ({ order_id }) => {
      const order = orders.get(order_id);
      return order
        ? JSON.stringify({
            product: order.product,
            price_eur: order.priceEur,
            country: order.country,
            days: order.days,
          })
        : `There is no order ${order_id}.`;
    },
    {
      name: "find_order",
      description: "Looks up an order: product, price, country, days since it was sent.",
      schema: z.object({ order_id: orderId }),
    },
  );
  const refund = tool(({ order_id }) => `Order ${order_id} was refunded.`, {
    name: "refund",
    description: "Refunds the full price of an order.",
    schema: z.object({ order_id: orderId }),
  });
  const decline = tool(({ order_id }) => `The request about order ${order_id} was declined.`, {
    name: "decline",
    description: "Declines the customer's request.",
    schema: z.object({ order_id: orderId }),
  });
  const replace = tool(
    ({ order_id, warehouse }) => `A replacement for order ${order_id} leaves ${warehouse} today.`,
    {
      name: "send_replacement",
      description: "Sends the same product again, from one of the warehouses.",
      schema: z.object({ order_id: orderId, warehouse: z.enum(warehouses) }),
    },
  );
  const escalate = tool(({ order_id, team }) => `Order ${order_id} was handed to ${team}.`, {
    name: "escalate",
    description: "Hands the case to a team of specialists.",
    schema: z.object({ order_id: orderId, team: z.enum(teams) }),
  });
  return [find, refund, replace, escalate, decline];
}

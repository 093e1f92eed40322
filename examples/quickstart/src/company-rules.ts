import type { Order, Ticket } from "./tickets.js";

/** What was done about a ticket: a tool and the argument that matters. */
export type Resolution =
  | { readonly tool: "refund" | "decline" }
  | { readonly tool: "send_replacement"; readonly warehouse: Warehouse }
  | { readonly tool: "escalate"; readonly team: Team };

export const warehouses = ["Leipzig", "Lyon", "Gdansk"] as const;
export type Warehouse = (typeof warehouses)[number];
export const teams = ["safety", "finance", "logistics"] as const;
export type Team = (typeof teams)[number];

/** Each country is served from the warehouse with the lowest freight. */
const nearest: Readonly<Record<Order["country"], Warehouse>> = {
  Germany: "Leipzig",
  France: "Lyon",
  Poland: "Gdansk",
};

/**
 * The company's rules. They stand in no prompt: neither the model nor JitRL ever sees this file. Only the reward
 * knows them, as a customer or an auditor would.
 */
export function rightResolution({ topic, order }: Ticket): Resolution {
  switch (topic) {
    case "Damaged item": // a return costs more than a cheap item is worth
      return order.priceEur < 80
        ? { tool: "refund" }
        : { tool: "send_replacement", warehouse: nearest[order.country] };
    case "Return":
      return order.days <= 30 ? { tool: "refund" } : { tool: "decline" };
    case "Safety": // whatever the customer asks for
      return { tool: "escalate", team: "safety" };
    case "Payment": // refunds by hand break the books
      return { tool: "escalate", team: "finance" };
    case "Delivery":
      return { tool: "send_replacement", warehouse: nearest[order.country] };
  }
}

/** True if just this was done. */
export function isRight(ticket: Ticket, done: Resolution | undefined): boolean {
  const right = rightResolution(ticket);
  if (done?.tool !== right.tool) return false;
  if (right.tool === "send_replacement") return "warehouse" in done && done.warehouse === right.warehouse;
  if (right.tool === "escalate") return "team" in done && done.team === right.team;
  return true;
}

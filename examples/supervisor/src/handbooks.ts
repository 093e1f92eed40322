import type { Team, Warehouse } from "@jitrl/example-quickstart";

export const specialists = ["refunds", "warehouse", "specialists"] as const;
export type Specialist = (typeof specialists)[number];

/** What a specialist calls, and with what besides the order. */
interface Call {
  readonly tool: string;
  readonly warehouse?: Warehouse;
  readonly team?: Team;
}

export interface Handbook {
  /** What this one can do. */
  readonly tools: readonly string[];
  /** What this one is told, and so knows: how to do the work, not whose it is. */
  readonly text: string;
  /** The same for the stand-in, which does not read. */
  readonly follow: (ticket: string, facts: string) => Call;
}

/** Each specialist knows their own rules. Which tickets are theirs stands in no prompt. */
export const handbooks: Readonly<Record<Specialist, Handbook>> = {
  refunds: {
    tools: ["refund", "decline"],
    text: "You work in the refunds team. Refund the order with one tool call, but decline returns of what was sent more than 30 days ago. Then answer in one sentence.",
    follow: (ticket, facts) => {
      const days = Number(/"days":(\d+)/.exec(facts)?.[1] ?? 0);
      return { tool: ticket.includes("Topic: Return") && days > 30 ? "decline" : "refund" };
    },
  },
  warehouse: {
    tools: ["send_replacement"],
    text: "You work in the warehouse team. Send a replacement with one tool call: from Leipzig to Germany, from Lyon to France, from Gdansk to Poland. Then answer in one sentence.",
    follow: (_ticket, facts) => {
      const warehouse = /France/.test(facts) ? "Lyon" : /Poland/.test(facts) ? "Gdansk" : "Leipzig";
      return { tool: "send_replacement", warehouse };
    },
  },
  specialists: {
    tools: ["escalate"],
    text: "You hand cases to teams, with one tool call: what gets hot or smokes to safety, payments to finance, all else to logistics. Then answer in one sentence.",
    follow: (ticket) => {
      const team = /Topic: Safety/.test(ticket)
        ? "safety"
        : /Topic: Payment/.test(ticket)
          ? "finance"
          : "logistics";
      return { tool: "escalate", team };
    },
  },
};

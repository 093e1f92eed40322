import { Progress } from "@jitrl/example-charts";
import type { ChosenModel } from "./choose-model.js";
import { report } from "./report.js";
import { type Ticket, ticketNumber } from "./tickets.js";
import { type Desk, type Resolved, workAt } from "./work-through.js";

export interface Comparison {
  readonly title: string;
  readonly chosen: ChosenModel;
  /** How many tickets each desk gets; the last sixth are like none before. */
  readonly count: number;
  readonly plain: (tickets: readonly Ticket[]) => Desk;
  readonly learning: (tickets: readonly Ticket[]) => Desk;
}

/** Lets two desks work through the same tickets, and shows the difference. What was learned ends with the process. */
export async function compareDesks({ title, chosen, count, plain, learning }: Comparison): Promise<void> {
  const fresh = Math.round(count / 6);
  const tickets = Array.from({ length: count }, (_, n) => ticketNumber(n, n >= count - fresh));
  console.log(`
${title}

Model:      ${chosen.description}
Tickets:    ${count}, the last ${fresh} with products and wordings that never came before
`);
  const work = (label: string, desk: Desk): Promise<Resolved[]> => {
    const progress = new Progress(label, count);
    let right = 0;
    let done = 0;
    return workAt(desk, tickets, (resolved) => {
      done++;
      if (resolved.right) right++;
      progress.show(done, `${Math.round((100 * right) / done)} % right`);
    });
  };
  const without = await work("Without JitRL", plain(tickets));
  const learned = await work("With JitRL   ", learning(tickets));
  console.log(report({ plain: without, learned, fresh }));
}

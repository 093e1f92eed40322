import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createPolicy, JitRLError, openMemory } from "@jitrl/core";
import { FileExperienceStore } from "@jitrl/core/file";
import { Progress } from "@jitrl/example-charts";
import { chooseModel } from "./choose-model.js";
import { report } from "./report.js";
import { ticketNumber } from "./tickets.js";
import { type Resolved, workThrough } from "./work-through.js";

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    fresh: { type: "boolean", default: false },
    offline: { type: "boolean", default: false },
    tickets: { type: "string" },
    experience: {
      type: "string",
      default: fileURLToPath(new URL("../.jitrl/experience.jsonl", import.meta.url)),
    },
  },
});

const { model, description, tickets: affordable } = await chooseModel(options.offline ? {} : process.env);
const count = options.tickets === undefined ? affordable : Number(options.tickets);
if (!Number.isInteger(count) || count < 12) {
  console.error(`Expected --tickets to be an integer of at least 12, found ${options.tickets}.`);
  process.exit(2);
}

if (options.fresh) await rm(options.experience, { force: true });
const store = await FileExperienceStore.open(options.experience).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(JitRLError.isInstance(error) ? 2 : 1);
});
const memory = await openMemory({ store });
const before = await memory.stats();

// What these settings do, and why these: README.md, "The settings".
const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });

console.log(`
A support desk that learns its company's rules from outcomes.

Model:      ${description}
Tickets:    ${count}, the last ${fresh(count)} with products and wordings that never came before
Experience: ${before.episodes === 0 ? "none yet" : `${before.episodes} tickets from earlier runs (--fresh forgets them)`}
`);

// A later run goes on with later tickets, so that what is new to the desk is new indeed.
const first = before.episodes;
const tickets = Array.from({ length: count }, (_, i) => ticketNumber(first + i, i >= count - fresh(count)));

const plain = await work("Without JitRL", false);
const learned = await work("With JitRL   ", true);
await memory.close();

console.log(report({ plain, learned, fresh: fresh(count), experience: options.experience }));

async function work(label: string, learning: boolean): Promise<Resolved[]> {
  const progress = new Progress(label, count);
  let right = 0;
  let done = 0;
  return workThrough(tickets, model, learning ? policy : undefined, (resolved) => {
    done++;
    if (resolved.right) right++;
    progress.show(done, `${Math.round((100 * right) / done)} % right`);
  });
}

/** The last sixth. */
function fresh(all: number): number {
  return Math.round(all / 6);
}

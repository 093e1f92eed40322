import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createPolicy, openMemory } from "@jitrl/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rightResolution } from "../src/company-rules.js";
import { StandInModel } from "../src/stand-in-model.js";
import { ticketNumber } from "../src/tickets.js";
import { workThrough } from "../src/work-through.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quickstart-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The demo as `npm run demo` starts it, without anybody's keys. */
async function demo(...args: string[]) {
  const { OPENAI_API_KEY: _, GOOGLE_API_KEY: __, ...env } = process.env;
  const command = [
    "--conditions=@jitrl/source",
    "--import",
    "tsx",
    "examples/quickstart/src/main.ts",
    ...args,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root, env });
  return stdout;
}

test("the demo says what it runs on, fits into 80 columns, and a second run starts where the first ended", async () => {
  const experience = join(folder, "experience.jsonl");
  const first = await demo("--tickets", "36", "--experience", experience);
  expect(first).toContain("no real model");
  expect(first).toContain("Experience: none yet");
  expect(first).toContain("Never seen before, 31 to 36");
  expect(first).toContain("One decision that learning changed");
  const tooLong = first.split("\n").filter((line) => [...line].length > 80 && !line.includes(folder));
  expect(tooLong).toEqual([]);

  const second = await demo("--tickets", "12", "--experience", experience);
  expect(second).toContain("Experience: 36 tickets from earlier runs");
  expect(await demo("--tickets", "12", "--fresh", "--experience", experience)).toContain(
    "Experience: none yet",
  );
}, 120_000);

test("the two nodes raise the share of tickets resolved by the rules, on tickets never seen as well", async () => {
  const tickets = Array.from({ length: 150 }, (_, n) => ticketNumber(n, n >= 120));
  const memory = await openMemory();
  const policy = createPolicy({ memory, beta: 3, minSimilarity: 0.6 });
  const plain = await workThrough(tickets, new StandInModel(), undefined);
  const learned = await workThrough(tickets, new StandInModel(), policy);
  const share = (resolved: typeof plain, from: number, to: number) =>
    resolved.slice(from, to).filter(({ right }) => right).length / (to - from);
  expect(share(learned, 60, 120)).toBeGreaterThan(share(plain, 60, 120) + 0.2);
  expect(share(learned, 120, 150)).toBeGreaterThan(share(plain, 120, 150) + 0.2);
  expect((await memory.stats()).episodes).toBe(150);
});

test("tickets are reproducible, and the last ones are like none before", () => {
  expect(ticketNumber(7)).toEqual(ticketNumber(7));
  const familiar = new Set(Array.from({ length: 300 }, (_, n) => ticketNumber(n).order.product));
  for (let n = 0; n < 100; n++) expect(familiar).not.toContain(ticketNumber(n, true).order.product);
});

test("every rule comes up", () => {
  const resolutions = new Set(
    Array.from({ length: 300 }, (_, n) => JSON.stringify(rightResolution(ticketNumber(n)))),
  );
  expect([...resolutions].sort()).toEqual([
    '{"tool":"decline"}',
    '{"tool":"escalate","team":"finance"}',
    '{"tool":"escalate","team":"safety"}',
    '{"tool":"refund"}',
    '{"tool":"send_replacement","warehouse":"Gdansk"}',
    '{"tool":"send_replacement","warehouse":"Leipzig"}',
    '{"tool":"send_replacement","warehouse":"Lyon"}',
  ]);
});

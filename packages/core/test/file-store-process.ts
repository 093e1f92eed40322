// A process of its own that uses a file store as it is told, one JSON command a line, and answers one line each.
// What it acknowledges it writes at once, so that a kill takes nothing back.

import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { FileExperienceStore } from "@jitrl/core/file";
import { type Answer, bigEpisode, type StoreCommand } from "./file-store-commands.js";

let path = "";
let store: FileExperienceStore | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line) as StoreCommand);
}

async function obey(command: StoreCommand): Promise<void> {
  switch (command.do) {
    case "open":
      try {
        path = command.path;
        store = await FileExperienceStore.open(path, { sync: command.sync ?? false });
        return say({ opened: process.pid });
      } catch (error) {
        return say(faultOf(error));
      }
    case "close":
      await store?.close();
      return say({ closed: true });
    case "write":
      for (let i = 0; ; i++) await put(`${command.name}-${i}`, 1, 200);
    case "revise":
      for (let revision = 1; ; revision++)
        await put(`${command.name}-${revision % 2}`, Math.ceil(revision / 2), 60_000);
    case "write-and-delete":
      for (let i = 0; ; i++) {
        const id = `${command.name}-${i}-`;
        await put(id, 1, 5_000);
        if (i < 5) continue;
        await store?.delete({ episodeId: `${command.name}-${i - 5}-` });
        say({ deleted: `${command.name}-${i - 5}-` });
      }
    case "fill":
      try {
        for (let i = 0; ; i++) await put(`${command.name}-${i}`, 1, 100_000);
      } catch (error) {
        say({ ...faultOf(error), whole: readFileSync(path).at(-1) === 0x0a });
      }
      await put(`${command.name}-small`, 1, 10);
      return say({ filled: true });
  }
}

async function put(id: string, revision: number, size: number): Promise<void> {
  const result = await store?.put(bigEpisode(id, revision, size), { expectedRevision: revision - 1 });
  if (result?.status !== "stored") throw new Error(`Expected ${id} to be stored, found ${result?.status}.`);
  say({ put: id, revision });
}

function faultOf(error: unknown): Answer {
  const code = error instanceof Error && "code" in error ? String(error.code) : "none";
  return { code, message: String(error) };
}

function say(answer: Answer): void {
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

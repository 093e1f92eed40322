// What somebody who installed @jitrl/core writes; compiled and run against the packed package.
import { createPolicy, JitRLError, openMemory } from "@jitrl/core";
import { FileExperienceStore } from "@jitrl/core/file";

const path = process.argv[2] ?? "experience.jsonl";
const candidates = [
  { action: "kick", logit: 0.5 },
  { action: "knock", logit: 0 },
];

const first = await openMemory({ store: await FileExperienceStore.open(path) });
await first.learn({ id: "yesterday", steps: [{ state: "a locked door", action: "knock", reward: 1 }] });
await first.close();

const memory = await openMemory({ store: await FileExperienceStore.open(path) });
const policy = createPolicy({ memory, explorationBonus: 0 });
const learned = await policy.decide({ state: "a locked door", candidates });
await policy.feedback("yesterday", { reward: -1 });
const corrected = await policy.decide({ state: "a locked door", candidates });
const { episodes: forgotten } = await policy.forget({ all: true });
const unknown = await policy.feedback("yesterday", { reward: 1 }).catch((error: unknown) => error);
await memory.close();

const answers: Record<string, string | number> = {
  learned: learned.reason,
  value: learned.value ?? "none",
  corrected: corrected.value ?? "none",
  forgotten,
  unknown: JitRLError.isInstance(unknown) ? unknown.code : "no error",
};
console.log(JSON.stringify(answers));

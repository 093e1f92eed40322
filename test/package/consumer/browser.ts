// A page that installed @jitrl/core: its declarations need no types of Node.
import { type Decision, explain, openMemory } from "@jitrl/core";

export const memory = await openMemory();
export const show = (decision: Decision) => document.body.append(explain(decision));

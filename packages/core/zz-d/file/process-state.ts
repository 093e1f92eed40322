import { readFile } from "node:fs/promises";
import { systemCode } from "./file-fault.js";

/** True for a pid that a process of this host has. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Any other fault, e.g. EPERM, means that it is there and somebody else's.
    return systemCode(error) !== "ESRCH";
  }
}

export interface ProcessState {
  /** It was killed, and its parent has not buried it yet. */
  readonly ended: boolean;
  /**
   * The boot and the moment in it at which it started: pid 1 of a restarted container is another process than pid 1
   * before. Absent where nobody can tell: then the pid alone has to do.
   */
  readonly start?: string;
}

/** What Linux says of a process; elsewhere nothing. */
export async function processState(pid: number): Promise<ProcessState> {
  if (process.platform !== "linux") return { ended: false };
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field, the name of the program, is in parentheses and may hold spaces and parentheses itself.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { ended: state === "Z" || state === "X", start: `${boot.trim()}:${fields[18]}` };
  } catch (error) {
    // No /proc, or one that hides other users' processes.
    if (systemCode(error) !== undefined) return { ended: false };
    throw error;
  }
}

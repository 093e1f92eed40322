import { JitRLError } from "@jitrl/core";
import { ErrorReply } from "redis";

/** What Redis answers while it cannot serve now, but may be able to later. */
const passing: ReadonlySet<string> = new Set([
  "LOADING",
  "READONLY",
  "OOM",
  "MISCONF",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
  "BUSY",
  "NOREPLICAS",
  "UNBLOCKED",
]);

const advices: Readonly<Record<string, string>> = {
  OOM: "The server is full: give it more memory, or lower the capacity of the namespace.",
  MISCONF: "The server cannot save to its disk: see its log.",
  READONLY: "This is a replica: wait for the failover to end, or connect to the primary.",
  WRONGTYPE: "A key under this namespace holds something else: choose another namespace, or remove that key.",
  NOPERM: "Give this user the commands and the keys that the guide's ACL line names.",
  NOAUTH: "Give the client a user name and a password.",
  MOVED: "This server is a node of a cluster: use createCluster.",
  CROSSSLOT: "A proxy or a prefix has changed the keys: all between `{` and `}` has to stay as it is.",
  WRONGPASS: "Check the user name and the password.",
};

/** No answer came in time; whether the command was carried out is not known. */
export class NoAnswer extends Error {
  constructor(ms: number) {
    super(`no answer within ${Math.round(ms)} ms`);
  }
}

/** The first word of what Redis answered, e.g. `WRONGTYPE`; also when a script passed it on. */
export function redisCode(error: unknown): string | undefined {
  if (!(error instanceof ErrorReply)) return undefined;
  if (error.message.startsWith("ERR max number of clients")) return "MAXCLIENTS";
  const inScript = /@user_script: ?\d+: -?([A-Z]{2,})\b/.exec(error.message)?.[1];
  return inScript ?? /^-?([A-Z]+)\b/.exec(error.message)?.[1];
}

/** True for what may be over later: the server is away, starts, fails over, or is full. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ErrorReply) {
    const code = redisCode(error);
    return code === "MAXCLIENTS" || (code !== undefined && passing.has(code));
  }
  if (!(error instanceof Error) || JitRLError.isInstance(error)) return false;
  // A sentinel client of node-redis stumbles so while it changes from one primary to the next.
  if (error instanceof TypeError && error.message.includes("'isReady'")) return true;
  // All else that a client raises is about its connection, unless it was used wrongly.
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
}

/** @param attempt what was tried, after "Could not" */
export function redisFault(attempt: string, cause: unknown): JitRLError {
  if (JitRLError.isInstance(cause)) return cause;
  const code = redisCode(cause);
  if (code === "NEWERFORMAT") {
    return new JitRLError(
      "store-corrupt",
      `Could not ${attempt}: it is of a newer version of the format than 0. Upgrade @jitrl/redis.`,
      { cause },
    );
  }
  const advice = (code && advices[code]) ?? "See the cause.";
  const reason = cause instanceof Error ? cause.message || cause.constructor.name : String(cause);
  return new JitRLError(
    isPassing(cause) ? "store-unavailable" : "store-failed",
    `Could not ${attempt}: ${reason.slice(0, 200)}. ${advice}`,
    { cause, details: code ? { redisCode: code } : {} },
  );
}

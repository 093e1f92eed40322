import { createHash } from "node:crypto";

// Names of what a thread's hash holds. All checkpoints of a namespace, and all writes of a checkpoint, begin alike and
// nothing else does; within a namespace the names of checkpoints sort as their ids do, which is by time.

/** The character after "/": up to it, exclusively, reaches all that begins with a part and a "/". */
export const AFTER_SLASH = "0";

/** A part of a name: "/" and "%" and lone surrogates, which UTF-8 cannot tell apart, are escaped. */
export function escapePart(part: string): string {
  return part.replace(/[%/]|\p{Surrogate}/gu, (unit) =>
    unit === "%" ? "%25" : unit === "/" ? "%2F" : `%u${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function unescapePart(part: string): string {
  return part.replace(/%(?:25|2F|u([0-9A-F]{4}))/g, (sequence, unit: string | undefined) =>
    unit ? String.fromCharCode(Number.parseInt(unit, 16)) : sequence === "%25" ? "%" : "/",
  );
}

export function checkpointName(namespace: string, id: string): string {
  return `c/${escapePart(namespace)}/${escapePart(id)}`;
}

/** @returns namespace and id of a checkpoint */
export function parseCheckpointName(name: string): { readonly namespace: string; readonly id: string } {
  const [, namespace = "", id = ""] = name.split("/");
  return { namespace: unescapePart(namespace), id: unescapePart(id) };
}

export function writeName(namespace: string, checkpointId: string, taskId: string, index: number): string {
  return `w/${escapePart(namespace)}/${escapePart(checkpointId)}/${escapePart(taskId)}/${index}`;
}

/** Under this name is the latest version of a channel that the thread was given. */
export function versionName(namespace: string, channel: string): string {
  return `n/${escapePart(namespace)}/${escapePart(channel)}`;
}

/** Named by its content: a value that did not change from one checkpoint to the next is stored once. */
export function valueName(content: Uint8Array): string {
  return `v/${createHash("sha256").update(content).digest("base64url")}`;
}

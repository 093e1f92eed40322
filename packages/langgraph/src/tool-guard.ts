import { type Candidate, type Guard, JitRLError, type JsonValue } from "@jitrl/core";
import { ANSWER_ACTION, readAnswer } from "./answer.js";
import { type BoundTool, toolForms } from "./bound-tool.js";

export interface ToolGuardOptions {
  /** Tools whose calls learning never puts in the place of the agent's own. The agent may still call them. @default none */
  neverChosen?: readonly string[];
  /** Tools whose calls always stand where the agent makes them, such as one that asks a person for approval. @default none */
  neverReplaced?: readonly string[];
  /** The agent's tools. Where they are given, each name must be that of one of them. @default names are not checked */
  tools?: readonly BoundTool[];
}

/**
 * A guard of tools for `createPolicy({ guard })`. A tool is known by its name in the call itself, not by how the
 * action's key begins; of several calls made at once each counts. What is no call goes by its action: `ANSWER_ACTION`
 * guards answering the user.
 *
 * @throws JitRLError `invalid-input` for a name that no tool has
 */
export function toolGuard({ neverChosen = [], neverReplaced = [], tools }: ToolGuardOptions): Guard {
  const known = tools && new Set(toolForms(tools).callable.keys());
  const chosen = namesOf("neverChosen", neverChosen, known);
  const replaced = namesOf("neverReplaced", neverReplaced, known);
  return {
    mayChoose: (candidate) => !toolsOf(candidate).some((name) => chosen.has(name)),
    mayReplace: (base) => !toolsOf(base).some((name) => replaced.has(name)),
  };
}

/** A misspelt name would guard nothing. */
function namesOf(
  option: string,
  names: unknown,
  known: ReadonlySet<string> | undefined,
): ReadonlySet<string> {
  const listed: readonly unknown[] | undefined = Array.isArray(names) ? names : undefined;
  const texts = listed?.filter((name) => typeof name === "string");
  if (!listed || texts?.length !== listed.length) {
    throw new JitRLError("invalid-input", `Expected ${option} to be a list of names of tools.`);
  }
  const unknown = known ? texts.filter((name) => !known.has(name) && name !== ANSWER_ACTION) : [];
  if (unknown.length > 0) {
    const found = unknown.map((name) => `"${name}"`).join(", ");
    const expected = [...(known ?? [])].map((name) => `"${name}"`).join(", ");
    throw new JitRLError(
      "invalid-input",
      `Expected ${option} to name tools among ${expected}, found ${found}.`.slice(0, 1000),
    );
  }
  return new Set(texts);
}

/** The names of the tools that an action calls, whatever its key; what is neither a call nor an answer, by its key. */
function toolsOf({ action, payload }: Candidate): string[] {
  if (readAnswer(payload)) return [ANSWER_ACTION];
  const calls = isRecord(payload) && Array.isArray(payload.calls) ? payload.calls : [payload];
  const names = calls.flatMap((call: JsonValue | undefined) =>
    isRecord(call) && typeof call.name === "string" ? [call.name] : [],
  );
  return names.length > 0 ? names : [action];
}

function isRecord(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

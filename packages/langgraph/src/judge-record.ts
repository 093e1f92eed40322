import { canonicalJson, type Step } from "@jitrl/core";
import type { JudgedRun } from "./evaluator.js";

/** Tokens of a text, or an upper estimate of them. */
export type CountTokens = (text: string) => number;

/**
 * A rough count without any model's vocabulary: four characters of ASCII a token, and one token for every other
 * character. It errs towards too many for most languages that do not use Latin script.
 */
export const estimateTokens: CountTokens = (text) => {
  let ascii = 0;
  let others = 0;
  for (const character of text) {
    if (character < "\u0080") ascii++;
    else others++;
  }
  return Math.ceil(ascii / 4) + others;
};

/** A text of anybody within a record: it cannot close the element that it stands in, nor open another. */
export function quoted(text: string): string {
  return text
    .replace(/\p{Surrogate}|\p{Noncharacter_Code_Point}/gu, "\u{fffd}")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** As much of a quoted text as fits so many tokens: its beginning and its end. */
export function fitted(text: string, tokens: number, count: CountTokens): string {
  let whole = quoted(text);
  if (count(whole) <= tokens) return whole;
  for (
    let kept = Math.floor((whole.length * tokens) / count(whole));
    kept > 0;
    kept = Math.floor(kept * 0.8)
  ) {
    const head = Math.ceil(kept / 2);
    const cut = `${whole.slice(0, head)} […left out…] ${whole.slice(whole.length - (kept - head))}`;
    const clean = cut.replace(/\p{Surrogate}/gu, "\u{fffd}");
    if (count(clean) <= tokens) return clean;
  }
  whole = "[…left out…]";
  return count(whole) <= tokens ? whole : "";
}

/** One step as the judge reads it, in at most so many tokens beside its own marks. */
export function stepRecord(
  run: JudgedRun,
  index: number,
  { tokens, count, hideResult }: { tokens: number; count: CountTokens; hideResult: boolean },
): string {
  const step = run.steps[index]!;
  const { said, result } = run.transcript.steps[index] ?? {};
  const parts: readonly (readonly [string, string | undefined])[] = [
    ["situation", situationOf(run, step)],
    ["said", said],
    ["action", actionOf(step)],
    ["result", hideResult ? undefined : result],
  ];
  const told = parts.flatMap(([name, text]) =>
    text === undefined || text === "" ? [] : [[name, text] as const],
  );
  // A short text leaves its room to the long ones.
  const sizes = told.map(([, text]) => count(quoted(text)));
  let room = tokens;
  const rooms = new Map<number, number>();
  [...sizes.keys()]
    .sort((a, b) => sizes[a]! - sizes[b]!)
    .forEach((part, i) => {
      const share = Math.min(sizes[part]!, Math.floor(room / (told.length - i)));
      rooms.set(part, share);
      room -= share;
    });
  const lines = told.map(([name, text], i) => `<${name}>${fitted(text, rooms.get(i) ?? 0, count)}</${name}>`);
  return [`<step index="${index}" time="${step.t}">`, ...lines, "</step>"].join("\n");
}

/** The marks around the texts of a step, at their longest. */
export function stepFrame(index: number, time: number): string {
  const marks = ["situation", "said", "action", "result"].map((name) => `<${name}></${name}>`);
  return [`<step index="${index}" time="${time}">`, ...marks, "</step>", ""].join("\n");
}

/** What the agent saw: the observation where one was kept; its features, where nothing is known in words. */
function situationOf({ transcript }: JudgedRun, { observation, state }: Step): string | undefined {
  if (observation !== undefined) return wordsOf(observation);
  if (transcript.task !== undefined || transcript.steps.some(({ result }) => result !== undefined))
    return undefined;
  const features = Object.entries(state.features).map(([name, { tokens }]) => `${name}: ${tokens.join(" ")}`);
  return [...(state.partition === undefined ? [] : [`in: ${state.partition}`]), ...features].join("\n");
}

function actionOf({ action, payload }: Step): string {
  return payload === undefined ? action : wordsOf(payload);
}

function wordsOf(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value);
}

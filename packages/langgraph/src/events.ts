import {
  type ChosenBy,
  type Decision,
  type DecisionSummary,
  JitRLError,
  type LearnReceipt,
} from "@jitrl/core";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { Trajectory } from "./trajectory.js";

/** What the nodes write to the stream mode `custom`. */
export type JitRLEvent =
  | {
      readonly type: "jitrl:decision";
      readonly episodeId: string;
      /** Index of the step in its episode. */
      readonly step: number;
      readonly decision: Decision;
    }
  | {
      readonly type: "jitrl:episode";
      readonly receipt: LearnReceipt;
      readonly steps: number;
      readonly rewards: number;
    }
  | { readonly type: "jitrl:error"; readonly code: string; readonly message: string };

/** True for what the nodes wrote, among what other nodes wrote to the same stream. */
export function isJitRLEvent(chunk: unknown): chunk is JitRLEvent {
  return (
    typeof chunk === "object" &&
    chunk !== null &&
    "type" in chunk &&
    (chunk.type === "jitrl:decision" || chunk.type === "jitrl:episode" || chunk.type === "jitrl:error")
  );
}

export function emit(config: LangGraphRunnableConfig, event: JitRLEvent): void {
  config.writer?.(event);
}

const warned = new Set<string>();

/** Without anybody who listens a fault would be silent, and the agent would just never learn. Each kind is told once. */
function warnOnce(code: string, message: string): void {
  if (warned.has(code)) return;
  warned.add(code);
  const text = `JitRL (${code}): ${message} The agent goes on without learning from it; give the nodes an onError to be told each time.`;
  if (typeof process !== "undefined" && typeof process.emitWarning === "function") process.emitWarning(text);
}

/** Tells of a failure that the agent survives: to the stream, and to the caller's `onError` or else as a warning. */
export function report(
  error: unknown,
  config: LangGraphRunnableConfig,
  onError?: (error: unknown) => void,
): void {
  const code = JitRLError.isInstance(error) ? error.code : "unknown";
  const message = error instanceof Error ? error.message : String(error);
  emit(config, { type: "jitrl:error", code, message });
  if (!onError) {
    warnOnce(code, message);
    return;
  }
  try {
    onError(error);
  } catch (thrown) {
    warnOnce("onError", `onError failed itself: ${String(thrown)}.`);
  }
}

/** A decision in short, as it stands in `response_metadata.jitrl` of the message that carries the call. */
export interface DecisionMetadata {
  readonly episodeId: string;
  /** Index of the step in its episode; of the first one, where the message carries several calls. */
  readonly step: number;
  /** Id of that step. */
  readonly stepId: string;
  readonly action: string;
  readonly chosenBy: ChosenBy;
  /** Absent where nothing was decided: several calls at once, or a failure. */
  readonly decision?: DecisionSummary;
  /** In a subgraph and in the middleware, until they are taken over: the steps. */
  readonly trajectory?: Trajectory;
  /** In the middleware, beside the steps: the fingerprints of the tools, by name, for a call that a person changes. */
  readonly fingerprints?: Readonly<Record<string, string>>;
}

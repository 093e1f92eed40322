import type { Decision, JsonValue, Policy, StateInput, Step } from "@jitrl/core";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { ActionKey } from "./action-key.js";
import type { Answer } from "./answer.js";
import type { BoundTool } from "./bound-tool.js";
import type { CandidateRequest, CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import type { ToolCallSpec } from "./tool-call.js";

/** What is set once about an agent's decisions, whether in a node or in the middleware. */
export interface DecisionOptions<S extends object = MessagesState> {
  /** What chooses; several graphs may share one. */
  policy: Policy;
  /** Where candidate actions come from. */
  candidates: CandidateSource<S>;
  /**
   * What makes situations alike. In a graph with messages it sees the state without the agent's own call.
   *
   * @default describeMessages with the earlier steps of the run, so that trimming changes no state; a graph without messages must give one
   */
  describeState?: (state: S) => StateInput;
  /** Name of this version of `describeState`: change it when the features change, since old experience then no longer compares. @default the version of describeMessages, or "custom" where `describeState` is given */
  describedBy?: string;
  /** The key under which a tool call is learned. @default toolCallKey: the name and the masked arguments */
  actionKey?: ActionKey<S>;
  /** A raw observation to keep with each step. @default none is kept */
  observe?: (state: S) => JsonValue;
  /** Told of failures that the agent survives, besides the stream event. */
  onError?: (error: unknown) => void;
  /** Clock, ms since 1970. @default Date.now */
  now?: () => number;
}

/** What is known where a decision is made, besides the state. */
export interface DecisionContext {
  /** The tools that are bound now; candidates that call others, or with arguments that they refuse, are left out. */
  readonly tools?: readonly BoundTool[];
  readonly ask?: CandidateRequest<never>["ask"];
  /** The steps of this run so far, as they were executed: what they say of the task outlives the messages. */
  readonly earlier?: readonly Step[];
  readonly config: LangGraphRunnableConfig;
}

/** A step that has no place in its run yet. */
export type NewStep = Omit<Step, "id" | "t">;

/** What is to be executed in the place of what the agent would have. */
export type Execution = { readonly calls: readonly ToolCallSpec[] } | { readonly answer: Answer };

/** What was decided. */
export interface Decided {
  readonly steps: readonly NewStep[];
  /** Absent where nothing was decided: several calls at once, or a failure. */
  readonly decision?: Decision;
  /** Absent where the agent's own calls stand. */
  readonly execute?: Execution;
}

import { type Candidate, JitRLError, type Neighbor } from "@jitrl/core";
import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { MessagesState } from "./channels.js";
import { type ActionKey, type ToolCallSpec, toPayload } from "./tool-call.js";

/** A tool as the agent has it: a LangChain tool, or what is sent to the API. */
export type BoundTool = StructuredToolInterface | Readonly<Record<string, unknown>>;

/** One question to the agent's own model, with the agent's own settings but for what is named here. */
export interface ModelQuestion {
  /** In the place of the agent's messages. @default those of the agent */
  readonly messages?: BaseMessage[];
  /** In the place of the agent's tools, in the form that is sent to the API. @default those of the agent */
  readonly tools?: readonly BoundTool[];
  /** @default the agent's */
  readonly toolChoice?: "auto" | "none" | "required" | { type: "function"; function: { name: string } };
}

/** What a source of candidates is asked with. */
export interface CandidateRequest<S> {
  /** The graph's state at the decision; in a graph with messages, without the agent's own call. */
  readonly state: S;
  /** The agent's own call, where it has made one. */
  readonly call?: ToolCallSpec;
  /** The tools that are bound to the agent now, where that is known: always in the middleware. */
  readonly tools?: readonly BoundTool[];
  readonly actionKey: ActionKey;
  /** Past states like this one, as the policy will see them. */
  readonly neighbors?: () => readonly Neighbor[];
  /** Asks the agent's model, through all inner middleware; only in the middleware. */
  readonly ask?: (question: ModelQuestion) => Promise<AIMessage>;
  /** What models are to be called with; it keeps their tokens out of the stream of messages. */
  readonly config: LangGraphRunnableConfig;
}

/** Where candidate actions and their logits come from. The agent's own call need not be among them: the node adds it. */
export interface CandidateSource<S> {
  (request: CandidateRequest<S>): Promise<readonly Candidate[]> | readonly Candidate[];
  /**
   * In the middleware: it asks the agent's model itself, by `request.ask`, in the place of the agent's own call, so
   * that a step costs one call as before. The candidate with the highest logit is then the base action.
   *
   * @default false
   */
  readonly inPlaceOfCall?: boolean;
}

/** An action that the user of {@link functionCandidates} lists: by its key, or as a complete tool call. */
export type ListedAction =
  | (Pick<Candidate, "action" | "payload"> & { /** @default 0 */ logit?: number })
  | { readonly call: ToolCallSpec /** @default 0 */; logit?: number };

/**
 * Candidates that a function of the state lists, with their logits.
 *
 * @example functionCandidates((state) => state.exits.map((exit) => ({ action: exit })))
 */
export function functionCandidates<S extends object = MessagesState>(
  list: (
    state: S,
    request: CandidateRequest<S>,
  ) => readonly ListedAction[] | Promise<readonly ListedAction[]>,
): CandidateSource<S> {
  return async (request) => {
    const actions: unknown = await list(request.state, request);
    if (!isList(actions)) {
      throw new JitRLError(
        "candidates-failed",
        `Expected the function to return a list of actions, found ${String(actions)}.`,
      );
    }
    return actions.map((listed) => {
      const logit = listed.logit ?? 0;
      if (!("call" in listed)) return { ...listed, logit };
      return { action: request.actionKey(listed.call), logit, payload: toPayload(listed.call) };
    });
  };
}

function isList(actions: unknown): actions is readonly ListedAction[] {
  return Array.isArray(actions);
}

/**
 * The agent's own call among the candidates: in the place of the one with the same key, or before all others, as
 * likely as the likeliest of them.
 */
export function withOwnCall(
  candidates: readonly Candidate[],
  call: ToolCallSpec,
  actionKey: ActionKey,
): Candidate[] {
  const action = actionKey(call);
  const own = { action, payload: toPayload(call) };
  const known = candidates.filter((candidate) => candidate.action === action);
  const others = candidates.filter((candidate) => candidate.action !== action);
  const logit = (known.length > 0 ? known : others).reduce(
    (max, candidate) => Math.max(max, candidate.logit),
    Number.NEGATIVE_INFINITY,
  );
  return [{ ...own, logit: Number.isFinite(logit) ? logit : 0 }, ...others];
}

/** Says where the candidates of a step failed, keeping the cause. */
export function candidatesFailed(cause: unknown): JitRLError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new JitRLError("candidates-failed", `The source of candidates failed: ${message}`, { cause });
}

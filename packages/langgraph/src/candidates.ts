import { type Candidate, JitRLError, type Neighbor } from "@jitrl/core";
import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { BoundActionKey } from "./action-key.js";
import { type BoundTool, toolForms } from "./bound-tool.js";
import type { MessagesState } from "./channels.js";
import { type ToolCallSpec, toPayload } from "./tool-call.js";
import { validCall } from "./valid-arguments.js";

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
  /** The key of a call in this state, with these tools. */
  readonly actionKey: BoundActionKey;
  /** Past states like this one, as the policy will see them. */
  readonly neighbors?: () => readonly Neighbor[];
  /** Asks the agent's model, through all inner middleware; only in the middleware. */
  readonly ask?: (question: ModelQuestion) => Promise<AIMessage>;
  /** What models are to be called with; it keeps their tokens out of the stream of messages. */
  readonly config: LangGraphRunnableConfig;
}

/**
 * Where candidate actions and their logits come from. The agent's own call need not be among them: the node adds it.
 * An action stands once, with a payload that can be executed as it is: a tool call, several that are made at once
 * (`{ calls }`), or an answer to the user. An empty list says that there is nothing to choose here.
 */
export interface CandidateSource<S> {
  (request: CandidateRequest<S>): Promise<readonly Candidate[]> | readonly Candidate[];
  /**
   * In the middleware: it asks the agent's model itself, by `request.ask`, in the place of the agent's own call, so
   * that a step costs one call as before. The candidate with the highest logit is then the base action. Where it
   * fails or lists nothing, the agent's own call is made as without JitRL.
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
 * Candidates that a function of the state lists, with their logits. Where the bound tools are known, calls that these
 * do not take are left out.
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
    request.config.signal?.throwIfAborted();
    const actions: unknown = await list(request.state, request);
    if (!isList(actions)) {
      throw new JitRLError(
        "candidates-failed",
        `Expected the function to return a list of actions, found ${String(actions)}.`,
      );
    }
    const bound = request.tools && toolForms(request.tools).callable;
    const candidates: Candidate[] = [];
    for (const listed of actions) {
      const logit = listed.logit ?? 0;
      if (!("call" in listed)) {
        candidates.push({ ...listed, logit });
      } else if (!bound || (await validCall(listed.call, bound))) {
        candidates.push({ action: request.actionKey(listed.call), logit, payload: toPayload(listed.call) });
      }
    }
    return candidates;
  };
}

function isList(actions: unknown): actions is readonly ListedAction[] {
  return Array.isArray(actions);
}

/**
 * The agent's own call among the candidates: in the place of the one with the same key, or before all others. Where
 * no source says how likely it is, it is as likely as the likeliest of them, and no less than a logit of 0: as likely
 * as all alternatives together whose logits are logarithms of shares.
 */
export function withOwnCall(
  candidates: readonly Candidate[],
  call: ToolCallSpec,
  actionKey: BoundActionKey,
): Candidate[] {
  const action = actionKey(call);
  const own = { action, payload: toPayload(call) };
  const known = candidates.filter((candidate) => candidate.action === action);
  const others = candidates.filter((candidate) => candidate.action !== action);
  const logit = (known.length > 0 ? known : others).reduce(
    (max, candidate) => Math.max(max, candidate.logit),
    known.length > 0 ? Number.NEGATIVE_INFINITY : 0,
  );
  return [{ ...own, logit }, ...others];
}

/** Says where the candidates of a step failed, keeping the cause. */
export function candidatesFailed(cause: unknown): JitRLError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new JitRLError("candidates-failed", `The source of candidates failed: ${message}`, { cause });
}

import { canonicalJson, type Reward, type Step } from "@jitrl/core";
import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { type ActionKey, type BoundActionKey, bindActionKey, joinedKey, toolCallKey } from "./action-key.js";
import type { BoundTool } from "./bound-tool.js";
import { callsFromPayload, callsToPayload, type ExecutedCall } from "./tool-call.js";

/**
 * The steps that a message carries, as somebody left them who looked at it after the decision: a call that was
 * changed is a step of the one who changed it, a call that was taken out is none.
 *
 * Calls are known by their ids. Where an id is gone and there is a call with another, the call was replaced.
 *
 * @param message as it was executed
 */
export function asExecuted(
  steps: readonly Step[],
  message: AIMessage,
  actionKey: BoundActionKey,
): readonly Step[] {
  const calls = (message.tool_calls ?? []).map(({ name, args, id }) => ({ name, args, id }));
  const decided = new Set(steps.flatMap((step) => callsOf(step).map(({ id }) => id)));
  const replacements = calls.filter(({ id }) => !decided.has(id));
  return steps.flatMap((step): Step[] => {
    const before = callsOf(step);
    if (before.length === 0) return [step];
    const now = before.flatMap((call): ExecutedCall[] => {
      const found = calls.find(({ id }) => id === call.id) ?? replacements.shift();
      return found ? [toExecuted(found)] : [];
    });
    if (now.length === 0) return [];
    if (now.length === before.length && now.every((call, i) => sameCall(call, before[i]!))) return [step];
    return [
      {
        ...step,
        action: joinedKey(now, actionKey),
        payload: callsToPayload(now),
        chosenBy: "human" as const,
      },
    ];
  });
}

/** How the calls of a graph are named. */
export interface ReviewOptions<S> {
  readonly actionKey?: ActionKey<S>;
  readonly tools?: readonly BoundTool[];
}

/**
 * The last steps of a run that somebody changed after they were decided: on the message that carries them, a call is
 * now another one. A call that is gone is still a step: messages are trimmed for many reasons.
 */
export function reviewedSteps<S extends object>(
  steps: readonly Step[],
  state: S,
  messages: readonly BaseMessage[],
  { actionKey = toolCallKey, tools }: ReviewOptions<S>,
): readonly Step[] {
  const latest = steps.filter(({ t }) => t === steps.at(-1)?.t);
  return messages.flatMap((message, i): readonly Step[] => {
    const decided = latest.filter(({ id }) => isOf(id, stepIdOf(message)));
    if (decided.length === 0 || !AIMessage.isInstance(message)) return [];
    const before = { ...state, messages: messages.slice(0, i) };
    const key = bindActionKey(actionKey, { ...(tools ? { tools } : {}), state: before });
    return asExecuted(decided, message, key).filter((step) => !decided.includes(step));
  });
}

/**
 * The answer to a call that a person refused, in the place of its execution: put it into the messages and go back to
 * the agent. The call is learned from as one that was refused.
 *
 * @param options.message what the agent is told
 * @param options.reward what the call earns, on the scale of your rewards; it overrules what anybody else says of it
 */
export function refusedCall(
  { name, id }: { readonly name: string; readonly id?: string },
  { message = "A person refused this call.", reward = -1 }: { message?: string; reward?: number } = {},
): ToolMessage {
  return new ToolMessage({
    content: message,
    name,
    tool_call_id: id ?? "",
    status: "error",
    additional_kwargs: { jitrl_refusal: reward },
  });
}

/** What the steps earned by being refused, as {@link refusedCall} says. */
export function refusalRewards(
  steps: readonly Step[],
  messages: readonly BaseMessage[],
  at: number,
): Reward[] {
  const refusals = new Map<unknown, number>();
  for (const message of messages) {
    const refusal = ToolMessage.isInstance(message) ? message.additional_kwargs.jitrl_refusal : undefined;
    if (typeof refusal === "number" && ToolMessage.isInstance(message)) {
      refusals.set(message.tool_call_id, refusal);
    }
  }
  return steps.flatMap((step, i): Reward[] => {
    const value = callsOf(step).flatMap(({ id }) => refusals.get(id) ?? [])[0];
    return value === undefined ? [] : [refusal(step, i, value, at)];
  });
}

/** What a refused step earned; the same refusal counts once, whoever tells of it. */
export function refusal({ id }: Step, step: number, value: number, at: number): Reward {
  return { id: `refused-${id}`, step, value, source: "human:refusal", at };
}

/** True for calls that mean the same, whatever the order of their arguments. */
export function sameCall(a: ExecutedCall, b: ExecutedCall): boolean {
  return a.name === b.name && canonicalJson(a.args) === canonicalJson(b.args);
}

/** The calls that a step made. */
export function callsOf({ payload }: Pick<Step, "payload">): readonly ExecutedCall[] {
  return callsFromPayload(payload) ?? [];
}

function stepIdOf(message: BaseMessage): unknown {
  const jitrl: unknown = AIMessage.isInstance(message) ? message.response_metadata.jitrl : undefined;
  return typeof jitrl === "object" && jitrl !== null && "stepId" in jitrl ? jitrl.stepId : undefined;
}

/** The first step of a decision gives the others their ids. */
function isOf(id: string, first: unknown): boolean {
  return typeof first === "string" && first !== "" && (id === first || id.startsWith(`${first}.`));
}

function toExecuted({
  id,
  ...call
}: {
  name: string;
  args: Record<string, unknown>;
  id: string | undefined;
}) {
  return id === undefined ? call : { ...call, id };
}

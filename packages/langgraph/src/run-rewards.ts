import { JitRLError, MAX_REWARD, type Reward, type Step } from "@jitrl/core";
import { type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { callsFromPayload } from "./tool-call.js";

/** Reads a reward from the answer of a tool. */
export type ToolReward = (message: ToolMessage) => number | undefined;

/**
 * The rewards that a reward function gave: one for the outcome, or one a step.
 *
 * @throws JitRLError `reward-failed` for what is no reward
 */
export function outcomeRewards(
  value: number | readonly number[] | undefined,
  steps: readonly Step[],
  at: number,
): Reward[] {
  if (value === undefined) return [];
  const source = "environment:reward";
  if (typeof value === "number") return [checked({ id: "reward", value, source, at })];
  if (!Array.isArray(value)) {
    throw new JitRLError(
      "reward-failed",
      `Expected a number, one a step, or undefined, found ${String(value)}.`,
    );
  }
  if (value.length !== steps.length) {
    throw new JitRLError(
      "reward-failed",
      `Expected one reward a step, that is ${steps.length}, found ${value.length}.`,
    );
  }
  return value.map((one: number, step) => checked({ id: `reward-${step}`, step, value: one, source, at }));
}

/** What the answers of tools say of the steps that called them; what cannot be read is told and left out. */
export function toolRewards(
  steps: readonly Step[],
  messages: readonly BaseMessage[],
  read: ToolReward = artifactReward,
  at: number,
  onError: (error: unknown) => void,
): Reward[] {
  const answers = new Map(
    messages
      .filter((message) => ToolMessage.isInstance(message))
      .map((message) => [message.tool_call_id, message]),
  );
  return steps.flatMap(({ payload }, step): Reward[] => {
    const calls = callsFromPayload(payload) ?? [];
    return calls.flatMap((call, i): Reward[] => {
      const answer = call.id === undefined ? undefined : answers.get(call.id);
      if (!answer) return [];
      try {
        const value = read(answer);
        if (value === undefined) return [];
        // Several calls that are one step earn their rewards together.
        const id = calls.length === 1 ? `tool-${step}` : `tool-${step}.${i}`;
        return [checked({ id, step, value, source: "environment:tool", at })];
      } catch (error) {
        onError(error);
        return [];
      }
    });
  });
}

function artifactReward({ artifact }: ToolMessage): number | undefined {
  if (typeof artifact !== "object" || artifact === null || !("reward" in artifact)) return undefined;
  return typeof artifact.reward === "number" ? artifact.reward : undefined;
}

function checked(reward: Reward): Reward {
  if (Math.abs(reward.value) <= MAX_REWARD) return reward;
  throw new JitRLError(
    "reward-failed",
    `Expected a reward to be a finite number up to ±${MAX_REWARD}, found ${reward.value} (${reward.source}).`,
  );
}

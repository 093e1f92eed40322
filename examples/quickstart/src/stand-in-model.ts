import { ScriptedModel } from "@jitrl/example-models";
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

interface Habit {
  readonly tool: string;
  readonly args: Readonly<Record<string, string>>;
  readonly score: number;
}

/** @param detail the warehouse or the team */
function like(
  tool: "refund" | "decline" | "send_replacement" | "escalate",
  score: number,
  detail = "",
): Habit {
  const name = { refund: "", decline: "", send_replacement: "warehouse", escalate: "team" }[tool];
  return { tool, args: name ? { [name]: detail } : {}, score };
}

const everything: readonly Habit[] = [
  like("refund", 10),
  like("decline", 8),
  like("send_replacement", 10, "Leipzig"),
  like("send_replacement", 10, "Lyon"),
  like("send_replacement", 10, "Gdansk"),
  like("escalate", 5, "safety"),
  like("escalate", 5, "finance"),
  like("escalate", 5, "logistics"),
];

/** What a well-meaning model without the company's rules does: sensible, and often wrong. */
const habits: readonly (readonly [when: RegExp, likes: readonly Habit[]])[] = [
  [
    /Topic: Safety/,
    [like("send_replacement", 40, "Leipzig"), like("refund", 30), like("escalate", 15, "safety")],
  ],
  [/Topic: Payment/, [like("escalate", 50, "finance"), like("refund", 40)]],
  [/Topic: Delivery/, [like("send_replacement", 50, "Leipzig"), like("refund", 30)]],
  [/Topic: Return/, [like("refund", 65), like("decline", 15)]],
  [/Topic: Damaged item/, [like("send_replacement", 50, "Leipzig"), like("refund", 25)]],
];

/**
 * A chat model without a network: it looks the order up, then follows fixed habits, and it can score alternatives.
 * It never learns; whatever gets better in the demo is JitRL's doing.
 */
export class StandInModel extends ScriptedModel {
  override _llmType(): string {
    return "stand-in";
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    const asked = options.tools?.flatMap((bound) => ("function" in bound ? [bound.function] : [])) ?? [];
    const proposing = asked.find(({ name }) => name === "propose_next_steps");
    const message = asked.some(({ name }) => name === "propose_calls")
      ? scores(messages.at(-1)?.text ?? "")
      : proposing
        ? nextSteps(messages, limitIn(JSON.stringify(proposing.parameters)))
        : nextMove(messages);
    return { generations: [{ text: message.text, message }] };
  }
}

function nextMove(messages: readonly BaseMessage[]): AIMessage {
  const asked = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const ticket = messages[asked]?.text ?? "";
  const answers = messages.slice(asked + 1).filter((message) => ToolMessage.isInstance(message));
  const order_id = orderIn(ticket);
  const found = answers.some(({ name }) => name === "find_order");
  if (!found && answers.length === 0) return callOf("find_order", { order_id });
  const resolved = answers.find(({ name }) => name !== "find_order");
  if (resolved) return new AIMessage(`Thank you for writing to us. ${resolved.text}`);
  const [likely] = preferences(ticket);
  return callOf(likely?.tool ?? "decline", { order_id, ...likely?.args });
}

/** Answers the question for alternatives: the same habits, as scores. */
function scores(prompt: string): AIMessage {
  const conversation = prompt.slice(prompt.indexOf("# Conversation"));
  const order_id = orderIn(conversation);
  const own = conversation.slice(conversation.indexOf("# The agent's call"));
  if (own.includes("find_order")) return callOf("propose_calls", { own_score: 95, alternatives: [] });
  const liked = preferences(conversation);
  const alternatives = liked
    .slice(1, 1 + limitIn(prompt))
    .map(({ tool, args, score }) => ({ tool, arguments: JSON.stringify({ order_id, ...args }), score }));
  return callOf("propose_calls", { own_score: liked[0]?.score ?? 50, alternatives });
}

/** Proposes in the place of acting: the same habits once more, and only one step where there is but one. */
function nextSteps(messages: readonly BaseMessage[], limit: number): AIMessage {
  const move = nextMove(messages);
  const [call] = move.tool_calls ?? [];
  const step = (calls: readonly { name: string; args: object }[], answer: string, score: number) => ({
    calls: calls.map(({ name, args }) => ({ tool: name, arguments: JSON.stringify(args) })),
    answer,
    score,
  });
  if (!call) return callOf("propose_next_steps", { proposals: [step([], move.text, 95)] });
  if (call.name === "find_order") return callOf("propose_next_steps", { proposals: [step([call], "", 95)] });
  const ticket = messages.findLast((message) => HumanMessage.isInstance(message))?.text ?? "";
  const proposals = preferences(ticket)
    .slice(0, limit)
    .map(({ tool: name, args, score }) =>
      step([{ name, args: { order_id: orderIn(ticket), ...args } }], "", score),
    );
  return callOf("propose_next_steps", { proposals });
}

/** All that could be done, what the habit likes best first. */
function preferences(text: string): Habit[] {
  const likes = habits.find(([when]) => when.test(text))?.[1] ?? [];
  const others = everything.filter(
    ({ tool, args }) =>
      !likes.some((like) => like.tool === tool && JSON.stringify(like.args) === JSON.stringify(args)),
  );
  return [...likes, ...others];
}

/** How many alternatives are asked for. */
function limitIn(request: string): number {
  return Number(/up to (\d+)/i.exec(request)?.[1] ?? Number.POSITIVE_INFINITY);
}

function orderIn(text: string): string {
  return /A-\d{5}/.exec(text)?.[0] ?? "unknown";
}

let calls = 0;

function callOf(name: string, args: Record<string, unknown>): AIMessageChunk {
  return new AIMessageChunk({
    content: "",
    tool_calls: [{ name, args, id: `call_${++calls}`, type: "tool_call" }],
  });
}

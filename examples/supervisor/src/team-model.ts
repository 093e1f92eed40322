import { ScriptedModel } from "@jitrl/example-models";
import type { BindToolsInput } from "@langchain/core/language_models/chat_models";
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { handbooks, type Specialist } from "./handbooks.js";

/** Whom a well-meaning supervisor asks who does not know how this company divides its work. */
const habits: readonly (readonly [when: RegExp, whom: Specialist])[] = [
  [/Topic: Safety/, "warehouse"],
  [/Topic: Payment/, "refunds"],
  [/Topic: Delivery/, "warehouse"],
  [/Topic: Return/, "refunds"],
  [/Topic: Damaged item/, "warehouse"],
];

/**
 * A chat model without a network that plays the whole team: with the tools of the supervisor it looks the order up,
 * hands the ticket to the specialist whom it likes by its topic, and closes it; with those of a specialist it does
 * what that one's handbook says. It never learns.
 */
export class TeamModel extends ScriptedModel {
  override _llmType(): string {
    return "stand-in team";
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    const tools = new Set((options.tools ?? []).map(nameOf));
    const message = tools.has("find_order") ? supervise(messages) : specialise(messages, tools);
    return { generations: [{ text: message.text, message }] };
  }
}

function supervise(messages: readonly BaseMessage[]): AIMessage {
  const { ticket, order, done } = read(messages);
  if (!done.includes("find_order")) return callOf("find_order", { order_id: order });
  if (done.some((name) => name.startsWith("transfer_to_"))) return new AIMessage("The ticket is closed.");
  const [, whom = "specialists"] = habits.find(([when]) => when.test(ticket)) ?? [];
  return callOf(`transfer_to_${whom}`, {});
}

function specialise(messages: readonly BaseMessage[], tools: ReadonlySet<string>): AIMessage {
  const { ticket, facts, order, done } = read(messages);
  if (done.some((name) => tools.has(name))) return new AIMessage("Thank you for writing to us. It is done.");
  const handbook = Object.values(handbooks).find((book) => book.tools.some((name) => tools.has(name)));
  const { tool = "decline", ...args } = handbook?.follow(ticket, facts) ?? {};
  return callOf(tool, { order_id: order, ...args });
}

/** What the ticket says, what was found out about its order, and what has been called since. */
function read(messages: readonly BaseMessage[]) {
  const asked = messages.findIndex((message) => HumanMessage.isInstance(message));
  const ticket = messages[asked]?.text ?? "";
  const found = messages.findLast(
    (message) => ToolMessage.isInstance(message) && message.name === "find_order",
  );
  const done = messages.slice(asked + 1).flatMap((message) => {
    return ToolMessage.isInstance(message) && message.name ? [message.name] : [];
  });
  return { ticket, facts: found?.text ?? "", order: /A-\d{5}/.exec(ticket)?.[0] ?? "unknown", done };
}

function nameOf(tool: BindToolsInput): string {
  return "name" in tool && typeof tool.name === "string"
    ? tool.name
    : convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0]).function.name;
}

let calls = 0;

function callOf(name: string, args: Record<string, unknown>): AIMessageChunk {
  return new AIMessageChunk({
    content: "",
    tool_calls: [{ name, args, id: `call_${++calls}`, type: "tool_call" }],
  });
}

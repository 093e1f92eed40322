import { ChatAnthropic } from "@langchain/anthropic";
import { check, type Fields, fields, list, object, oneOf, refuse, text, toolName } from "./form.js";
import type { Heard, HeardPart, Protocol, Provider, Turn } from "./provider.js";
import type { ServerEvent } from "./wire.js";

/** Anthropic's messages, with the checks of tool use and of extended thinking. */
function messagesProtocol(): Protocol {
  /** Thoughts by the signatures that were given to them. */
  const signed = new Map<string, string>();
  return {
    read({ path, body, headers }) {
      check(path === "/v1/messages", `Unknown URL ${path}`);
      check(headers["x-api-key"] === "test" && !!headers["anthropic-version"], "Missing API key or version");
      const request = fields(
        body,
        "request",
        "model max_tokens messages",
        "system tools tool_choice stream temperature top_k top_p stop_sequences metadata thinking output_config",
      );
      const names = list(request.tools ?? [], "tools").map(readTool);
      const thinking =
        request.thinking !== undefined && object(request.thinking, "thinking").type !== "disabled";
      const forced = readChoice(request.tool_choice, names, thinking);
      const history = readMessages(list(request.messages, "messages"), thinking, signed);
      return {
        history,
        choices: 1,
        stream: request.stream === true,
        ...(forced === undefined ? {} : { forced }),
      };
    },
    reply([turn = {}], heard, number) {
      const content = contentOf(turn, heard, number);
      if (turn.thinking) signed.set(`sig-${number}`, turn.thinking);
      const stop_reason = content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
      const message = {
        id: `msg_${number}`,
        type: "message",
        role: "assistant",
        model: "claude-sonnet-4-5",
        stop_sequence: null,
      };
      const usage = { input_tokens: 9, output_tokens: 4 };
      return heard.stream
        ? { events: streamed(message, content, stop_reason, usage) }
        : { json: { ...message, content, stop_reason, usage } };
    },
    refusal: (message) => ({ type: "error", error: { type: "invalid_request_error", message } }),
  };
}

function readTool(tool: unknown): string {
  const { name, input_schema } = fields(
    tool,
    "tool",
    "name input_schema",
    "description type cache_control strict",
  );
  check(object(input_schema, "input_schema").type === "object", "input_schema.type: expected object");
  return toolName(name, "tool.name");
}

function readChoice(choice: unknown, names: readonly string[], thinking: boolean): string | undefined {
  if (choice === undefined) return undefined;
  const { type, name } = fields(choice, "tool_choice", "type", "name disable_parallel_tool_use");
  oneOf(type, "tool_choice.type", "auto", "any", "tool", "none");
  check(
    !thinking || type === "auto" || type === "none",
    "Thinking may not be enabled when tool_choice forces tool use.",
  );
  if (type !== "tool") return undefined;
  oneOf(name, "tool_choice.name", ...names);
  return text(name, "tool_choice.name");
}

function readMessages(
  messages: readonly unknown[],
  thinking: boolean,
  signed: ReadonlyMap<string, string>,
): HeardPart[] {
  const read = messages.map((message) => {
    const { role, content } = fields(message, "message", "role content");
    oneOf(role, "role", "user", "assistant");
    return {
      role,
      blocks: typeof content === "string" ? [{ type: "text", text: content }] : blocksOf(content),
    };
  });
  check(read[0]?.role === "user", "messages: the first must be the user's");
  const ids = new Set<string>();
  let open: string[] = [];
  const history: HeardPart[] = [];
  for (const { role, blocks } of read) {
    check(blocks.length > 0, "messages: all must have non-empty content");
    const answered = blocks.flatMap((block) =>
      block.type === "tool_result" ? [text(block.tool_use_id, "tool_use_id")] : [],
    );
    const missing = open.filter((id) => !answered.includes(id));
    check(
      missing.length === 0,
      `tool_use ids without tool_result blocks immediately after: ${missing.join()}`,
    );
    const unknown = answered.filter((id) => !open.includes(id));
    check(unknown.length === 0, `unexpected tool_use_id in tool_result blocks: ${unknown.join()}`);
    open = [];
    for (const block of blocks) {
      const part = readBlock(block, role, signed);
      if (part && "call" in part) {
        const id = text(part.id, "tool_use.id");
        check(/^[a-zA-Z0-9_-]+$/u.test(id), `tool_use.id: "${id}" is no id`);
        check(!ids.has(id), "`tool_use` ids must be unique");
        ids.add(id);
        open.push(id);
      }
      if (part) history.push(part);
    }
    if (thinking && open.length > 0) {
      const first = blocks[0]?.type;
      check(
        first === "thinking" || first === "redacted_thinking",
        `Expected thinking or redacted_thinking, but found ${String(first)}`,
      );
    }
  }
  check(open.length === 0, `tool_use ids without tool_result blocks: ${open.join()}`);
  return history;
}

function blocksOf(content: unknown): Fields[] {
  return list(content, "content").map((block) => object(block, "content block"));
}

function readBlock(block: Fields, role: unknown, signed: ReadonlyMap<string, string>): HeardPart | undefined {
  if (block.type === "text") {
    const { text: said } = fields(block, "text", "type text", "cache_control citations");
    check(text(said, "text").trim() !== "", "text content blocks must be non-empty");
    return role === "assistant" ? { said: text(said, "text") } : undefined;
  }
  if (block.type === "tool_result") {
    check(role === "user", "tool_result stands in a user message");
    const { content, tool_use_id } = fields(block, "tool_result", "type tool_use_id", "content is_error");
    return { result: typeof content === "string" ? content : JSON.stringify(content), id: tool_use_id };
  }
  check(role === "assistant", `${String(block.type)} stands in an assistant message`);
  if (block.type === "tool_use") {
    const { id, name, input } = fields(block, "tool_use", "type id name input", "cache_control caller");
    return { call: toolName(name, "tool_use.name"), args: object(input, "tool_use.input"), id };
  }
  if (block.type === "thinking") {
    const { thinking, signature } = fields(block, "thinking", "type thinking signature");
    check(signed.get(text(signature, "signature")) === thinking, "Invalid `signature` in `thinking` block");
    return undefined;
  }
  return refuse(`content block: type "${String(block.type)}" is unknown`);
}

function contentOf(turn: Turn, { forced }: Heard, number: number): Fields[] {
  const { structured } = turn;
  const asCall = structured && forced !== undefined ? [{ name: forced, args: structured }] : undefined;
  const said = turn.text ?? (structured && !asCall ? JSON.stringify(structured) : undefined);
  return [
    ...(turn.thinking ? [{ type: "thinking", thinking: turn.thinking, signature: `sig-${number}` }] : []),
    ...(said ? [{ type: "text", text: said }] : []),
    ...(asCall ?? turn.calls ?? []).map(({ name, args }, i) => ({
      type: "tool_use",
      id: `toolu_${number}_${i}`,
      name,
      input: args,
    })),
  ];
}

function streamed(
  message: Fields,
  content: readonly Fields[],
  stop_reason: string,
  usage: Fields,
): ServerEvent[] {
  const events: Fields[] = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null, usage } },
  ];
  for (const [index, block] of content.entries()) {
    const delta = (change: Fields) => ({ type: "content_block_delta", index, delta: change });
    if (block.type === "text") {
      events.push({ type: "content_block_start", index, content_block: { type: "text", text: "" } });
      events.push(delta({ type: "text_delta", text: block.text }));
    } else if (block.type === "thinking") {
      const empty = { type: "thinking", thinking: "", signature: "" };
      events.push({ type: "content_block_start", index, content_block: empty });
      events.push(delta({ type: "thinking_delta", thinking: block.thinking }));
      events.push(delta({ type: "signature_delta", signature: block.signature }));
    } else {
      const json = JSON.stringify(block.input);
      events.push({ type: "content_block_start", index, content_block: { ...block, input: {} } });
      events.push(delta({ type: "input_json_delta", partial_json: json.slice(0, 3) }));
      events.push(delta({ type: "input_json_delta", partial_json: json.slice(3) }));
    }
    events.push({ type: "content_block_stop", index });
  }
  events.push({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage });
  events.push({ type: "message_stop" });
  return events.map((data) => ({ name: String(data.type), data }));
}

export const anthropic: Provider = {
  name: "ChatAnthropic",
  protocol: messagesProtocol,
  model: (url, { temperature, thinking, streaming, v1 }) =>
    new ChatAnthropic({
      model: "claude-sonnet-4-5",
      apiKey: "test",
      maxRetries: 0,
      anthropicApiUrl: url,
      maxTokens: 2048,
      ...(thinking ? { thinking: { type: "enabled", budget_tokens: 1024 } } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};

import { ChatOllama } from "@langchain/ollama";
import { check, fields, list, object, oneOf, text, toolName } from "./form.js";
import type { HeardPart, Protocol, Provider } from "./provider.js";

/** Ollama's chat: lines of JSON; results are paired with calls by their order alone. */
function chatProtocol(): Protocol {
  return {
    read({ path, body }) {
      check(path === "/api/chat", `Unknown URL ${path}`);
      const request = fields(
        body,
        "request",
        "model messages",
        "tools format options stream keep_alive think logprobs top_logprobs",
      );
      for (const tool of list(request.tools ?? [], "tools")) {
        const { type, function: declared } = fields(tool, "tool", "type function");
        oneOf(type, "tool.type", "function");
        toolName(fields(declared, "function", "name", "description parameters").name, "name");
      }
      if (request.format !== undefined && request.format !== "json") object(request.format, "format");
      check(request.stream === true, "the client streams always");
      return { history: readMessages(list(request.messages, "messages")), choices: 1, stream: true };
    },
    reply([turn = {}]) {
      const head = { model: "llama3.1", created_at: "2026-01-01T00:00:00Z" };
      const { structured, calls = [] } = turn;
      const said = turn.text ?? (structured ? JSON.stringify(structured) : "");
      const line = (message: object) => ({
        ...head,
        message: { role: "assistant", ...message },
        done: false,
      });
      return {
        lines: [
          ...(turn.thinking ? [line({ content: "", thinking: turn.thinking })] : []),
          ...(said ? [line({ content: said })] : []),
          ...(calls.length > 0
            ? [
                line({
                  content: "",
                  tool_calls: calls.map(({ name, args }, index) => ({
                    function: { index, name, arguments: args },
                  })),
                }),
              ]
            : []),
          {
            ...head,
            message: { role: "assistant", content: "" },
            done: true,
            done_reason: "stop",
            prompt_eval_count: 9,
            eval_count: 4,
          },
        ],
      };
    },
    refusal: (error) => ({ error }),
  };
}

function readMessages(messages: readonly unknown[]): HeardPart[] {
  let open = 0;
  const history: HeardPart[] = [];
  for (const message of messages) {
    const { role, content, tool_calls } = fields(
      message,
      "message",
      "role content",
      "tool_calls images thinking tool_name",
    );
    oneOf(role, "role", "system", "user", "assistant", "tool");
    check(role === "tool" || open === 0, "a call has no result");
    check(role === "assistant" || tool_calls === undefined, "only the assistant calls tools");
    const said = text(content, "content");
    if (role === "tool") {
      check(open > 0, "a result without a call");
      open--;
      history.push({ result: said });
    } else if (role === "assistant") {
      if (said) history.push({ said });
      for (const call of list(tool_calls ?? [], "tool_calls")) {
        const { function: called } = fields(call, "tool_call", "function", "id type");
        const { name, arguments: args } = fields(called, "tool_call.function", "name arguments", "index");
        open++;
        history.push({ call: toolName(name, "name"), args: object(args, "arguments") });
      }
    }
  }
  check(open === 0, "a call has no result");
  return history;
}

export const ollama: Provider = {
  name: "ChatOllama",
  protocol: chatProtocol,
  model: (url, { temperature, streaming, v1 }) =>
    new ChatOllama({
      model: "llama3.1",
      baseUrl: url,
      maxRetries: 0,
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};

import { ChatOpenAI } from "@langchain/openai";
import {
  check,
  type Fields,
  fields,
  jsonArguments,
  list,
  object,
  oneOf,
  refuse,
  schemaSubset,
  strictSchema,
  text,
  toolName,
} from "./form.js";
import type { Heard, HeardPart, Protocol, Provider, Turn } from "./provider.js";
import type { ServerEvent } from "./wire.js";

/** How a server of chat completions differs from OpenAI's. */
export interface Dialect {
  /** Fields of the request that it knows besides the common ones. */
  readonly more?: string;
  readonly path?: string;
  readonly n?: boolean;
  readonly jsonSchema?: boolean;
  /** Where thoughts are told in an answer, if at all. */
  readonly thinking?: (thought: string) => Fields;
}

const common =
  "temperature top_p max_tokens stop stream stream_options tools tool_choice parallel_tool_calls response_format frequency_penalty presence_penalty logprobs top_logprobs seed user n logit_bias";

/** Chat completions as OpenAI documents them. */
export function completionsProtocol(dialect: Dialect = {}): Protocol {
  const {
    more = "max_completion_tokens store metadata reasoning_effort service_tier prompt_cache_key verbosity",
    path = "/v1/chat/completions",
    n: several = true,
    jsonSchema = true,
    thinking,
  } = dialect;
  return {
    read({ path: asked, body, headers }) {
      check(asked === path, `Unknown URL ${asked}`);
      check(String(headers.authorization).startsWith("Bearer "), "Missing API key");
      const request = fields(body, "request", "model messages", `${common} ${more}`);
      const { tools = [], tool_choice, n = 1, logprobs, top_logprobs, response_format, stream } = request;
      const names = list(tools, "tools").map(readTool);
      check(request.tools === undefined || names.length > 0, "tools: expected at least one");
      check(several || n === 1, "n is not supported");
      check(typeof n === "number" && n >= 1, "n: expected a number");
      check(top_logprobs === undefined || logprobs === true, "top_logprobs wants logprobs");
      check(Number(top_logprobs ?? 0) <= 20, "top_logprobs: at most 20");
      if (request.stream_options !== undefined) {
        check(stream === true, "stream_options: only allowed when stream is set");
        fields(request.stream_options, "stream_options", "include_usage");
      }
      if (response_format !== undefined) readFormat(response_format, jsonSchema);
      const history = readMessages(list(request.messages, "messages"));
      const forced = readChoice(tool_choice, names);
      return {
        history,
        choices: typeof n === "number" ? n : 1,
        stream: stream === true,
        logprobs: logprobs === true,
        ...(forced === undefined ? {} : { forced }),
      };
    },
    reply(turns, heard, number) {
      const head = { id: `chatcmpl-${number}`, created: 1, model: "gpt-4.1-mini" };
      const messages = turns.map((turn, index) => messageOf(turn, heard, `${number}_${index}`, thinking));
      const logprobs = turns.map((turn) => (heard.logprobs ? logprobsOf(turn) : null));
      const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
      if (heard.stream) {
        return { events: [...streamed(head, messages, logprobs, usage), { data: "[DONE]" }] };
      }
      return {
        json: {
          ...head,
          object: "chat.completion",
          choices: messages.map((message, index) => ({
            index,
            message,
            logprobs: logprobs[index] ?? null,
            finish_reason: message.tool_calls ? "tool_calls" : "stop",
          })),
          usage,
        },
      };
    },
    refusal: (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } }),
  };
}

function readTool(tool: unknown): string {
  const { type, function: declared } = fields(tool, "tool", "type function");
  oneOf(type, "tool.type", "function");
  const { name, parameters, strict } = fields(
    declared,
    "tool.function",
    "name",
    "description parameters strict",
  );
  if (strict === true) strictSchema(parameters, "parameters");
  return toolName(name, "tool.function.name");
}

function readChoice(choice: unknown, names: readonly string[]): string | undefined {
  if (choice === undefined) return undefined;
  check(names.length > 0, "tool_choice is only allowed when tools are specified");
  if (typeof choice === "string") {
    oneOf(choice, "tool_choice", "auto", "none", "required");
    return undefined;
  }
  const { function: chosen } = fields(choice, "tool_choice", "type function");
  const name = toolName(fields(chosen, "tool_choice.function", "name").name, "tool_choice");
  oneOf(name, "tool_choice", ...names);
  return name;
}

const schemaWords =
  "$schema type title description properties required additionalProperties items enum const anyOf minimum maximum pattern format minItems maxItems";

function readFormat(format: unknown, jsonSchema: boolean): void {
  const { type, json_schema } = fields(format, "response_format", "type", "json_schema");
  oneOf(type, "response_format.type", "text", "json_object", ...(jsonSchema ? ["json_schema"] : []));
  if (type !== "json_schema") return;
  const { name, schema, strict } = fields(json_schema, "json_schema", "name schema", "description strict");
  toolName(name, "json_schema.name");
  check(object(schema, "schema").type === "object", "schema: the root must be an object");
  schemaSubset(schema, "schema", schemaWords);
  if (strict === true) strictSchema(schema, "schema");
}

/** Calls and results must pair: each call is answered right after, before anything else is said. */
function readMessages(messages: readonly unknown[]): HeardPart[] {
  check(messages.length > 0, "messages: too short");
  const open = new Set<string>();
  const history: HeardPart[] = [];
  for (const message of messages) {
    const { role } = object(message, "message");
    if (role !== "tool" && open.size > 0) {
      refuse(
        `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': ${[...open].join()}`,
      );
    }
    if (role === "tool") {
      const { tool_call_id, content } = fields(message, "tool", "role content tool_call_id", "name");
      const id = text(tool_call_id, "tool_call_id");
      check(open.delete(id), `messages with role 'tool' must answer a preceding call; ${id} does not`);
      history.push({ result: contentText(content), id });
    } else if (role === "assistant") {
      const { tool_calls, content } = fields(
        message,
        "assistant",
        "role",
        "content name tool_calls refusal audio",
      );
      if (contentText(content ?? "")) history.push({ said: contentText(content) });
      if (tool_calls === undefined) check(content !== undefined && content !== null, "assistant: no content");
      const calls = tool_calls === undefined ? [] : list(tool_calls, "tool_calls");
      check(tool_calls === undefined || calls.length > 0, "tool_calls: too short");
      for (const call of calls) {
        const { id, type, function: called } = fields(call, "tool_call", "id type function");
        oneOf(type, "tool_call.type", "function");
        const { name, arguments: args } = fields(called, "tool_call.function", "name arguments");
        const key = text(id, "tool_call.id");
        check(key.length > 0 && key.length <= 40, `tool_call.id: "${key}" is too long, at most 40`);
        check(!open.has(key), `tool_call.id: ${key} stands twice`);
        open.add(key);
        history.push({ call: toolName(name, "name"), args: jsonArguments(args, "arguments"), id: key });
      }
    } else {
      oneOf(role, "role", "system", "developer", "user");
      contentText(fields(message, "message", "role content", "name").content);
    }
  }
  check(open.size === 0, `No tool output found for ${[...open].join()}`);
  return history;
}

/** Text as it stands, or in parts; any other part is refused. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content, "content")
    .map((part) => {
      const { type, text: said } = fields(part, "content part", "type text");
      oneOf(type, "content part", "text");
      return text(said, "content part");
    })
    .join("");
}

interface AnswerMessage {
  readonly role: "assistant";
  readonly content: string | null;
  readonly refusal: null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: "function";
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly [more: string]: unknown;
}

function messageOf(
  turn: Turn,
  { forced }: Heard,
  number: string,
  thinking: Dialect["thinking"],
): AnswerMessage {
  const { structured, thinking: thought } = turn;
  const asCall = structured && forced !== undefined ? [{ name: forced, args: structured }] : undefined;
  const calls = asCall ?? turn.calls;
  return {
    role: "assistant",
    content: turn.text ?? (structured && !asCall ? JSON.stringify(structured) : null),
    refusal: null,
    ...(thought && thinking ? thinking(thought) : {}),
    ...(calls
      ? {
          tool_calls: calls.map(({ name, args }, i) => ({
            id: `call_${number}_${i}`,
            type: "function" as const,
            function: { name, arguments: JSON.stringify(args) },
          })),
        }
      : {}),
  };
}

function logprobsOf({ text: said, top = {} }: Turn) {
  const entries = Object.entries(top).sort(([, a], [, b]) => b - a);
  const tops = entries.map(([token, logprob]) => ({ token, logprob, bytes: null }));
  return {
    content: [{ token: said ?? "", logprob: top[said ?? ""] ?? 0, bytes: null, top_logprobs: tops }],
    refusal: null,
  };
}

/** Deltas as they come: the head of each call, then its arguments in two pieces. */
function streamed(
  head: Fields,
  messages: readonly AnswerMessage[],
  logprobs: readonly unknown[],
  usage: unknown,
): ServerEvent[] {
  const chunk = (
    index: number,
    delta: unknown,
    finish_reason: string | null = null,
    probs: unknown = null,
  ) => ({
    data: {
      ...head,
      object: "chat.completion.chunk",
      choices: [{ index, delta, logprobs: probs, finish_reason }],
      usage: null,
    },
  });
  const events = messages.flatMap(({ content, tool_calls = [], refusal, role, ...more }, index) => [
    chunk(index, { role, content: "", refusal }),
    ...(Object.keys(more).length > 0 ? [chunk(index, more)] : []),
    ...(content === null ? [] : [chunk(index, { content }, null, logprobs[index])]),
    ...tool_calls.flatMap(({ id, type, function: { name, arguments: args } }, i) => [
      chunk(index, { tool_calls: [{ index: i, id, type, function: { name, arguments: "" } }] }),
      chunk(index, { tool_calls: [{ index: i, function: { arguments: args.slice(0, 3) } }] }),
      chunk(index, { tool_calls: [{ index: i, function: { arguments: args.slice(3) } }] }),
    ]),
    chunk(index, {}, tool_calls.length > 0 ? "tool_calls" : "stop"),
  ]);
  return [...events, { data: { ...head, object: "chat.completion.chunk", choices: [], usage } }];
}

export const openAICompletions: Provider = {
  name: "ChatOpenAI, completions",
  protocol: () => completionsProtocol(),
  model: (url, { logprobs, n, temperature, streaming, v1 }) =>
    new ChatOpenAI({
      model: "gpt-4.1-mini",
      apiKey: "test",
      maxRetries: 0,
      configuration: { baseURL: `${url}/v1` },
      ...(logprobs === undefined ? {} : { logprobs: true, topLogprobs: logprobs }),
      ...(n === undefined ? {} : { n }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};

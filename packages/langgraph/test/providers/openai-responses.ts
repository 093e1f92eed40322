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
  strictSchema,
  text,
  toolName,
} from "./form.js";
import type { Heard, HeardPart, Protocol, Provider, Turn } from "./provider.js";
import type { ServerEvent } from "./wire.js";

/**
 * OpenAI's Responses. An item that the API made after a reasoning item must not come back without it, nor the
 * reasoning item without the item that followed it.
 */
function responsesProtocol(): Protocol {
  /** The item that followed a reasoning item, by the latter's id; and the reasoning before an item, by its id. */
  const followers = new Map<string, string>();
  const leaders = new Map<string, string>();
  return {
    read({ path, body, headers }) {
      check(path === "/v1/responses", `Unknown URL ${path}`);
      check(String(headers.authorization).startsWith("Bearer "), "Missing API key");
      const request = fields(
        body,
        "request",
        "model input",
        "temperature top_p stream include tools tool_choice text parallel_tool_calls max_output_tokens reasoning store truncation user metadata top_logprobs instructions prompt_cache_key",
      );
      const names = list(request.tools ?? [], "tools").map(readTool);
      const forced = readChoice(request.tool_choice, names);
      const include = list(request.include ?? [], "include");
      for (const part of include)
        oneOf(part, "include", "message.output_text.logprobs", "reasoning.encrypted_content");
      readFormat(request.text);
      const items = list(request.input, "input").map((item) => object(item, "input item"));
      checkReasoning(items, followers, leaders);
      return {
        history: readItems(items),
        choices: 1,
        stream: request.stream === true,
        logprobs: include.includes("message.output_text.logprobs"),
        ...(forced === undefined ? {} : { forced }),
      };
    },
    reply([turn = {}], heard, number) {
      const output = outputOf(turn, heard, number);
      const [first, second] = output;
      if (first?.type === "reasoning" && second) {
        followers.set(String(first.id), String(second.id));
        for (const { id } of output.slice(1)) leaders.set(String(id), String(first.id));
      }
      const response = {
        id: `resp_${number}`,
        object: "response",
        created_at: 1,
        status: "completed",
        model: "gpt-5-mini",
        error: null,
        incomplete_details: null,
        metadata: {},
        output,
        usage: {
          input_tokens: 9,
          output_tokens: 4,
          total_tokens: 13,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens_details: { reasoning_tokens: 0 },
        },
      };
      return heard.stream ? { events: streamed(response, output) } : { json: response };
    },
    refusal: (message) => ({ error: { message, type: "invalid_request_error", param: "input", code: null } }),
  };
}

function readTool(tool: unknown): string {
  const { type, name, parameters, strict } = fields(
    tool,
    "tool",
    "type name parameters",
    "description strict",
  );
  oneOf(type, "tool.type", "function");
  if (strict === true) strictSchema(parameters, "parameters");
  return toolName(name, "tool.name");
}

function readChoice(choice: unknown, names: readonly string[]): string | undefined {
  if (choice === undefined) return undefined;
  if (typeof choice === "string") {
    oneOf(choice, "tool_choice", "auto", "none", "required");
    return undefined;
  }
  const { name } = fields(choice, "tool_choice", "type name");
  oneOf(name, "tool_choice.name", ...names);
  return text(name, "tool_choice.name");
}

function readFormat(value: unknown): void {
  if (value === undefined) return;
  const { format } = fields(value, "text", "", "format verbosity");
  if (format === undefined) return;
  const { type, name, schema, strict } = fields(
    format,
    "text.format",
    "type",
    "name schema strict description",
  );
  oneOf(type, "text.format.type", "text", "json_object", "json_schema");
  if (type !== "json_schema") return;
  toolName(name, "text.format.name");
  check(object(schema, "schema").type === "object", "schema: the root must be an object");
  // In this API a schema is strict unless it says otherwise.
  if (strict !== false) strictSchema(schema, "schema");
}

function checkReasoning(
  items: readonly Fields[],
  followers: ReadonlyMap<string, string>,
  leaders: ReadonlyMap<string, string>,
): void {
  for (const [i, { type, id }] of items.entries()) {
    if (type === "reasoning") {
      const next = followers.get(String(id));
      check(
        next !== undefined && items[i + 1]?.id === next,
        `Item '${String(id)}' of type 'reasoning' was provided without its required following item.`,
      );
    }
    const leader = leaders.get(String(id));
    check(
      leader === undefined || items.slice(0, i).some((item) => item.id === leader),
      `Item '${String(id)}' of type '${String(type)}' was provided without its required 'reasoning' item: '${leader}'.`,
    );
  }
}

function readItems(items: readonly Fields[]): HeardPart[] {
  const open = new Set<string>();
  const history: HeardPart[] = [];
  for (const item of items) {
    if (item.type === "function_call") {
      const {
        call_id,
        name,
        arguments: args,
        id,
      } = fields(item, "function_call", "type call_id name arguments", "id status");
      check(id === undefined || String(id).startsWith("fc_"), `Invalid 'id': ${String(id)}`);
      const key = text(call_id, "call_id");
      check(!open.has(key), `call_id ${key} stands twice`);
      open.add(key);
      history.push({ call: toolName(name, "name"), args: jsonArguments(args, "arguments"), id: key });
    } else if (item.type === "function_call_output") {
      const { call_id, output } = fields(item, "function_call_output", "type call_id output", "id status");
      const key = text(call_id, "call_id");
      check(open.delete(key), `No tool call found for function call output with call_id ${key}.`);
      history.push({ result: text(output, "output"), id: key });
    } else if (item.type === "message") {
      const said = readMessage(item);
      if (said) history.push({ said });
    } else if (item.type === "reasoning") {
      fields(item, "reasoning", "type id summary", "encrypted_content status content");
    } else {
      refuse(`input item: type "${String(item.type)}" is unknown`);
    }
  }
  check(open.size === 0, `No tool output found for function call ${[...open].join()}.`);
  return history;
}

function readMessage(item: Fields): string | undefined {
  const { role, content } = fields(item, "message", "type role content", "id status phase");
  oneOf(role, "role", "user", "system", "developer", "assistant");
  if (typeof content === "string") return role === "assistant" ? content : undefined;
  const parts = list(content, "content").map((part) => {
    const { type, text: said } = fields(part, "content part", "type text", "annotations logprobs");
    oneOf(type, "content part", role === "assistant" ? "output_text" : "input_text");
    return text(said, "content part");
  });
  return role === "assistant" ? parts.join("") : undefined;
}

function outputOf(turn: Turn, { forced, logprobs }: Heard, number: number): Fields[] {
  const { structured, top = {} } = turn;
  const asCall = structured && forced !== undefined ? [{ name: forced, args: structured }] : undefined;
  const said = turn.text ?? (structured && !asCall ? JSON.stringify(structured) : undefined);
  const top_logprobs = Object.entries(top).map(([token, logprob]) => ({ token, logprob, bytes: [] }));
  const place = { token: said ?? "", logprob: top[said ?? ""] ?? 0, bytes: [], top_logprobs };
  return [
    ...(turn.thinking
      ? [{ id: `rs_${number}`, type: "reasoning", summary: [{ type: "summary_text", text: turn.thinking }] }]
      : []),
    ...(said
      ? [
          {
            id: `msg_${number}`,
            type: "message",
            role: "assistant",
            status: "completed",
            content: [
              {
                type: "output_text",
                text: said,
                annotations: [],
                ...(logprobs ? { logprobs: [place] } : {}),
              },
            ],
          },
        ]
      : []),
    ...(asCall ?? turn.calls ?? []).map(({ name, args }, i) => ({
      id: `fc_${number}_${i}`,
      type: "function_call",
      status: "completed",
      call_id: `call_${number}_${i}`,
      name,
      arguments: JSON.stringify(args),
    })),
  ];
}

function streamed(response: Fields, output: readonly Fields[]): ServerEvent[] {
  const begun = { ...response, status: "in_progress", output: [], usage: null };
  const events: Fields[] = [{ type: "response.created", response: begun }];
  for (const [output_index, item] of output.entries()) {
    const at = { output_index, item_id: item.id };
    if (item.type === "function_call") {
      const args = String(item.arguments);
      events.push({
        type: "response.output_item.added",
        output_index,
        item: { ...item, arguments: "", status: "in_progress" },
      });
      for (const delta of [args.slice(0, 3), args.slice(3)])
        events.push({ type: "response.function_call_arguments.delta", ...at, delta });
      events.push({ type: "response.function_call_arguments.done", ...at, arguments: args });
    } else if (item.type === "reasoning") {
      const [part] = list(item.summary, "summary").map((summary) => object(summary, "summary"));
      const empty = { ...item, summary: [] };
      events.push({ type: "response.output_item.added", output_index, item: empty });
      const index = { ...at, summary_index: 0 };
      events.push({
        type: "response.reasoning_summary_part.added",
        ...index,
        part: { type: "summary_text", text: "" },
      });
      events.push({ type: "response.reasoning_summary_text.delta", ...index, delta: part?.text });
    } else {
      const [part] = list(item.content, "content").map((member) => object(member, "content"));
      const empty = { ...item, content: [], status: "in_progress" };
      events.push({ type: "response.output_item.added", output_index, item: empty });
      events.push({ type: "response.output_text.delta", ...at, content_index: 0, delta: part?.text });
    }
    events.push({ type: "response.output_item.done", output_index, item });
  }
  events.push({ type: "response.completed", response });
  return events.map((event, sequence_number) => ({
    name: String(event.type),
    data: { ...event, sequence_number },
  }));
}

export const openAIResponses: Provider = {
  name: "ChatOpenAI, Responses",
  protocol: responsesProtocol,
  model: (url, { logprobs, temperature, streaming, v1 }) =>
    new ChatOpenAI({
      model: "gpt-5-mini",
      apiKey: "test",
      maxRetries: 0,
      useResponsesApi: true,
      configuration: { baseURL: `${url}/v1` },
      ...(logprobs === undefined
        ? {}
        : { modelKwargs: { include: ["message.output_text.logprobs"], top_logprobs: logprobs } }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};

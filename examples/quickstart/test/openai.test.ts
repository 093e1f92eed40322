import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createPolicy, openMemory } from "@jitrl/core";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseModel } from "../src/choose-model.js";
import { StandInModel } from "../src/stand-in-model.js";
import { ticketNumber } from "../src/tickets.js";
import { workThrough } from "../src/work-through.js";

interface ChatRequest {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly name?: string;
    readonly tool_call_id?: string;
    readonly tool_calls?: readonly {
      readonly id: string;
      readonly function: { readonly name: string; readonly arguments: string };
    }[];
  }[];
  readonly tools?: readonly { readonly type: "function"; readonly function: { readonly name: string } }[];
  readonly response_format?: { readonly type: string };
}

const requests: ChatRequest[] = [];
let server: Server;
let baseUrl = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", async () => {
      const asked: ChatRequest = JSON.parse(body);
      requests.push(asked);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(await completion(asked)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** The stand-in's answer in the form of OpenAI's chat completions. */
async function completion({ messages, tools, response_format }: ChatRequest) {
  const scoring = response_format?.type === "json_schema";
  const bound = scoring
    ? [{ type: "function" as const, function: { name: "propose_calls", parameters: {} } }]
    : [...(tools ?? [])];
  const answer = await new StandInModel().bindTools(bound).invoke(toLangChain(messages));
  const calls = (answer.tool_calls ?? []).map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  const message = scoring
    ? { role: "assistant", content: calls[0]?.function.arguments, refusal: null }
    : { role: "assistant", content: answer.text || null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  return {
    id: `chatcmpl-${requests.length}`,
    object: "chat.completion",
    created: 1,
    model: "gpt-4.1-mini",
    choices: [
      {
        index: 0,
        message,
        finish_reason: calls.length > 0 && !scoring ? "tool_calls" : "stop",
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}

function toLangChain(messages: ChatRequest["messages"]): BaseMessage[] {
  return messages.map(({ role, content, tool_calls, tool_call_id }) => {
    if (role === "assistant") {
      const calls = (tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
        id,
        name,
        args: JSON.parse(args),
      }));
      return new AIMessage({ content: content ?? "", tool_calls: calls });
    }
    if (role === "tool") {
      const called = messages
        .flatMap((message) => message.tool_calls ?? [])
        .find(({ id }) => id === tool_call_id);
      return new ToolMessage({
        content: content ?? "",
        tool_call_id: tool_call_id ?? "",
        name: called?.function.name ?? "",
      });
    }
    return new HumanMessage(content ?? "");
  });
}

test("with an OpenAI key the real client plays the desk, and later requests hold the new call and nothing of the old", async () => {
  const { model, description } = await chooseModel({ OPENAI_API_KEY: "test", OPENAI_BASE_URL: baseUrl });
  expect(description).toContain("OpenAI");
  const policy = createPolicy({ memory: await openMemory(), beta: 3, minSimilarity: 0.6 });
  const tickets = Array.from({ length: 12 }, (_, n) => ticketNumber(n));
  const resolved = await workThrough(tickets, model, policy);

  const changed = resolved.flatMap(({ decisions }) =>
    decisions.filter(({ chosen, baseAction }) => chosen.action !== baseAction),
  );
  expect(changed.length).toBeGreaterThan(0);
  const histories = requests
    .filter(({ messages }) => messages.at(-1)?.role === "tool")
    .map(({ messages }) => messages);
  for (const messages of histories) {
    const calls = messages.flatMap((message) => message.tool_calls ?? []);
    const answers = messages.filter(({ role }) => role === "tool");
    expect(answers.map(({ tool_call_id }) => tool_call_id)).toEqual(calls.map(({ id }) => id));
  }
  const executed = resolved.map(({ decisions }) => decisions.at(-1)?.chosen.action.split(" ")[0]);
  const told = histories
    .filter((messages) => messages.filter(({ role }) => role === "tool").length === 2)
    .map((messages) => messages.flatMap((message) => message.tool_calls ?? []).at(-1)?.function.name);
  expect(told).toEqual(executed);
});

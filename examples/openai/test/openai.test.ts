import { createPolicy, openMemory } from "@jitrl/core";
import { deskOf, learningAgent } from "@jitrl/example-create-agent";
import { type Loopback, serveJson } from "@jitrl/example-models/loopback";
import { StandInModel, ticketNumber, workAt } from "@jitrl/example-quickstart";
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseOpenAI } from "../src/choose-openai.js";
import { graph } from "../src/studio.js";

interface Call {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

interface Request {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly tool_call_id?: string;
    readonly tool_calls?: readonly Call[];
  }[];
  readonly tools?: readonly { readonly type: "function"; readonly function: { readonly name: string } }[];
  readonly tool_choice?: unknown;
}

const requests: Request[] = [];
let server: Loopback;
beforeAll(async () => {
  server = await serveJson(async (path, body) => {
    if (path !== "/v1/chat/completions") throw new Error(`no ${path} here`);
    const request = body as Request;
    requests.push(request);
    return completion(request);
  });
});
afterAll(() => server.close());

/** The stand-in's answer in the form of chat completions. */
async function completion({ messages, tools = [] }: Request) {
  const said = await new StandInModel().bindTools([...tools]).invoke(toLangChain(messages));
  const calls = (said.tool_calls ?? []).map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  const message = {
    role: "assistant",
    content: said.text || null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    id: `chatcmpl-${requests.length}`,
    object: "chat.completion",
    created: 1,
    model: "gpt-4.1-mini",
    choices: [{ index: 0, message, finish_reason: calls.length > 0 ? "tool_calls" : "stop", logprobs: null }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}

function toLangChain(messages: Request["messages"]): BaseMessage[] {
  const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls);
  return messages.map(({ role, content, tool_calls = [], tool_call_id = "" }) => {
    const text = content ?? "";
    if (role === "tool") {
      const name = calls.find(({ id }) => id === tool_call_id)?.function.name ?? "";
      return new ToolMessage({ content: text, tool_call_id, name });
    }
    if (role === "assistant") {
      const made = tool_calls.map(({ id, function: { name, arguments: args } }) => ({
        id,
        name,
        args: JSON.parse(args),
      }));
      return new AIMessage({ content: text, tool_calls: made });
    }
    return role === "user" ? new HumanMessage(text) : new SystemMessage(text);
  });
}

test("with a key the real client plays the agent, one request a step, and later requests hold what was executed and nothing of the proposals", async () => {
  const { model, description } = await chooseOpenAI({
    OPENAI_API_KEY: "test",
    OPENAI_BASE_URL: `${server.url}/v1`,
  });
  expect(description).toContain("OpenAI");
  const policy = createPolicy({ memory: await openMemory(), beta: 3, minSimilarity: 0.6 });
  const tickets = Array.from({ length: 10 }, (_, n) => ticketNumber(n));
  const resolved = await workAt(deskOf(learningAgent(model, tickets, policy)), tickets);

  const decisions = resolved.flatMap((one) => one.decisions);
  const changed = decisions.filter(({ chosen, baseAction }) => chosen.action !== baseAction);
  expect(changed.length).toBeGreaterThan(0);
  // Each ticket takes two calls and an answer, as it does without JitRL.
  expect(requests).toHaveLength(3 * tickets.length);
  for (const { tool_choice } of requests) {
    expect(tool_choice).toEqual({ type: "function", function: { name: "propose_next_steps" } });
  }
  const histories = requests.map(({ messages }) => messages);
  expect(JSON.stringify(histories)).not.toContain("propose_next_steps");
  for (const messages of histories) {
    const asked = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    const answered = messages.flatMap(({ tool_call_id }) => tool_call_id ?? []);
    expect(answered).toEqual(asked);
  }
  const told = histories
    .map((messages) =>
      messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => call.function.name)),
    )
    .filter((calls) => calls.length === 2);
  const executed = resolved.map((one) =>
    one.decisions.slice(0, 2).map(({ chosen }) => chosen.action.split(" ")[0]),
  );
  expect(told).toEqual(executed);
});

test("the graph of langgraph.json runs without a key", async () => {
  const { messages } = await graph.invoke({ messages: [new HumanMessage(ticketNumber(0).text)] });
  expect(messages.at(-1)?.text).toMatch(/^Thank you/);
});

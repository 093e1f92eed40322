import { createPolicy, openMemory } from "@jitrl/core";
import { deskOf, learningAgent } from "@jitrl/example-create-agent";
import { type Loopback, serveJson } from "@jitrl/example-models/loopback";
import { StandInModel, ticketNumber, workAt } from "@jitrl/example-quickstart";
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseGemini } from "../src/choose-gemini.js";
import { graph } from "../src/studio.js";

interface Part {
  readonly text?: string;
  readonly functionCall?: { readonly name: string; readonly args: Record<string, unknown> };
  readonly functionResponse?: { readonly name: string; readonly response: unknown };
}

interface Request {
  readonly contents: readonly { readonly role: string; readonly parts: readonly Part[] }[];
  readonly tools?: readonly { readonly functionDeclarations: readonly { readonly name: string }[] }[];
  readonly toolConfig?: {
    readonly functionCallingConfig: { readonly mode: string; readonly allowedFunctionNames?: string[] };
  };
}

const requests: Request[] = [];
let server: Loopback;
beforeAll(async () => {
  server = await serveJson(async (path, body) => {
    if (!/^\/v1beta\/models\/gemini-[\w.-]+:generateContent$/.test(path)) throw new Error(`no ${path} here`);
    const request = body as Request;
    requests.push(request);
    return generated(request);
  });
});
afterAll(() => server.close());

/** The stand-in's answer in the form of `generateContent`. */
async function generated({ contents, tools = [] }: Request) {
  const names = tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name));
  const bound = names.map((name) => ({ type: "function" as const, function: { name, parameters: {} } }));
  const said = await new StandInModel().bindTools(bound).invoke(toLangChain(contents));
  const calls = (said.tool_calls ?? []).map(({ name, args }) => ({ functionCall: { name, args } }));
  const parts = calls.length > 0 ? calls : [{ text: said.text }];
  return {
    candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  };
}

function toLangChain(contents: Request["contents"]): BaseMessage[] {
  return contents.flatMap(({ role, parts }) =>
    parts.map(({ text = "", functionCall, functionResponse }) => {
      if (functionResponse) {
        const { response } = functionResponse;
        const content =
          typeof response === "object" && response !== null && "result" in response
            ? response.result
            : response;
        return new ToolMessage({
          content: typeof content === "string" ? content : JSON.stringify(content),
          name: functionResponse.name,
          tool_call_id: "call",
        });
      }
      if (role === "user") return new HumanMessage(text);
      return new AIMessage({
        content: text,
        tool_calls: functionCall ? [{ ...functionCall, id: "call" }] : [],
      });
    }),
  );
}

test("with a key the real client plays the agent, one request a step, and later requests hold what was executed and nothing of the proposals", async () => {
  const { model, description } = await chooseGemini({ GOOGLE_API_KEY: "test", GOOGLE_BASE_URL: server.url });
  expect(description).toContain("Google");
  const policy = createPolicy({ memory: await openMemory(), beta: 3, minSimilarity: 0.6 });
  const tickets = Array.from({ length: 10 }, (_, n) => ticketNumber(n));
  const resolved = await workAt(deskOf(learningAgent(model, tickets, policy)), tickets);

  const decisions = resolved.flatMap((one) => one.decisions);
  expect(decisions.filter(({ chosen, baseAction }) => chosen.action !== baseAction).length).toBeGreaterThan(
    0,
  );
  // Each ticket takes two calls and an answer, as it does without JitRL.
  expect(requests).toHaveLength(3 * tickets.length);
  for (const { toolConfig } of requests) {
    expect(toolConfig?.functionCallingConfig).toEqual({
      mode: "ANY",
      allowedFunctionNames: ["propose_next_steps"],
    });
  }
  const histories = requests.map(({ contents }) => contents.flatMap(({ parts }) => parts));
  expect(JSON.stringify(histories)).not.toContain("propose_next_steps");
  const told = histories
    .map((parts) => parts.flatMap(({ functionCall }) => functionCall?.name ?? []))
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

import { AIMessage, AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  describeMessages,
  rewriteAsAnswer,
  rewriteToolCall,
  rewriteToolCalls,
  toolCallKey,
  toolNameKey,
} from "../src/index.js";

const old = { name: "search", args: { query: "old words" }, id: "call-1", type: "tool_call" as const };
const call = { name: "lookup", args: { key: 7 } };
const rewritten = { name: "lookup", args: { key: 7 }, id: "call-1", type: "tool_call" };

describe("rewriteToolCall", () => {
  it.each([
    [
      "OpenAI, completions",
      {
        content: "",
        additional_kwargs: {
          tool_calls: [
            {
              id: "call-1",
              type: "function" as const,
              function: { name: "search", arguments: '{"query":"old words"}' },
            },
          ],
          function_call: { name: "search", arguments: '{"query":"old words"}' },
          refusal: null,
        },
      },
      { content: "", additional_kwargs: { refusal: null } },
    ],
    [
      "OpenAI, responses",
      {
        content: [
          { type: "text", text: "hm" },
          { type: "function_call", call_id: "call-1", name: "search", arguments: '{"query":"old words"}' },
        ],
        response_metadata: {
          id: "resp-1",
          output: [{ type: "function_call", arguments: '{"query":"old words"}' }],
        },
      },
      {
        content: [
          { type: "text", text: "hm" },
          { type: "function_call", call_id: "call-1", name: "lookup", arguments: '{"key":7}' },
        ],
        response_metadata: { id: "resp-1" },
      },
    ],
    [
      "Anthropic",
      {
        content: [
          { type: "text", text: "hm" },
          { type: "tool_use", id: "call-1", name: "search", input: { query: "old words" } },
        ],
      },
      {
        content: [
          { type: "text", text: "hm" },
          { type: "tool_use", id: "call-1", name: "lookup", input: { key: 7 } },
        ],
      },
    ],
    [
      "Anthropic, streamed",
      {
        content: [
          {
            index: 0,
            type: "input_json_delta",
            id: "call-1",
            name: "search",
            input: '{"query":"old words"}',
          },
        ],
      },
      { content: [{ index: 0, type: "input_json_delta", id: "call-1", name: "lookup", input: { key: 7 } }] },
    ],
    [
      "Gemini",
      { content: [{ type: "functionCall", functionCall: { name: "search", args: { query: "old words" } } }] },
      { content: [{ type: "functionCall", functionCall: { name: "lookup", args: { key: 7 } } }] },
    ],
    [
      "standard blocks",
      {
        content: [
          { type: "text", text: "hm" },
          { type: "tool_call", id: "call-1", name: "search", args: { query: "old words" } },
        ],
        response_metadata: { output_version: "v1" as const },
      },
      {
        content: [
          { type: "text", text: "hm" },
          { type: "tool_call", id: "call-1", name: "lookup", args: { key: 7 } },
        ],
        response_metadata: { output_version: "v1" },
      },
    ],
  ])("replaces the call everywhere: %s", (_name, fields, expected) => {
    const message = new AIMessage({ id: "said", tool_calls: [old], ...fields });
    const result = rewriteToolCall(message, call);
    expect(result).toMatchObject({ id: "said", tool_calls: [rewritten], ...expected });
    expect(result.additional_kwargs).toEqual(
      "additional_kwargs" in expected ? expected.additional_kwargs : {},
    );
    expect(result.response_metadata).toEqual(
      "response_metadata" in expected ? expected.response_metadata : {},
    );
    expect(JSON.stringify(result)).not.toContain("old words");
    expect(JSON.stringify(result)).not.toContain("search");
    expect(JSON.stringify(message)).toContain("old words");
  });

  it("makes a whole message of chunks", () => {
    const chunk = new AIMessageChunk({
      id: "said",
      content: "",
      tool_call_chunks: [
        { name: "search", args: '{"query":', id: "call-1", index: 0, type: "tool_call_chunk" },
      ],
    }).concat(
      new AIMessageChunk({
        content: "",
        tool_call_chunks: [{ args: '"old words"}', index: 0, type: "tool_call_chunk" }],
      }),
    );
    const result = rewriteToolCall(chunk, call);
    expect(result.tool_calls).toEqual([rewritten]);
    expect(JSON.stringify(result)).not.toContain("old words");
  });

  it("adds metadata, and keeps who spoke and what it cost", () => {
    const usage_metadata = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
    const message = new AIMessage({ content: "hm", name: "helper", tool_calls: [old], usage_metadata });
    expect(rewriteToolCall(message, call, { jitrl: 1 })).toMatchObject({
      content: "hm",
      name: "helper",
      usage_metadata,
      response_metadata: { jitrl: 1 },
    });
  });

  it("leaves the arguments of the call alone", () => {
    const result = rewriteToolCall(new AIMessage({ content: "", tool_calls: [old] }), call);
    result.tool_calls![0]!.args.key = 8;
    expect(call.args).toEqual({ key: 7 });
  });
});

describe("toolCallKey", () => {
  it("masks identifiers, folds texts and sorts arguments, but keeps quantities", () => {
    expect(toolCallKey({ name: "refund", args: { order: "#4711", amount: 30 } })).toBe(
      'refund {"amount":30,"order":"<id>"}',
    );
    expect(toolCallKey({ name: "refund", args: { amount: 30, order: "#815" } })).toBe(
      toolCallKey({ name: "refund", args: { order: "#4711", amount: 30 } }),
    );
    expect(
      toolCallKey({ name: "mail", args: { to: ["ann@example.com"], deep: { text: "After  30 days" } } }),
    ).toBe('mail {"deep":{"text":"after 30 days"},"to":["<email>"]}');
    expect(toolCallKey({ name: "refund", args: { amount: 31 } })).not.toBe(
      toolCallKey({ name: "refund", args: { amount: 30 } }),
    );
  });

  it("is the name alone without arguments, as toolNameKey always is", () => {
    expect(toolCallKey({ name: "look", args: {} })).toBe("look");
    expect(toolNameKey({ name: "look", args: { at: "it" } })).toBe("look");
  });
});

describe("describeMessages", () => {
  const ask = new HumanMessage("Where is order #4711?");
  const find = new AIMessage({
    content: "",
    tool_calls: [{ name: "find", args: { order: "#4711" }, id: "1" }],
  });
  const found = new ToolMessage({ content: "It left on 2026-01-01", tool_call_id: "1" });

  it("sees what was asked, which calls were made since then, and what the last of them brought", () => {
    const { features } = describeMessages([new HumanMessage("Hello"), new AIMessage("Hi"), ask, find, found]);
    expect(features).toEqual({
      task: { tokens: ["where", "is", "order", "<id>"], weight: 0.5 },
      done: { tokens: ['find {"order":"<id>"}'], weight: 0.2 },
      seen: { tokens: expect.arrayContaining(["it", "left", "on", "<time>"]), weight: 0.3 },
    });
  });

  it("is the same for messages of earlier turns, and for other identifiers", () => {
    const other = [
      new HumanMessage("Where is order #815?"),
      new AIMessage({ content: "", tool_calls: [{ name: "find", args: { order: "#815" }, id: "2" }] }),
      new ToolMessage({ content: "It left on 2025-12-24", tool_call_id: "2" }),
    ];
    const earlier = [new HumanMessage("Pay back #1"), find, found, new AIMessage("Done.")];
    expect(describeMessages([...earlier, ...other])).toEqual(describeMessages([ask, find, found]));
  });

  it("sees only the answers to the last calls", () => {
    const again = new AIMessage({ content: "", tool_calls: [{ name: "find", args: {}, id: "3" }] });
    const nothing = new ToolMessage({ content: "Nothing", tool_call_id: "3" });
    const { features } = describeMessages([ask, find, found, again, nothing]);
    expect(features).toMatchObject({
      seen: { tokens: ["nothing"] },
      done: { tokens: ['find {"order":"<id>"}', "find"] },
    });
  });

  it("takes lists that were trimmed, and none at all", () => {
    expect(describeMessages([find, found]).features).toMatchObject({
      task: { tokens: [] },
      done: { tokens: ['find {"order":"<id>"}'] },
    });
    expect(describeMessages([]).features).toMatchObject({
      task: { tokens: [] },
      done: { tokens: [] },
      seen: { tokens: [] },
    });
  });

  it("names calls as it is told to", () => {
    expect(describeMessages([ask, find], toolNameKey).features).toMatchObject({ done: { tokens: ["find"] } });
  });
});

describe("rewriteToolCalls", () => {
  const second = { name: "search", args: { query: "second" }, id: "call-2", type: "tool_call" as const };
  const message = new AIMessage({ id: "said", content: "hm", tool_calls: [old, second] });
  const held = ({ tool_calls = [] }: AIMessage) =>
    tool_calls.map(({ id, name, args }) => ({ id, name, args }));

  it("gives a call the place of the one with its id, or of the first one left, or an id of its own", () => {
    expect(held(rewriteToolCalls(message, [{ ...call, id: "call-2" }, call]))).toEqual([
      { ...call, id: "call-2" },
      { ...call, id: "call-1" },
    ]);
    const ids = held(rewriteToolCalls(message, [call, call, call, call])).map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual(["call-1", "call-2"]);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[\w-]{1,40}$/u);
    expect(held(rewriteToolCalls(new AIMessage("It is six."), [call]))).toEqual([
      { ...call, id: expect.stringMatching(/^[\w-]{1,40}$/u) },
    ]);
  });

  it("leaves a message as it is that holds just these calls", () => {
    const output = [{ type: "function_call" }];
    const echoing = new AIMessage({ ...message, response_metadata: { output } });
    const same = rewriteToolCalls(
      echoing,
      [old, second].map(({ name, args }) => ({ name, args })),
      { jitrl: 1 },
    );
    expect(same.tool_calls).toEqual([old, second]);
    expect(same.response_metadata).toEqual({ output, jitrl: 1 });
    const swapped = rewriteToolCalls(echoing, [second, old]);
    expect(swapped.tool_calls).toEqual([second, old]);
    expect(swapped.response_metadata).toEqual({});
  });

  it("drops calls that cannot be read, whose blocks would go to the API", () => {
    const broken = { name: "search", args: '{"query": "bro', id: "call-3", error: "cut off" };
    const result = rewriteToolCalls(
      new AIMessage({
        content: [
          { type: "tool_use", id: "call-3", name: "search", input: '{"query": "bro' },
          { type: "tool_use", id: "call-1", name: "search", input: { query: "old words" } },
        ],
        tool_calls: [old],
        invalid_tool_calls: [broken],
      }),
      [old],
    );
    expect(result.invalid_tool_calls).toEqual([]);
    expect(result.content).toEqual([
      { type: "tool_use", id: "call-1", name: "search", input: { query: "old words" } },
    ]);
  });

  it("drops records of a replaced call, such as those of a custom tool, and keeps those of others", () => {
    const result = rewriteToolCalls(
      new AIMessage({
        content: "",
        tool_calls: [old, second],
        additional_kwargs: {
          __openai_custom_tool_call_ids__: { "call-1": "ctc-1", "call-2": "ctc-2" },
          __gemini_function_call_thought_signatures__: { "call-1": "s1", "call-2": "s2" },
          tool_outputs: [{ type: "computer_call", call_id: "call-1" }, { type: "image_generation_call" }],
          reasoning_content: "so",
        },
      }),
      [call, second],
    );
    expect(result.additional_kwargs).toEqual({
      __openai_custom_tool_call_ids__: { "call-2": "ctc-2" },
      __gemini_function_call_thought_signatures__: { "call-2": "s2" },
      tool_outputs: [{ type: "image_generation_call" }],
      reasoning_content: "so",
    });
  });

  it("wants a call", () => {
    expect(() => rewriteToolCalls(message, [])).toThrow(/rewriteAsAnswer/u);
  });
});

describe("rewriteAsAnswer", () => {
  it("leaves nothing but the answer, and who spoke and what it cost", () => {
    const usage_metadata = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
    const message = new AIMessage({
      id: "said",
      name: "helper",
      usage_metadata,
      content: [
        { type: "thinking", thinking: "old words" },
        { type: "tool_use", id: "call-1", name: "search", input: { query: "old words" } },
      ],
      tool_calls: [old],
      additional_kwargs: { tool_calls: [], originalTextContentBlock: { type: "text", text: "old words" } },
      response_metadata: { output: ["old words"], model_name: "m" },
    });
    const answer = rewriteAsAnswer(message, "It is seven.", { jitrl: 1 });
    expect(answer).toMatchObject({
      id: "said",
      name: "helper",
      usage_metadata,
      content: "It is seven.",
      tool_calls: [],
      response_metadata: { model_name: "m", jitrl: 1 },
    });
    expect(JSON.stringify(answer)).not.toContain("old words");
  });
});

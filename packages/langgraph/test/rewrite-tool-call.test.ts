import { AIMessage, AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { describeMessages, rewriteToolCall, toolCallKey, toolNameKey } from "../src/index.js";

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

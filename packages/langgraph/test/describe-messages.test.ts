import { type State, type Step, similarity } from "@jitrl/core";
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { summarizationMiddleware } from "langchain";
import { describe, expect, it } from "vitest";
import { bindActionKey, describeMessages, toolCallKey } from "../src/index.js";
import { ship } from "./candidate-source-suite.js";

function did(name: string, args: Record<string, unknown>, id: string) {
  return new AIMessage({ content: "", tool_calls: [{ name, args, id }] });
}

function saw(content: string, tool_call_id: string) {
  return new ToolMessage({ content, tool_call_id });
}

const system = new SystemMessage("You are a friendly agent.");
const human = new HumanMessage("Refund order #4711, please!");
const conversation: BaseMessage[] = [
  system,
  new HumanMessage("Good morning!"),
  new AIMessage("Good morning."),
  human,
  did("lookup", { order: "#4711" }, "1"),
  saw("Order #4711: paid", "1"),
  did("ship", { from: "north" }, "2"),
  saw("Sent from the north", "2"),
];

/** The steps of the run so far, as they were recorded. */
const earlier: Step[] = [
  {
    id: "a",
    t: 0,
    state: describeMessages(conversation.slice(0, 4)),
    action: 'lookup#12345678 {"order":"<id>"}',
    chosenBy: "base",
    payload: { name: "lookup", args: {}, id: "1" },
  },
  {
    id: "b",
    t: 1,
    state: describeMessages(conversation.slice(0, 6)),
    action: 'ship#12345678 {"from":"north"}',
    chosenBy: "policy",
    payload: { name: "ship", args: {}, id: "2" },
  },
];

function tokens({ features }: State) {
  return Object.fromEntries(Object.entries(features).map(([name, { tokens }]) => [name, [...tokens].sort()]));
}

const whole = {
  task: ["<id>", "order", "please", "refund"],
  done: ['lookup {"order":"<id>"}', 'ship {"from":"north"}'],
  seen: ["from", "north", "sent", "the"],
};

describe("describeMessages", () => {
  it("tells the task, what was done for it, and what was seen last, masked", () => {
    const state = describeMessages(conversation);
    expect(tokens(state)).toEqual(whole);
    expect(Object.entries(state.features).map(([name, { weight }]) => [name, weight])).toEqual([
      ["task", 0.5],
      ["done", 0.2],
      ["seen", 0.3],
    ]);
  });

  it("sees the answers of all calls that were made at once", () => {
    const [a, b] = [did("a", {}, "1"), did("b", {}, "2")];
    const both = new AIMessage({
      content: "",
      tool_calls: [...(a?.tool_calls ?? []), ...(b?.tool_calls ?? [])],
    });
    const state = describeMessages([human, both, saw("warm", "1"), saw("dry", "2")]);
    expect(tokens(state)).toMatchObject({ done: ["a", "b"], seen: ["dry", "warm"] });
  });

  it("is the same whatever shape the tools had", () => {
    const key = bindActionKey(toolCallKey, { tools: [ship] });
    expect(key({ name: "ship", args: {} })).toContain("#");
    expect(describeMessages(conversation, key)).toEqual(describeMessages(conversation));
    expect(describeMessages(conversation, key, earlier)).toEqual(describeMessages(conversation));
  });

  it("goes by what was recorded of a call rather than by the call", () => {
    const steps = earlier.map((step) => ({ ...step, action: "translated" }));
    expect(tokens(describeMessages(conversation, toolCallKey, steps)).done).toEqual([
      "translated",
      "translated",
    ]);
  });

  it("is the same after the messages were trimmed, given the earlier steps of the run", () => {
    const last = conversation.slice(-2);
    expect(tokens(describeMessages([system, ...last], toolCallKey, earlier))).toEqual(whole);
    expect(tokens(describeMessages(last))).toEqual({ ...whole, task: [], done: [whole.done[1]] });
  });

  it("begins anew with what the user says next", () => {
    const state = describeMessages([...conversation, new AIMessage("Done."), new HumanMessage("Thanks")]);
    expect(tokens(state)).toEqual({ task: ["thanks"], done: [], seen: [] });
  });

  it("tells something of no messages at all", () => {
    expect(tokens(describeMessages([]))).toEqual({ task: [], done: [], seen: [] });
  });
});

describe("describeMessages after langchain's summarizationMiddleware", () => {
  async function summarized(keep: number, prefix?: string): Promise<BaseMessage[]> {
    const model = new FakeListChatModel({ responses: ["The user wants a refund of order #4711."] });
    const middleware = summarizationMiddleware({
      model,
      trigger: { messages: 2 },
      keep: { messages: keep },
      ...(prefix === undefined ? {} : { summaryPrefix: prefix }),
    });
    const hook = middleware.beforeModel;
    if (typeof hook !== "function") throw new Error("Expected a function.");
    const update: unknown = await hook({ messages: [...conversation] } as never, { context: {} } as never);
    const { messages } = update as { messages: BaseMessage[] };
    return messages.slice(1);
  }

  it("takes the summary for the task, where nothing else is known", async () => {
    const messages = await summarized(2);
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool"]);
    expect(tokens(describeMessages(messages))).toEqual({
      task: ["<id>", "a", "of", "order", "refund", "the", "user", "wants"],
      done: [whole.done[1]],
      seen: whole.seen,
    });
  });

  it("goes by the earlier steps of the run, so that nothing changes", async () => {
    const state = describeMessages(await summarized(2), toolCallKey, earlier);
    expect(tokens(state)).toEqual(whole);
    expect(similarity(state, describeMessages(conversation))).toBeCloseTo(1, 12);
  });

  it("goes by the user's own message, where that was kept", async () => {
    expect(tokens(describeMessages(await summarized(5)))).toEqual(whole);
  });
});

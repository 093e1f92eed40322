import { type Candidate, createPolicy, openMemory } from "@jitrl/core";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import type { MessagesState } from "../src/channels.js";
import {
  bindActionKey,
  type CandidateRequest,
  sampledCandidates,
  type ToolCallSpec,
  toolCallKey,
} from "../src/index.js";
import { jitrlMiddleware } from "../src/middleware/index.js";
import { candidateSourceSuite, own, tools } from "./candidate-source-suite.js";
import { say } from "./graphs.js";

let ids = 0;

function calling(...calls: readonly ToolCallSpec[]): AIMessage {
  const tool_calls = calls.map(({ name, args }) => ({ name, args: { ...args }, id: `c${ids++}` }));
  return new AIMessage({ content: "", tool_calls });
}

/** Says one thing after the other, and fails where that is an error. */
class ScriptedModel extends BaseChatModel {
  temperature = 1;
  n = 1;
  readonly asked: BaseMessage[][] = [];
  readonly script: (AIMessage | Error)[];

  constructor(script: readonly (AIMessage | Error)[]) {
    super({ maxRetries: 0 });
    this.script = [...script];
  }

  _llmType() {
    return "scripted";
  }

  override bindTools() {
    return this;
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.asked.push(messages);
    const said = this.script.splice(0, this.n);
    const failure = said.find((one) => one instanceof Error);
    if (failure) throw failure;
    const generations = said.flatMap((message) =>
      message instanceof Error ? [] : [{ text: message.text, message }],
    );
    return { generations };
  }
}

const ship = { name: "ship", args: { from: "north" } };
const wait = { name: "wait", args: {} };

function request(given: Partial<CandidateRequest<MessagesState>> = {}): CandidateRequest<MessagesState> {
  return {
    state: say("Pay back!"),
    tools,
    actionKey: bindActionKey(toolCallKey, {}),
    config: {},
    ...given,
  };
}

/** Each action's share of the probability, in hundredths, in the order in which they are listed. */
function shares(candidates: readonly Candidate[]): [string, number][] {
  const total = candidates.reduce((sum, { logit }) => sum + Math.exp(logit), 0);
  return candidates.map(({ action, logit }) => [action, Math.round((100 * Math.exp(logit)) / total)]);
}

describe("sampledCandidates with a model of their own", () => {
  it("are as likely as they are frequent, the agent's own call among them", async () => {
    const model = new ScriptedModel([calling(ship), calling(own), calling(ship), calling(ship)]);
    const candidates = await sampledCandidates({ model, count: 4 })(request({ call: own }));
    expect(shares(candidates)).toEqual([
      ['ship {"from":"north"}', 60],
      ['refund {"amount":30}', 40],
    ]);
    expect(candidates[0]?.payload).toEqual(ship);
  });

  it("are one where they are equal but for identifiers, with the arguments of the first", async () => {
    const refund = (note: string) => ({ name: "refund", args: { amount: 1, note } });
    const model = new ScriptedModel([calling(refund("order #4711")), calling(refund("order #815"))]);
    const candidates = await sampledCandidates({ model, count: 2 })(request());
    expect(candidates.map(({ payload }) => payload)).toEqual([refund("order #4711")]);
  });

  it("may be several calls at once, or answers whatever they say", async () => {
    const said = [calling(ship, wait), new AIMessage("One."), new AIMessage("Two."), calling(wait, ship)];
    const candidates = await sampledCandidates({ model: new ScriptedModel(said), count: 4 })(request());
    expect(shares(candidates)).toEqual([
      ['ship {"from":"north"} + wait', 50],
      ["(answer)", 50],
    ]);
    expect(candidates.map(({ payload }) => payload)).toEqual([
      { calls: [ship, wait] },
      { answer: { text: "One." } },
    ]);
  });

  it("leave out what cannot be carried out", async () => {
    const broken = new AIMessage({
      content: "",
      invalid_tool_calls: [{ name: "wait", args: "{", error: "cut off" }],
    });
    const said = [
      calling({ name: "explode", args: {} }),
      calling({ name: "ship", args: { from: "east" } }),
      calling(wait, { name: "ship", args: {} }),
      broken,
      new AIMessage(" "),
      calling(wait),
    ];
    const candidates = await sampledCandidates({ model: new ScriptedModel(said), count: 6 })(request());
    expect(shares(candidates)).toEqual([["wait", 100]]);
    const none = sampledCandidates({ model: new ScriptedModel([broken]), count: 1 })(request());
    await expect(none).rejects.toMatchObject({ code: "candidates-failed" });
    await expect(none).rejects.toThrow(/found 1 samples and none of them can/u);
  });

  it("do without samples that fail, but not without all of them", async () => {
    const quota = new Error("no quota");
    const model = new ScriptedModel([quota, calling(wait), quota]);
    expect(shares(await sampledCandidates({ model, count: 3 })(request()))).toEqual([["wait", 100]]);
    const failing = new ScriptedModel([quota, quota]);
    await expect(sampledCandidates({ model: failing, count: 2 })(request())).rejects.toBe(quota);
  });

  it.each([
    [1, 6, 6],
    [3, 6, 2],
    [4, 6, 2],
    [6, 6, 1],
    [8, 6, 1],
  ])("come %i to a request: %i samples in %i requests", async (n, count, requests) => {
    const model = new ScriptedModel(Array.from({ length: 8 }, () => calling(wait)));
    model.n = n;
    await sampledCandidates({ model, count })(request());
    expect(model.asked).toHaveLength(requests);
  });

  it("are asked for with what the prompt makes of the messages", async () => {
    const model = new ScriptedModel([calling(wait)]);
    const prompt = (messages: readonly BaseMessage[]) => [new SystemMessage("Be kind."), ...messages];
    await sampledCandidates({ model, count: 1, prompt })(request());
    expect(model.asked[0]?.map(({ text }) => text)).toEqual(["Be kind.", "Pay back!"]);
  });

  it("want a model whose samples differ, a count, tools, and messages", async () => {
    const model = new ScriptedModel([]);
    expect(() => sampledCandidates({ model, count: 0 })).toThrow(/count to be an integer ≥ 1/u);
    expect(() => sampledCandidates({ count: 1 })).toThrow(/count to be an integer ≥ 2/u);
    const { tools: _none, ...without } = request();
    await expect(sampledCandidates({ model })(without)).rejects.toThrow(/give the option tools/u);
    const noMessages = { ...request(), state: {} };
    await expect(sampledCandidates<object>({ model })(noMessages)).rejects.toMatchObject({
      code: "invalid-input",
    });
    await expect(sampledCandidates()(request())).rejects.toThrow(/only jitrlMiddleware/u);
    model.temperature = 0;
    expect(() => sampledCandidates({ model })).toThrow(/temperature of 0/u);
  });
});

describe("sampledCandidates in the place of the agent's call", () => {
  it("ask the agent's model several times at once, and the most frequent is the base action", async () => {
    const said = [
      calling(ship),
      calling(wait),
      calling(wait),
      new AIMessage("Done."),
      new AIMessage("Well."),
      new AIMessage("Ok."),
    ];
    const model = new ScriptedModel(said);
    const policy = createPolicy({ memory: await openMemory() });
    const faults: unknown[] = [];
    const candidates = sampledCandidates({ count: 3 });
    const agent = createAgent({
      model,
      tools,
      middleware: [jitrlMiddleware({ policy, candidates, onError: (fault) => faults.push(fault) })],
    });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("Do something.")] });
    expect(faults).toEqual([]);
    expect(messages.map(({ type, text }) => `${type} ${text}`)).toEqual([
      "human Do something.",
      "ai ",
      "tool wait is done",
      "ai Done.",
    ]);
    expect(model.asked).toHaveLength(6);
  });

  it("tell on the message what all that was asked has cost", async () => {
    const costing = (message: AIMessage, tokens: number) =>
      Object.assign(message, {
        usage_metadata: { input_tokens: 10, output_tokens: tokens, total_tokens: 10 + tokens },
      });
    const said = [
      costing(calling(wait), 1),
      costing(calling(wait), 2),
      costing(calling(ship), 4),
      costing(new AIMessage("Done."), 8),
      new AIMessage("Done."),
      new AIMessage("Done."),
    ];
    const policy = createPolicy({ memory: await openMemory() });
    const middleware = [jitrlMiddleware({ policy, candidates: sampledCandidates({ count: 3 }) })];
    const agent = createAgent({ model: new ScriptedModel(said), tools, middleware });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("Do something.")] });
    const usages = messages.flatMap((message) =>
      AIMessage.isInstance(message) ? [message.usage_metadata] : [],
    );
    expect(usages).toMatchObject([
      { input_tokens: 30, output_tokens: 7, total_tokens: 37 },
      { input_tokens: 10, output_tokens: 8, total_tokens: 18 },
    ]);
  });

  it("name the first where several are as frequent", async () => {
    const said = [calling(ship), calling(wait)];
    const ask = async () => said.shift() ?? new AIMessage("");
    const candidates = await sampledCandidates({ count: 2 })(request({ ask }));
    expect(candidates.map(({ action }) => action)).toEqual(['ship {"from":"north"}', "wait"]);
  });
});

candidateSourceSuite(
  "sampledCandidates beside the agent's call",
  (calls) => {
    const model = new ScriptedModel(calls.map((call) => calling(call)));
    return {
      source: sampledCandidates({ model, count: Math.max(1, calls.length) }),
      given: { call: own },
      asked: () => model.asked.length,
    };
  },
  { runs: 20 },
);

candidateSourceSuite(
  "sampledCandidates in the place of the agent's call",
  (calls) => {
    let asked = 0;
    return {
      source: sampledCandidates({ count: Math.max(2, calls.length) }),
      given: {
        ask: async () => {
          const call = calls[asked++ % Math.max(1, calls.length)];
          return call ? calling(call) : new AIMessage("Nothing.");
        },
      },
      asked: () => asked,
    };
  },
  { runs: 20 },
);

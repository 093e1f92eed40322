import type { Candidate } from "@jitrl/core";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../../test/property-seed.ts";
import type { MessagesState } from "../src/channels.js";
import {
  answerCandidate,
  bindActionKey,
  type CandidateRequest,
  functionCandidates,
  type LogprobCandidatesOptions,
  logprobCandidates,
  toolCallKey,
} from "../src/index.js";
import { candidateSourceSuite, own } from "./candidate-source-suite.js";
import { say } from "./graphs.js";

type Tokens = readonly (readonly [token: string, probability: number])[];

type Answer = (options: ReadonlyMap<string, string>) => Tokens;

/** A model that answers with tokens at the first place, or with metadata as they stand. */
class LetteredModel extends BaseChatModel {
  readonly prompts: string[] = [];
  readonly answer: Tokens | Answer | { readonly metadata: Record<string, unknown> };

  constructor(answer: LetteredModel["answer"]) {
    super({ maxRetries: 0 });
    this.answer = answer;
  }

  _llmType() {
    return "lettered";
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const prompt = messages.map(({ text }) => text).join("\n");
    this.prompts.push(prompt);
    const { answer } = this;
    const response_metadata =
      "metadata" in answer
        ? answer.metadata
        : told(typeof answer === "function" ? answer(new Map(optionsIn(prompt))) : answer);
    const message = new AIMessage({ content: "A", response_metadata });
    return { generations: [{ text: message.text, message }] };
  }
}

/** In the form of chat completions; the first token is the one that was sampled. */
function told(tokens: Tokens): Record<string, unknown> {
  const top_logprobs = tokens.map(([token, probability]) => ({ token, logprob: Math.log(probability) }));
  return { logprobs: { content: [{ ...top_logprobs[0], top_logprobs }] } };
}

function optionsIn(prompt: string): [string, string][] {
  return [...prompt.matchAll(/^([A-Z]): (.*)$/gmu)].map(([, letter = "", option = ""]) => [letter, option]);
}

const actions = (...names: string[]) => functionCandidates(() => names.map((action) => ({ action })));

async function ask(
  model: LetteredModel,
  options: Partial<LogprobCandidatesOptions> = {},
  given: Partial<CandidateRequest<MessagesState>> = {},
): Promise<readonly Candidate[]> {
  const source = logprobCandidates({ model, options: actions("north", "south", "west"), ...options });
  return source({ state: say("Where to?"), actionKey: bindActionKey(toolCallKey, {}), config: {}, ...given });
}

/** The model's liking of what is behind a letter. */
const likes = (liking: Readonly<Record<string, number>>) => (options: ReadonlyMap<string, string>) =>
  [...options].map(([letter, option]) => [letter, liking[option] ?? 0.01] as const);

function logitOf(candidates: readonly Candidate[], action: string): number {
  return candidates.find((candidate) => candidate.action === action)?.logit ?? Number.NaN;
}

describe("logprobCandidates", () => {
  it("have the probabilities of their letters, whatever the order", async () => {
    const liking = { north: 0.5, south: 0.25, west: 0.25 };
    for (let seed = 0; seed < 5; seed++) {
      const candidates = await ask(new LetteredModel(likes(liking)), { seed });
      expect(logitOf(candidates, "north")).toBeCloseTo(Math.log(0.5));
      expect(logitOf(candidates, "south")).toBeCloseTo(Math.log(0.25));
    }
  });

  it("give each letter all that case, spaces and brackets say of it, and nothing of what words say", async () => {
    const tokens: Tokens = [
      ["A", 0.2],
      [" a", 0.1],
      ["(A)", 0.1],
      ["▁A.", 0.1],
      ["**A**", 0.1],
      ["B", 0.2],
      ["An", 0.1],
      ["D", 0.05],
      ["C\n", 0.05],
    ];
    const model = new LetteredModel(tokens);
    const candidates = await ask(model);
    const [first = "", second = "", third = ""] = optionsIn(model.prompts[0] ?? "").map(
      ([, option]) => option,
    );
    expect(Math.exp(logitOf(candidates, first) - logitOf(candidates, second))).toBeCloseTo(3);
    expect(Math.exp(logitOf(candidates, second) - logitOf(candidates, third))).toBeCloseTo(4);
  });

  it("that are missing are as likely as they could at most be", async () => {
    const bounded = async (tokens: Tokens, floor = -20) => {
      const model = new LetteredModel(tokens);
      const candidates = await ask(model, { floor });
      const [first = "", , third = ""] = optionsIn(model.prompts[0] ?? "").map(([, option]) => option);
      return logitOf(candidates, third) - logitOf(candidates, first);
    };
    // The least that is listed is 0.01, though 0.09 of the probability are left.
    expect(
      await bounded([
        ["A", 0.8],
        ["B", 0.1],
        ["x", 0.01],
      ]),
    ).toBeCloseTo(Math.log(0.01 / 0.8));
    // Only 0.001 are left.
    expect(
      await bounded([
        ["A", 0.8],
        ["B", 0.199],
      ]),
    ).toBeCloseTo(Math.log(0.001 / 0.8));
    expect(
      await bounded([
        ["A", 1],
        ["B", 1e-30],
      ]),
    ).toBeCloseTo(-20);
    expect(
      await bounded(
        [
          ["A", 1],
          ["B", 1e-30],
        ],
        -5,
      ),
    ).toBeCloseTo(-5, 1);
  });

  it("have finite logits whatever the server says", async () => {
    const probability = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1));
    const token = fc.oneof(fc.constantFrom("A", "B", "C", "a", " b", "", "\n"), fc.string({ maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(token, probability), { maxLength: 8 }), async (rest) => {
        const candidates = await ask(new LetteredModel([["A", 0.5], ...rest]));
        for (const { logit } of candidates) expect(logit).toSatisfy((z) => Number.isFinite(z) && z >= -20);
      }),
    );
  });

  it("look past what a model says before its letter, and behind what it said in the place of one", async () => {
    const place = (token: string, ...top: [string, number][]) => ({
      token,
      logprob: -1,
      top_logprobs: top.map(([t, logprob]) => ({ token: t, logprob })),
    });
    const later = new LetteredModel({
      metadata: { logprobs: { content: [place("\n", ["\n", 0]), place("B", ["B", -0.1], ["A", -3])] } },
    });
    expect((await ask(later)).filter(({ logit }) => logit > -1)).toHaveLength(1);
    const behind = new LetteredModel({
      metadata: { logprobs: { content: [place("The", ["The", -0.1], ["C", -3])] } },
    });
    const candidates = await ask(behind);
    const third = optionsIn(behind.prompts[0] ?? "")[2]?.[1];
    expect(candidates.toSorted((a, b) => b.logit - a.logit)[0]?.action).toBe(third);
  });

  it.each([
    [
      "no letter",
      [
        ["Sorry", 0.9],
        ["I", 0.1],
      ] as Tokens,
      /a letter from A to C, found "Sorry"/u,
    ],
    ["nothing of the kind", { metadata: {} }, /Set up the model so that it asks for top log-probabilities/u],
    ["something odd", { metadata: { logprobs: { content: [{ token: 7 }, null, "A"] } } }, /found none/u],
  ])("fail where there is %s", async (_name, answer, message) => {
    const asked = ask(new LetteredModel(answer));
    await expect(asked).rejects.toMatchObject({ code: "candidates-failed" });
    await expect(asked).rejects.toThrow(message);
  });

  it("get the same letters for the same question, and others for others", async () => {
    const model = new LetteredModel([["A", 1]]);
    const order = async (text: string, seed: number) => {
      await ask(model, { seed }, { state: say(text) });
      return optionsIn(model.prompts.at(-1) ?? "")
        .map(([, option]) => option)
        .join(" ");
    };
    const orders = new Set<string>();
    for (let i = 0; i < 12; i++) {
      expect(await order(`question ${i}`, 1)).toBe(await order(`question ${i}`, 1));
      orders.add(await order(`question ${i}`, 1));
    }
    expect(orders.size).toBeGreaterThan(2);
    expect(
      (await order("x", 1)) === (await order("x", 2)) && (await order("y", 1)) === (await order("y", 2)),
    ).toBe(false);
  });

  it("asked about in both orders are freed of the liking for a letter", async () => {
    const biased = () =>
      [
        ["A", 0.7],
        ["B", 0.2],
        ["C", 0.1],
      ] as const;
    const once = await ask(new LetteredModel(biased));
    expect(new Set(once.map(({ logit }) => logit.toFixed(3))).size).toBe(3);
    const model = new LetteredModel(biased);
    const twice = await ask(model, { bothOrders: true });
    const [there, back] = model.prompts.map((prompt) => optionsIn(prompt).map(([, option]) => option));
    expect(back).toEqual(there?.toReversed());
    expect(logitOf(twice, there?.[0] ?? "")).toBeCloseTo(logitOf(twice, there?.[2] ?? ""));
  });

  it("ask about the agent's own call as well, and tell calls, answers and instructions", async () => {
    const model = new LetteredModel([["A", 1]]);
    const options = () => [
      answerCandidate(0, "Go home."),
      { action: "wait", logit: 0, payload: { name: "wait", args: {} } },
    ];
    const candidates = await ask(model, { options, instructions: "Be brave." }, { call: own });
    expect(candidates.map(({ action }) => action)).toEqual([toolCallKey(own), "(answer)", "wait"]);
    expect(
      optionsIn(model.prompts[0] ?? "")
        .map(([, option]) => option)
        .sort(),
    ).toEqual(["answer the user: Go home.", 'refund {"amount":30}', "wait {}"]);
    expect(model.prompts[0]).toContain("Be brave.");
    expect(model.prompts[0]).toContain("human: Where to?");
  });

  it("ask nothing where there is no choice", async () => {
    const model = new LetteredModel([]);
    expect(await ask(model, { options: actions() })).toEqual([]);
    expect(await ask(model, { options: actions("north") })).toEqual([{ action: "north", logit: 0 }]);
    expect(model.prompts).toEqual([]);
  });

  it("beyond 26 are not asked about, unless they are the agent's own call or likely", async () => {
    const model = new LetteredModel([
      ["A", 0.5],
      ["B", 0.5],
    ]);
    const many = functionCandidates(() =>
      Array.from({ length: 40 }, (_, i) => ({ action: `act ${i}`, logit: i })),
    );
    const candidates = await ask(model, { options: many }, { call: own });
    const told = optionsIn(model.prompts[0] ?? "").map(([, option]) => option);
    expect(told).toHaveLength(26);
    expect(told).toEqual(expect.arrayContaining(['refund {"amount":30}', "act 39", "act 15"]));
    expect(told).not.toContain("act 14");
    expect(candidates).toHaveLength(41);
    expect(logitOf(candidates, "act 14")).toBe(-20);
  });

  it("need a description where there are no messages", async () => {
    const model = new LetteredModel([["A", 1]]);
    const options = () => [
      { action: "north", logit: 0 },
      { action: "south", logit: 0 },
    ];
    const request = { state: { room: "cellar" }, actionKey: bindActionKey(toolCallKey, {}), config: {} };
    await expect(logprobCandidates<{ room: string }>({ model, options })(request)).rejects.toThrow(
      /give the option describe/u,
    );
    const described = logprobCandidates<{ room: string }>({
      model,
      options,
      describe: ({ room }) => `In the ${room}.`,
    });
    await described(request);
    expect(model.prompts[0]).toContain("In the cellar.");
  });

  it.each([
    [{ seed: 0.5 }, /seed to be an integer/u],
    [{ floor: 0 }, /floor to be a number < 0/u],
    [{ floor: Number.NEGATIVE_INFINITY }, /floor/u],
  ])("refuse %o", (options, message) => {
    const model = new LetteredModel([]);
    expect(() => logprobCandidates({ model, options: actions(), ...options })).toThrow(message);
  });
});

candidateSourceSuite(
  "logprobCandidates",
  (calls) => {
    const model = new LetteredModel((options) => [...options.keys()].map((letter) => [letter, 0.1]));
    const given = [...new Map(calls.map((call) => [toolCallKey(call), { call }])).values()];
    return {
      source: logprobCandidates({ model, options: functionCandidates(() => given) }),
      asked: () => model.prompts.length,
    };
  },
  { runs: 20 },
);

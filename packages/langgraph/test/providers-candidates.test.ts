import { readFile } from "node:fs/promises";
import { type Candidate, createPolicy, openMemory } from "@jitrl/core";
import { HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { MessagesState } from "../src/channels.js";
import {
  bindActionKey,
  type CandidateRequest,
  type CandidateSource,
  functionCandidates,
  llmEvaluator,
  logprobCandidates,
  sampledCandidates,
  toolCallKey,
  verbalizedCandidates,
} from "../src/index.js";
import { jitrlMiddleware } from "../src/middleware/index.js";
import { runOf, stepOf } from "./judges.js";
import { type Abilities, abilities } from "./providers/abilities.js";
import { providers } from "./providers/all.js";
import { type Running, start } from "./providers/provider.js";

const search = tool(() => "", {
  name: "search",
  description: "Searches the archive.",
  schema: z.object({ query: z.string(), limit: z.number().int().optional() }),
});
const lookup = tool(({ key }) => `entry ${key}`, {
  name: "lookup",
  description: "Looks up an entry.",
  schema: z.object({ key: z.number() }),
});
const tools = [search, lookup];
const own = { name: "search", args: { query: "seven" } };
const other = { name: "lookup", args: { key: 7 } };
const third = { name: "lookup", args: { key: 8 } };

const running: Running[] = [];
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())));

async function speak(name: string): Promise<Running> {
  const provider = providers.find((one) => one.name === name);
  if (!provider) throw new Error(`There is no provider ${name}.`);
  const server = await start(provider);
  running.push(server);
  return server;
}

/** What a source lists in a graph whose messages somebody watches as they stream. */
async function listed(
  source: CandidateSource<MessagesState>,
  given: Partial<CandidateRequest<MessagesState>> = {},
): Promise<{ candidates: readonly Candidate[]; streamed: number }> {
  let candidates: readonly Candidate[] = [];
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("decide", async (state, config) => {
      candidates = await source({
        state,
        actionKey: bindActionKey(toolCallKey, {}),
        config,
        tools,
        ...given,
      });
      return {};
    })
    .addEdge(START, "decide")
    .compile();
  let streamed = 0;
  const input = { messages: [new HumanMessage("What is entry seven?")] };
  for await (const [message] of await graph.stream(input, { streamMode: "messages" })) {
    if (message.type === "ai") streamed++;
  }
  return { candidates, streamed };
}

/** Each action's share of the probability, in hundredths. */
function shares(candidates: readonly Candidate[]): Record<string, number> {
  const total = candidates.reduce((sum, { logit }) => sum + Math.exp(logit), 0);
  return Object.fromEntries(
    candidates.map(({ action, logit }) => [action, Math.round((100 * Math.exp(logit)) / total)]),
  );
}

const fixes: Readonly<Record<string, RegExp>> = {
  ChatGoogleGenerativeAI: /use ChatGoogle of @langchain\/google/u,
  ChatAnthropic: /Anthropic's API has none: use verbalizedCandidates or sampledCandidates/u,
  ChatOllama: /ChatOllama does not ask for them: use ChatOpenAI .*11434/u,
  ChatOpenRouter: /ChatOpenRouter drops them: use ChatOpenAI .*openrouter.ai/u,
};

describe.each(abilities)("with $name", (ability: Abilities) => {
  const { name } = ability;

  it("the log-probabilities of letters are the logits, or the error says what to do", async () => {
    const server = await speak(name);
    const options = functionCandidates(() => [{ call: other }, { call: third }]);
    server.play({
      text: "A",
      top: { A: Math.log(0.5), " B": Math.log(0.2), b: Math.log(0.1), C: Math.log(0.15) },
    });
    const source = logprobCandidates({ model: server.model({ logprobs: 5 }), options });
    const asked = listed(source, { call: own });
    if (!ability.logprobs) {
      await expect(asked).rejects.toMatchObject({ code: "candidates-failed" });
      await expect(asked).rejects.toThrow(fixes[name]);
      return;
    }
    const { candidates, streamed } = await asked;
    const told = server.heard[0]?.body ?? "";
    const letters = [...told.matchAll(/\\n([ABC]): (\w+) \{\\"\w+\\":(?:\\")?(\w+)/gu)];
    expect(letters.map(([, letter]) => letter)).toEqual(["A", "B", "C"]);
    const share: Record<string, number> = { A: 53, B: 32, C: 16 };
    const expected = letters.map(([, letter = "", called, value = ""]) => {
      const args = called === "search" ? { query: value } : { key: Number(value) };
      return [toolCallKey({ name: called ?? "", args }), share[letter]];
    });
    expect(shares(candidates)).toEqual(Object.fromEntries(expected));
    expect(streamed).toBe(0);
    expect(server.refused).toEqual([]);
  });

  it("a model that was not set up for log-probabilities is an error that says how", async () => {
    const server = await speak(name);
    server.play({ text: "A" });
    const source = logprobCandidates({
      model: server.model(),
      options: functionCandidates(() => [{ call: other }]),
    });
    await expect(listed(source, { call: own })).rejects.toThrow(
      /Expected log-probabilities .* found none\. .*(?:use|Give) \S+/u,
    );
  });

  it("several completions are sampled, in one request where the API has that", async () => {
    const server = await speak(name);
    server.play({ calls: [other] }, { calls: [own] }, { calls: [other] }, { text: "It is seven." });
    const model = server.model({ temperature: 1, ...(name === "ChatDeepSeek" ? {} : { n: 4 }) });
    const { candidates, streamed } = await listed(sampledCandidates({ model, tools, count: 4 }), {
      call: own,
    });
    expect(shares(candidates)).toEqual({
      [toolCallKey(own)]: 40,
      [toolCallKey(other)]: 40,
      "(answer)": 20,
    });
    expect(server.heard).toHaveLength(ability.several ? 1 : 4);
    expect(streamed).toBe(0);
    expect(server.refused).toEqual([]);
  });

  it("alternatives are proposed in a structured answer that the API accepts", async () => {
    const server = await speak(name);
    const alternatives = [{ tool: "lookup", arguments: '{"key":7}', score: 60 }];
    server.play({ structured: { own_score: 40, alternatives } });
    const source = verbalizedCandidates({ model: server.model(), tools });
    const { candidates } = await listed(source, { call: own });
    expect(shares(candidates)).toEqual({ [toolCallKey(own)]: 40, [toolCallKey(other)]: 60 });
    expect(server.heard[0]?.forced !== undefined).toBe(ability.structured === "call");
    expect(server.refused).toEqual([]);
  });

  it("a judge's structured answer is read while somebody watches the messages", async () => {
    const server = await speak(name);
    server.play({ structured: { scores: [{ step: 0, reason: "It was found.", score: 0.5 }] } });
    const evaluator = llmEvaluator({ model: server.model() });
    let judged: unknown;
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("judge", async (_state, config) => {
        judged = await evaluator.evaluate(runOf([stepOf(0)]), config);
        return {};
      })
      .addEdge(START, "judge")
      .compile();
    const input = { messages: [new HumanMessage("What is entry seven?")] };
    for await (const _ of await graph.stream(input, { streamMode: "messages" }));
    expect(judged).toEqual([{ step: 0, value: 0.5, reason: "It was found." }]);
    expect(server.heard).toHaveLength(1);
    expect(server.refused).toEqual([]);
  });

  it("an agent of createAgent is asked for next steps in the place of a call, by a tool that the API accepts", async () => {
    const server = await speak(name);
    const step = (calls: readonly (typeof other)[], answer: string, score: number) => ({
      calls: calls.map((call) => ({ tool: call.name, arguments: JSON.stringify(call.args) })),
      answer,
      score,
    });
    for (const proposals of [
      [step([other], "", 60), step([], "Nobody knows.", 40)],
      [step([], "It is seven.", 90), step([third], "", 10)],
    ]) {
      server.play(
        ability.forced
          ? { structured: { proposals } }
          : { calls: [{ name: "propose_next_steps", args: { proposals } }] },
      );
    }
    const policy = createPolicy({ memory: await openMemory() });
    const faults: unknown[] = [];
    const agent = createAgent({
      model: server.model(),
      tools,
      middleware: [jitrlMiddleware({ policy, onError: (fault) => faults.push(fault) })],
    });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("What is entry seven?")] });
    expect(faults).toEqual([]);
    expect(messages.map(({ type, text }) => `${type} ${text}`)).toEqual([
      "human What is entry seven?",
      "ai ",
      "tool entry 7",
      "ai It is seven.",
    ]);
    expect(server.heard.map(({ forced }) => forced)).toEqual(
      Array.from({ length: 2 }, () => (ability.forced ? "propose_next_steps" : undefined)),
    );
    const history = server.heard[1]?.history ?? [];
    expect(history.flatMap((part) => ("call" in part ? [part.call] : []))).toEqual(["lookup"]);
    expect(server.refused).toEqual([]);
  });
});

it("a model of Anthropic's that thinks cannot be made to propose, and makes its own call", async () => {
  const server = await speak("ChatAnthropic");
  server.play({ thinking: "Seven.", calls: [other] }, { thinking: "Found.", text: "It is seven." });
  const policy = createPolicy({ memory: await openMemory() });
  const faults: unknown[] = [];
  const agent = createAgent({
    model: server.model({ thinking: true }),
    tools,
    middleware: [jitrlMiddleware({ policy, onError: (fault) => faults.push(fault) })],
  });
  const { messages } = await agent.invoke({ messages: [new HumanMessage("What is entry seven?")] });
  expect(messages.map(({ type, text }) => `${type} ${text}`.trim())).toEqual([
    "human What is entry seven?",
    "ai",
    "tool entry 7",
    "ai It is seven.",
  ]);
  expect(faults).toHaveLength(2);
  expect(faults[0]).toMatchObject({ code: "candidates-failed" });
  expect(server.refused[0]).toMatch(/Thinking may not be enabled when tool_choice forces tool use/u);
});

it("the guide to models says what the tests prove", async () => {
  const guide = await readFile(new URL("../../../docs/guides/models.md", import.meta.url), "utf8");
  const rows = guide
    .split("\n")
    .filter((line) => line.startsWith("| `Chat"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.replaceAll("`", "").trim()),
    );
  expect(rows.map(([name]) => name)).toEqual(providers.map(({ name }) => name));
  const yes = (can: boolean) => (can ? "yes" : "no");
  expect(rows.map(([, ...cells]) => cells.map((cell) => cell.split(/[ ,:]/u)[0]))).toEqual(
    abilities.map(({ logprobs, several, structured, forced }) => [
      "yes",
      yes(logprobs),
      yes(several),
      structured,
      yes(forced),
      "yes",
    ]),
  );
});

import { createPolicy, openMemory, seededRandom } from "@jitrl/core";
import {
  AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  EvaluatorNode,
  functionCandidates,
  JitRLNode,
  rewriteAsAnswer,
  rewriteToolCall,
  rewriteToolCalls,
} from "../src/index.js";
import { providers } from "./providers/all.js";
import {
  type HeardPart,
  type ModelOptions,
  type Provider,
  type Running,
  start,
} from "./providers/provider.js";

const search = tool(async ({ query }) => [`nothing about ${query}`, { reward: -1 }], {
  name: "search",
  description: "Searches the archive.",
  schema: z.object({ query: z.string() }),
  responseFormat: "content_and_artifact",
});
const lookup = tool(async ({ key }) => [`entry ${key}`, { reward: 1 }], {
  name: "lookup",
  description: "Looks up an entry.",
  schema: z.object({ key: z.number() }),
  responseFormat: "content_and_artifact",
});
const tools = [search, lookup];
/** Clients that cannot send back what they gave with `outputVersion: "v1"`. */
const standardBlocksRefused = new Set(["ChatGoogleGenerativeAI", "ChatOllama"]);
const oldCall = { name: "search", args: { query: "old words" } };
const newCall = { name: "lookup", args: { key: 7 } };

let running: Running | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function speak(provider: Provider): Promise<Running> {
  running = await start(provider);
  return running;
}

type Bound = { stream(messages: BaseMessage[]): Promise<AsyncIterable<AIMessageChunk>> } & {
  invoke(messages: BaseMessage[]): Promise<AIMessage>;
};

function bound(server: Running, options: ModelOptions = {}): Bound {
  const model = server.model(options);
  const withTools = model.bindTools?.(tools);
  if (!withTools) throw new Error(`${model.getName()} binds no tools.`);
  return withTools;
}

/** What the model says, whole or put together from its chunks. */
async function say(model: Bound, messages: BaseMessage[], way: string): Promise<AIMessage> {
  if (way === "invoke") return model.invoke(messages);
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream(messages)) whole = whole ? whole.concat(chunk) : chunk;
  if (!whole) throw new Error("The stream was empty.");
  return whole;
}

/** An agent that learned that searching brings nothing, so that its second run looks up in the place of it. */
async function learnedAgent(model: Bound, way: string) {
  const memory = await openMemory();
  const policy = createPolicy({
    memory,
    beta: 5,
    explorationBonus: 3,
    minSimilarity: 0,
    random: seededRandom(1),
  });
  const candidates = functionCandidates(() => [{ call: newCall }]);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await say(model, messages, way)] }))
    .addNode("jitrl", new JitRLNode({ policy, candidates }), JitRLNode.options)
    .addNode("tools", new ToolNode(tools))
    .addNode("evaluate", new EvaluatorNode({ policy }), EvaluatorNode.options)
    .addEdge(START, "agent")
    .addEdge("agent", "jitrl")
    .addConditionalEdges("jitrl", toolsCondition, { tools: "tools", [END]: "evaluate" })
    .addEdge("tools", "agent")
    .addEdge("evaluate", END)
    .compile({ checkpointer: new MemorySaver(), interruptBefore: ["tools"] });
  return async (thread: string) => {
    const config = { configurable: { thread_id: thread } };
    await graph.invoke({ messages: [new HumanMessage("What is entry seven?")] }, config);
    // What goes on after the interrupt is read from the checkpoint.
    return graph.invoke(null, config);
  };
}

/** A message as a checkpoint gives it back. */
async function revived(message: AIMessage): Promise<AIMessage> {
  const { serde } = new MemorySaver();
  const [type, bytes] = await serde.dumpsTyped(message);
  const back: unknown = await serde.loadsTyped(type, bytes);
  if (!AIMessage.isInstance(back)) throw new Error("The checkpoint gave back something else.");
  return back;
}

/** The history that the server hears after a message of the agent's and the results of its calls. */
async function heardAfter(server: Running, model: Bound, message: AIMessage): Promise<readonly HeardPart[]> {
  const results = (message.tool_calls ?? []).map(
    ({ id = "", name, args }) =>
      new ToolMessage({ content: `result of ${name} ${JSON.stringify(args)}`, tool_call_id: id, name }),
  );
  server.play({ text: "Done." });
  const back = await revived(message);
  const more = results.length > 0 ? results : [new HumanMessage("And now?")];
  await model.invoke([new HumanMessage("What is entry seven?"), back, ...more]);
  return server.heard.at(-1)?.history ?? [];
}

const calls = (history: readonly HeardPart[]) =>
  history.flatMap((part) => ("call" in part ? [{ name: part.call, args: part.args }] : []));
const said = (history: readonly HeardPart[]) =>
  history.flatMap((part) => ("said" in part ? [part.said] : []));

/** Pairs of calls and results have the same ids, where the provider has any. */
function expectPaired(history: readonly HeardPart[]): void {
  const ids = history.flatMap((part) => ("call" in part ? [part.id] : []));
  expect(history.flatMap((part) => ("result" in part ? [part.id] : []))).toEqual(ids);
}

describe.each(providers)("with $name", (provider) => {
  it.each(["invoke", "stream"])(
    "a call that JitRL replaced is all that the next request holds: %s",
    async (way) => {
      const server = await speak(provider);
      const run = await learnedAgent(bound(server), way);
      server.play({ calls: [oldCall] }, { text: "Not found." });
      await run("one");
      expect(calls(server.heard[1]?.history ?? [])).toEqual([oldCall]);

      server.play({ calls: [oldCall] }, { text: "Found." });
      const { messages } = await run("two");
      expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
      const { history = [], body } = server.heard[3] ?? {};
      expect(calls(history)).toEqual([newCall]);
      expectPaired(history);
      expect(JSON.stringify(history)).toContain("entry 7");
      expect(body).not.toContain("old words");
      expect(server.refused).toEqual([]);
    },
  );

  describe.each(["invoke", "stream"])("%s", (way) => {
    it("with text and thoughts beside the call, the API takes what is left of them", async () => {
      const server = await speak(provider);
      const model = bound(server, { thinking: true });
      server.play({ thinking: "I think of old words.", text: "One moment.", calls: [oldCall] });
      const message = await say(model, [new HumanMessage("Hi")], way);
      const history = await heardAfter(server, model, rewriteToolCall(message, newCall));
      expect(calls(history)).toEqual([newCall]);
      expectPaired(history);
      expect(said(history).join("")).toBe("One moment.");
      expect(server.refused).toEqual([]);
    });

    it("a message in standard blocks is rewritten as well, where the client can send such blocks at all", async () => {
      const server = await speak(provider);
      const model = bound(server, { v1: true });
      server.play({ text: "One moment.", calls: [oldCall] });
      const message = await say(model, [new HumanMessage("Hi")], way);
      if (standardBlocksRefused.has(provider.name)) {
        // Such blocks are sent back twice, or not at all, by an agent without JitRL as well.
        const untouched = await heardAfter(server, model, message).then(calls, String);
        expect(untouched).not.toEqual([oldCall]);
        return;
      }
      for (const call of [oldCall, newCall]) {
        const history = await heardAfter(server, model, rewriteToolCall(message, call));
        expect(calls(history)).toEqual([call]);
        expectPaired(history);
      }
      expect(server.refused).toEqual([]);
    });

    it("of parallel calls some are replaced, some stay, some go and some are added", async () => {
      const server = await speak(provider);
      const model = bound(server);
      const third = { name: "search", args: { query: "third" } };
      const sets = [
        [newCall, third],
        [oldCall, newCall],
        [newCall],
        [third],
        [oldCall, third, newCall],
        [newCall, oldCall, third, { name: "lookup", args: { key: 8 } }],
      ];
      // How chunks become a message has nothing to do with what takes the place of its calls.
      for (const next of way === "invoke" ? sets : sets.slice(0, 2)) {
        server.play({ calls: [oldCall, third] });
        const message = await say(model, [new HumanMessage("Hi")], way);
        expect(message.tool_calls).toHaveLength(2);
        const history = await heardAfter(server, model, rewriteToolCalls(message, next));
        expect(calls(history)).toEqual(next);
        expectPaired(history);
      }
      expect(server.refused).toEqual([]);
    });

    it("a call becomes an answer, and an answer a call", async () => {
      const server = await speak(provider);
      const model = bound(server, { thinking: true });
      server.play({ thinking: "I think of old words.", text: "One moment.", calls: [oldCall, newCall] });
      const called = await say(model, [new HumanMessage("Hi")], way);
      const answered = await heardAfter(server, model, rewriteAsAnswer(called, "It is seven."));
      expect(calls(answered)).toEqual([]);
      expect(said(answered)).toEqual(["It is seven."]);
      expect(server.heard.at(-1)?.body).not.toContain("old words");

      // Where thoughts are shown, an answer that was not thought of before its call is refused by some.
      const plain = bound(server);
      server.play({ text: "It is six." });
      const answer = await say(plain, [new HumanMessage("Hi")], way);
      const history = await heardAfter(server, plain, rewriteToolCall(answer, newCall));
      expect(calls(history)).toEqual([newCall]);
      expectPaired(history);
      expect(server.refused).toEqual([]);
    });
  });
});

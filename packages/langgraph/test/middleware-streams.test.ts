import { HumanMessage } from "@langchain/core/messages";
import { createAgent, modelFallbackMiddleware } from "langchain";
import { describe, expect, it } from "vitest";
import { type CandidateSource, functionCandidates } from "../src/index.js";
import { jitrlMiddleware, withoutHidden } from "../src/middleware/index.js";
import { abc, anyOfAbc, converse, ToolModel } from "./agents.js";
import { experience, obey, onThread } from "./graphs.js";

/** An agent whose call of a is replaced by one of b, with what the model writes about a to be seen nowhere. */
async function replacing(candidates: CandidateSource<object> | undefined, beside: "fallback" | "nothing") {
  const learned = await experience({ mode: "on", estimator: "plain" });
  const secret = "I would rather do a.";
  const model = new ToolModel({
    habit: (messages) => {
      const next = obey(messages);
      if (next.tool_calls?.some(({ name }) => name === "a")) next.content = secret;
      return next;
    },
    ideas: ["b"],
  });
  const away = new ToolModel({
    habit: () => {
      throw new Error("away");
    },
    proposals: () => {
      throw new Error("away");
    },
  });
  const agent = createAgent({
    model: beside === "fallback" ? away : model,
    tools: abc,
    middleware: [
      jitrlMiddleware({
        policy: learned.policy,
        ...(candidates ? { candidates } : {}),
        reward: ({ messages }) => (messages.some(({ text }) => text === "b is done") ? 1 : -1),
      }),
      ...(beside === "fallback" ? [modelFallbackMiddleware(model)] : []),
    ],
  });
  await converse(agent, "a", onThread("one"));
  return { agent, secret };
}

async function* noting<E>(noted: unknown[], events: AsyncIterable<E>) {
  for await (const event of events) {
    noted.push(event);
    yield event;
  }
}

const input = { messages: [new HumanMessage("a")] };

for (const [name, candidates] of Object.entries({ "in place": undefined, "beside the call": anyOfAbc })) {
  for (const beside of ["nothing", "fallback"] as const) {
    describe(`of a call that is replaced, with candidates ${name} and ${beside} beside`, () => {
      it("nothing shows in messages, updates or values", async () => {
        const { agent, secret } = await replacing(candidates, beside);
        const seen: unknown[] = [];
        const stream = await agent.stream(input, { streamMode: ["messages", "updates", "values"] });
        for await (const chunk of stream) seen.push(chunk);
        const text = JSON.stringify(seen);
        expect(text).toContain("b is done");
        expect(text).not.toContain(secret);
        expect(text).not.toMatch(/"name":"a"|propose_|Let me think/u);
      });

      it("nothing is left of streamEvents by withoutHidden", async () => {
        const { agent, secret } = await replacing(candidates, beside);
        const seen: unknown[] = [];
        const all: unknown[] = [];
        const events = agent.streamEvents(input, { version: "v2" });
        for await (const event of withoutHidden(noting(all, events))) seen.push(event);
        const text = JSON.stringify(seen);
        expect(JSON.stringify(all)).toMatch(/Let me think|I would rather/u);
        expect(text).toContain("b is done");
        expect(text).not.toContain(secret);
        expect(text).not.toMatch(/"name":"a"|Let me think/u);
      });
    });
  }
}

describe("answers to the user", () => {
  async function words(candidates: CandidateSource<object> | undefined, hideReplaced = true) {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const model = new ToolModel({
      habit: (messages) => Object.assign(obey(messages), { content: "one two three" }),
    });
    const middleware = jitrlMiddleware({
      policy: learned.policy,
      hideReplaced,
      ...(candidates ? { candidates } : {}),
    });
    const agent = createAgent({ model, tools: abc, middleware: [middleware] });
    const stream = await agent.stream({ messages: [new HumanMessage("")] }, { streamMode: "messages" });
    const seen: string[] = [];
    for await (const [message] of stream) seen.push(message.text);
    return seen;
  }

  it("come in one piece where they might have been a call that is replaced", async () => {
    expect(await words(functionCandidates(() => []))).toEqual(["one two three"]);
    expect(await words(undefined)).toEqual(["one two three"]);
  });

  it("stream where hiding is not asked for", async () => {
    expect(
      await words(
        functionCandidates(() => []),
        false,
      ),
    ).toEqual(["one ", "two ", "three"]);
  });
});

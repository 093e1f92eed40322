import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import {
  createAgent,
  modelCallLimitMiddleware,
  modelFallbackMiddleware,
  modelRetryMiddleware,
  summarizationMiddleware,
  toolCallLimitMiddleware,
  toolRetryMiddleware,
} from "langchain";
import { describe, expect, it } from "vitest";
import { abc, anyOfAbc, converse, learningAgent, ToolModel, told } from "./agents.js";
import { experience, lines, named, obey, onThread, rewarding } from "./graphs.js";

const sources = { "in place": {}, "beside the call": { candidates: anyOfAbc } };

for (const [name, source] of Object.entries(sources)) {
  const answered = (t: number) => (name === "in place" ? ` ${t}:(answer)` : "");
  const plainLines = async (learned: Awaited<ReturnType<typeof experience>>) =>
    (await lines(learned)).map((line) => line.replaceAll(/#[0-9a-f]{8}/gu, ""));

  describe(`with candidates ${name}, beside`, () => {
    it("summarization: steps and tool rewards outlive the messages that carried them", async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      const summarizer = new ToolModel({ habit: () => new AIMessage("what came before") });
      let step = 0;
      // By the number of calls, since the summary takes the messages away.
      const model = new ToolModel({ habit: () => obeyNth(["a", "b", "c"], step++) });
      const agent = learningAgent({
        experience: learned,
        model,
        tools: [rewarding("a", () => 0.5), ...abc.slice(1)],
        jitrl: { ...source, reward: () => 1 },
        beside: [
          summarizationMiddleware({ model: summarizer, trigger: { messages: 4 }, keep: { messages: 2 } }),
        ],
      });
      const { messages } = await agent.invoke({ messages: [new HumanMessage("go")] }, onThread("one"));
      expect(messages.map(told).join()).not.toContain("a is done");
      expect(summarizer.asked.length).toBeGreaterThan(0);
      expect(await plainLines(learned)).toEqual([`one done [0:a 1:b 2:c${answered(3)}] (0:0.5 1)`]);
    });

    it("a limit of model calls: the run is settled with the next one", async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      const agent = learningAgent({
        experience: learned,
        jitrl: { ...source, reward: () => 1 },
        beside: [modelCallLimitMiddleware({ runLimit: 2 })],
      });
      const cut = await converse(agent, "a b c", onThread("one"));
      expect(cut.slice(0, 4)).toEqual(["ai: →a", "tool: a is done", "ai: →b", "tool: b is done"]);
      expect(cut[4]).toMatch(/limit/u);
      // The middleware of the limit ends this one at once: it does not count anew.
      await converse(agent, "c", onThread("one"));
      expect(await plainLines(learned)).toEqual(["one truncated [0:a 1:b] ()"]);
    });

    for (const exitBehavior of ["end", "continue"] as const) {
      it(`a limit of tool calls, exit behaviour ${exitBehavior}: a call that it blocks is nobody's refusal`, async () => {
        const learned = await experience({ mode: "on", estimator: "plain" });
        const limit = () => toolCallLimitMiddleware({ runLimit: 1, exitBehavior });
        const jitrl = { ...source, reward: () => 1 };
        const agent = learningAgent({ experience: learned, jitrl, beside: [limit()] });
        const without = createAgent({ model: new ToolModel(), tools: abc, middleware: [limit()] });
        const said = await converse(agent, "a b", onThread("one"));
        expect(said).toEqual(await converse(without, "a b", onThread("one")));
        expect(said.slice(0, 3)).toEqual(["ai: →a", "tool: a is done", "ai: →b"]);
        expect(await plainLines(learned)).toEqual(["one done [0:a 1:b] (1)"]);
      });
    }

    it("a fallback model", async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      const away = new ToolModel({ habit: failing, proposals: failing });
      const agent = learningAgent({
        experience: learned,
        model: away,
        jitrl: { ...source, reward: () => 1 },
        beside: [modelFallbackMiddleware(new ToolModel())],
      });
      expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:a${answered(1)}] (1)`]);
      expect(away.asked).toHaveLength(2);
    });

    it("retries of the model", async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      let calls = 0;
      const flaky = <T>(value: () => T) => {
        if (calls++ % 2 === 0) throw new Error("try again");
        return value();
      };
      const model = new ToolModel({
        habit: (messages) => flaky(() => obey(messages)),
        proposals: (messages) =>
          flaky(() => {
            const next = obey(messages);
            const called = (next.tool_calls ?? []).map((call) => ({ tool: call.name, arguments: "{}" }));
            return [{ calls: called, answer: next.text, score: 50 }];
          }),
      });
      const agent = learningAgent({
        experience: learned,
        model,
        jitrl: { ...source, reward: () => 1 },
        beside: [modelRetryMiddleware({ maxRetries: 2, initialDelayMs: 1, jitter: false })],
      });
      expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:a${answered(1)}] (1)`]);
      expect(model.asked).toHaveLength(4);
    });

    it("retries of tools", async () => {
      const learned = await experience({ mode: "on", estimator: "plain" });
      let tries = 0;
      const flaky = named("a", () => {
        if (tries++ === 0) throw new Error("try again");
        return "a is done";
      });
      const agent = createAgentWith(learned, source, flaky);
      expect(await converse(agent, "a", onThread("one"))).toEqual(["ai: →a", "tool: a is done", "ai: done"]);
      expect(await plainLines(learned)).toEqual([`one done [0:a${answered(1)}] (1)`]);
      expect(tries).toBe(2);
    });
  });

  function createAgentWith(
    learned: Awaited<ReturnType<typeof experience>>,
    jitrl: typeof source,
    flaky: ReturnType<typeof named>,
  ) {
    return learningAgent({
      experience: learned,
      tools: [flaky],
      jitrl: { ...jitrl, reward: () => 1 },
      beside: [toolRetryMiddleware({ maxRetries: 2, initialDelayMs: 1, jitter: false })],
      saver: new MemorySaver(),
    });
  }
}

function failing(): never {
  throw new Error("away");
}

/** Calls the nth of these tools, and then answers. */
function obeyNth(names: readonly string[], n: number): AIMessage {
  const asked = [new HumanMessage(names.join(" "))];
  const before = names.slice(0, n).map(() => new AIMessage(""));
  return obey([...asked, ...before]);
}

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  type BaseCheckpointSaver,
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesDeltaValue,
  Send,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { expect, it } from "vitest";
import { describeWithRedis } from "../servers/describe-with-redis.js";
import { approvalGraph } from "./approval-graph.js";
import { withCheckpointers } from "./with-checkpointers.js";

const run = promisify(execFile);

describeWithRedis("graphs on Redis", () => {
  const { open, url } = withCheckpointers();

  it("interrupts here and resumes in another process", async () => {
    const namespace = randomUUID();
    const graph = approvalGraph(await open({ namespace }));
    const config = { configurable: { thread_id: "a thread" } };
    const stopped = await graph.invoke({ note: "tea" }, config);
    expect(stopped).toHaveProperty("__interrupt__");
    const script = fileURLToPath(new URL("./resume-in-this-process.ts", import.meta.url));
    const node = ["--conditions=@jitrl/source", "--import", "tsx", script];
    const { stdout } = await run(process.execPath, [...node, url(), namespace, "a thread"]);
    expect(JSON.parse(stdout)).toEqual(["proposed tea", "answer yes", "done"]);
    const { values, next } = await graph.getState(config);
    expect([values.log, next]).toEqual([["proposed tea", "answer yes", "done"], []]);
  });

  it("goes back in time: forks keep their own values, though versions of their channels collide", async () => {
    const history = async (checkpointer: BaseCheckpointSaver) => {
      const State = Annotation.Root({
        // Large and small values are stored in different ways.
        text: Annotation<string>(),
        log: Annotation<string[]>({ reducer: (before, added) => [...before, ...added], default: () => [] }),
        still: Annotation<string>(),
      });
      const graph = new StateGraph(State)
        .addNode("one", ({ text }) => ({ text: `${text}1${"x".repeat(400)}`, log: ["one"] }))
        .addNode("two", ({ text }) => ({ text: `${text}2`, log: ["two"] }))
        .addEdge(START, "one")
        .addEdge("one", "two")
        .addEdge("two", END)
        .compile({ checkpointer });
      const config = { configurable: { thread_id: "t" } };
      await graph.invoke({ text: "first", still: "y".repeat(1000) }, config);
      const states = [];
      for await (const state of graph.getStateHistory(config)) states.push(state);
      const beforeTwo = states.find(({ next }) => next[0] === "two");
      if (!beforeTwo) throw new Error("There is no state before the node two.");
      const fork = await graph.updateState(beforeTwo.config, { text: `fork${"z".repeat(400)}` });
      await graph.invoke(null, fork);
      // And the original branch once more, from the same point.
      await graph.invoke(null, beforeTwo.config);
      // A copy of a checkpoint, without any new version.
      await graph.updateState(beforeTwo.config, null, "__copy__");
      const all = [];
      for await (const { values, next, metadata } of graph.getStateHistory(config)) {
        all.push({ values, next, source: metadata?.source, step: metadata?.step });
      }
      return all;
    };
    const ours = await history(await open());
    expect(ours).toEqual(await history(new MemorySaver()));
    expect(ours.length).toBeGreaterThan(8);
  });

  it("keeps subgraphs apart, and interrupts inside of them", async () => {
    const parent = (checkpointer: BaseCheckpointSaver) => {
      const State = Annotation.Root({
        log: Annotation<string[]>({ reducer: (before, added) => [...before, ...added], default: () => [] }),
      });
      const child = new StateGraph(State)
        .addNode("ask", () => ({ log: [String(interrupt("inside"))] }))
        .addEdge(START, "ask")
        .addEdge("ask", END)
        .compile();
      return new StateGraph(State)
        .addNode("a/child", child)
        .addNode("after", () => ({ log: ["after"] }))
        .addEdge(START, "a/child")
        .addEdge("a/child", "after")
        .addEdge("after", END)
        .compile({ checkpointer });
    };
    const trace = async (checkpointer: BaseCheckpointSaver) => {
      const graph = parent(checkpointer);
      const config = { configurable: { thread_id: "t" } };
      await graph.invoke({ log: ["in"] }, config);
      const { tasks } = await graph.getState(config, { subgraphs: true });
      const inside = tasks[0]?.state;
      const next = inside && "next" in inside ? inside.next : undefined;
      const { log } = await graph.invoke(new Command({ resume: "out" }), config);
      return { next, log };
    };
    const ours = await trace(await open());
    expect(ours).toEqual(await trace(new MemorySaver()));
    expect(ours.next).toEqual(["ask"]);
  });

  it("rebuilds delta channels from writes, also far from their snapshot", async () => {
    const talk = async (checkpointer: BaseCheckpointSaver, other: BaseCheckpointSaver) => {
      const build = (saver: BaseCheckpointSaver) =>
        new StateGraph(new StateSchema({ messages: MessagesDeltaValue }))
          .addNode("answer", ({ messages }) => ({ messages: [new AIMessage(`answer ${messages.length}`)] }))
          .addEdge(START, "answer")
          .addEdge("answer", END)
          .compile({ checkpointer: saver });
      const config = { configurable: { thread_id: "t" } };
      const graph = build(checkpointer);
      for (let turn = 0; turn < 40; turn++) {
        await graph.invoke({ messages: [new HumanMessage(`question ${turn}`)] }, config);
      }
      const { values } = await build(other).getState(config);
      return (values.messages as BaseMessage[]).map(({ text }) => text);
    };
    const namespace = randomUUID();
    const ours = await talk(await open({ namespace }), await open({ namespace }));
    const memory = new MemorySaver();
    expect(ours).toEqual(await talk(memory, memory));
    expect(ours).toHaveLength(80);
  });

  it("applies what parallel tasks wrote in the order of a run without interruption", async () => {
    const merged = async (checkpointer: BaseCheckpointSaver) => {
      const State = Annotation.Root({
        log: Annotation<string[]>({ reducer: (before, added) => [...before, ...added], default: () => [] }),
      });
      let failing = true;
      const graph = new StateGraph(State)
        .addNode("split", () => ({}))
        .addNode("work", ({ log }) => ({ log: [`worked on ${log[0]}`] }))
        .addNode("fail", () => {
          if (failing) throw new Error("not yet");
          return { log: ["failed no more"] };
        })
        .addEdge(START, "split")
        .addConditionalEdges("split", () => [
          ...Array.from({ length: 12 }, (_, n) => new Send("work", { log: [String(n)] })),
          new Send("fail", {}),
        ])
        .compile({ checkpointer });
      const config = { configurable: { thread_id: "t" } };
      await expect(graph.invoke({ log: [] }, config)).rejects.toThrow("not yet");
      failing = false;
      return (await graph.invoke(null, config)).log;
    };
    const ours = await merged(await open());
    expect(ours).toEqual(await merged(new MemorySaver()));
    expect(ours).toHaveLength(13);
  });
});

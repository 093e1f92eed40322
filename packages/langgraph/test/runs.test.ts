import { describe, expect, it } from "vitest";
import { agentGraph, experience, lines, onThread, rewarding, say, walk, walkGraph } from "./graphs.js";

describe("a run from input to evaluator", () => {
  it("is one episode", async () => {
    const learned = await experience({ mode: "off" });
    const graph = agentGraph({ experience: learned, evaluator: { reward: () => 1 } });
    await graph.invoke(say("a b"), onThread("one"));
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (1)"]);
    const [episode] = await learned.episodes();
    expect(episode?.steps[0]).toMatchObject({
      payload: { name: "a", args: {} },
      decision: { mode: "off", reason: "off", baseAction: "a", propensity: 1, kl: 0, evidence: 0 },
    });
    expect(episode?.describedBy).toBe("messages/1");
  });

  it("is one episode in a graph without messages", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned, evaluator: { reward: ({ taken }) => taken.length } });
    expect(await graph.invoke(walk(2, "north", "south"), onThread("one"))).toEqual({
      exits: ["north", "south"],
      todo: 2,
      taken: ["north", "north"],
    });
    expect(await lines(learned)).toEqual(["one done [0:north 1:north] (2)"]);
  });

  it("is one episode without a checkpointer, and belongs to no thread", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, saver: false });
    await graph.invoke(say("a"));
    await graph.invoke(say("b"));
    expect(await lines(learned)).toEqual(["- done [0:a] ()", "- done [0:b] ()"]);
  });

  it("is no episode if nothing was decided", async () => {
    const learned = await experience();
    await agentGraph({ experience: learned }).invoke(say(""), onThread("one"));
    await walkGraph({ experience: learned }).invoke(walk(0, "north"), onThread("two"));
    expect(await lines(learned)).toEqual([]);
  });

  it("is one episode a turn on the same thread", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    for (const text of ["a b", "c", "", "b"]) await graph.invoke(say(text), onThread("one"));
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] ()", "one done [0:c] ()", "one done [0:b] ()"]);
  });

  it("is one episode a turn in a graph without messages", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned });
    for (const todo of [2, 0, 1]) await graph.invoke(walk(todo, "north"), onThread("one"));
    expect(await lines(learned)).toEqual(["one done [0:north 1:north] ()", "one done [0:north] ()"]);
  });

  it("is one episode on each of many threads at once", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    const walks = walkGraph({ experience: learned });
    const threads = Array.from({ length: 8 }, (_, i) => `${i}`.padStart(2, "0"));
    await Promise.all(
      threads.flatMap((thread) => [
        graph.invoke(say("a b c"), onThread(`agent-${thread}`)),
        walks.invoke(walk(3, "north"), onThread(`walk-${thread}`)),
      ]),
    );
    expect((await lines(learned)).sort()).toEqual([
      ...threads.map((thread) => `agent-${thread} done [0:a 1:b 2:c] ()`),
      ...threads.map((thread) => `walk-${thread} done [0:north 1:north 2:north] ()`),
    ]);
  });

  it("keeps parallel calls of one message as steps of one time, each with the reward of its tool", async () => {
    const learned = await experience();
    const tools = [rewarding("a", () => 1), rewarding("b", () => -1), rewarding("c", () => undefined)];
    const graph = agentGraph({ experience: learned, tools });
    const { messages } = await graph.invoke(say("a+b+c a"), onThread("one"));
    expect(messages.filter(({ type }) => type === "tool").map(({ name }) => name)).toEqual([
      "a",
      "b",
      "c",
      "a",
    ]);
    expect(await lines(learned)).toEqual(["one done [0:a 0:b 0:c 1:a] (0:1 1:-1 3:1)"]);
  });
});
